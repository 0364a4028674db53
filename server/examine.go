package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/runner"
)

// Severity says how much a [Risk] matters.
type Severity = runner.Severity

// The severities.
const (
	Serious = runner.Serious // the server would not work, or is open to attack
	Warning = runner.Warning // less safe than it could be
	Hint    = runner.Hint    // good to know
)

// Risk is something to know about a configuration, in plain words.
type Risk = runner.Risk

// Examine explains the risks of a configuration, and where its database differs
// from it. The error is about the examination itself. It never prints a secret,
// and changes no data.
func Examine(ctx context.Context, c Config) ([]Risk, error) {
	e := examination{Config: &c}
	e.secrets()
	e.addresses()
	e.switches()
	e.mail(ctx)
	if err := e.storage(ctx); err != nil {
		return nil, err
	}
	return e.risks, nil
}

type examination struct {
	*Config
	risks []Risk
}

func (e *examination) add(s Severity, format string, args ...any) {
	e.risks = append(e.risks, Risk{Severity: s, Text: fmt.Sprintf(format, args...)})
}

func (e *examination) secrets() {
	current := e.Secret
	if len(e.Secrets) > 0 {
		current = e.Secrets[0].Value
	}
	switch {
	case e.Server.Development:
		e.add(Hint, "server.development: mails are printed and a missing secret is generated. Do not run a public server like this.")
	case current == "":
		e.add(Serious, "secret: not set. Make one with `ostiary secret` and pass it as OSTIARY_SECRET.")
	}
	if current != "" {
		for _, weakness := range secret.Assess(current.Reveal()) {
			e.add(Serious, "secret: %s.", weakness)
		}
	}
}

func (e *examination) addresses() {
	switch {
	case e.Server.Development:
	case e.BaseURL.IsZero():
		e.add(Serious, "baseURL: not set. Links in mails would name whatever host a request names, so that anybody could have password links sent that lead to a host of theirs.")
	case strings.HasPrefix(e.BaseURL.URL, "http://") && !strings.HasPrefix(e.BaseURL.URL, "http://localhost"):
		e.add(Serious, "baseURL: is http. Passwords and cookies can be read on the way; put a proxy with TLS in front and give its https address.")
	}
	for _, o := range e.TrustedOrigins {
		if o == "*" || strings.HasSuffix(o, "://*") {
			e.add(Serious, "trustedOrigins: %q trusts every site; each of them could act in the name of users who are signed in.", o)
		}
	}
	if e.Server.MetricsListen != "" && !strings.HasPrefix(e.Server.MetricsListen, "localhost:") && !strings.HasPrefix(e.Server.MetricsListen, "127.") {
		e.add(Warning, "server.metricsListen: other machines can reach it. Make sure that the internet cannot.")
	}
}

// switches reports the options that are unsafe by themselves.
func (e *examination) switches() {
	for _, s := range []struct {
		on   bool
		rank Severity
		text string
	}{
		{e.Advanced.DisableCSRFCheck, Serious, "advanced.disableCSRFCheck: other sites can act in the name of users who are signed in."},
		{e.Advanced.DisableOriginCheck, Serious, "advanced.disableOriginCheck: links of this server can lead to any site, and other sites can act in the name of users."},
		{e.Advanced.TrustedProxyHeaders, Warning, "advanced.trustedProxyHeaders: unless your proxy sets X-Forwarded-Host and X-Forwarded-Proto on every request, clients choose the address in mails."},
		{e.Advanced.IPAddress.DisableIPTracking, Serious, "advanced.ipAddress.disableIpTracking: turns rate limits off, so that passwords can be guessed at full speed."},
		{!enabled(e.RateLimit.Enabled), Serious, "rateLimit.enabled: is off, so that passwords can be guessed at full speed."},
		{e.Advanced.UseSecureCookies != nil && !*e.Advanced.UseSecureCookies && !e.Server.Development, Serious, "advanced.useSecureCookies: is off, so that browsers send session cookies without encryption too."},
		{e.Account.SkipStateCookieCheck, Serious, "account.skipStateCookieCheck: somebody can be made to sign in to another's account."},
		{!enabled(e.Account.AccountLinking.RequireLocalEmailVerified), Serious, "account.accountLinking.requireLocalEmailVerified: is off. Whoever signs up with somebody else's address first keeps the password to that account."},
		{!enabled(e.EmailAndPassword.RevokeSessionsOnPasswordReset), Warning, "emailAndPassword.revokeSessionsOnPasswordReset: is off. A thief stays signed in after the owner has set a new password."},
		{e.EmailAndPassword.Enabled && e.EmailAndPassword.MinPasswordLength != 0 && e.EmailAndPassword.MinPasswordLength < 8, Warning, "emailAndPassword.minPasswordLength: less than 8 characters are guessed quickly."},
		{e.EmailAndPassword.Enabled && !e.EmailAndPassword.RequireEmailVerification, Hint, "emailAndPassword.requireEmailVerification: is off, so signing up tells whether an address is taken, and addresses need not belong to their users."},
		{e.Session.CookieCache.Enabled, Hint, "session.cookieCache: a session that is revoked is still accepted for as long as the cached copy is good."},
		{e.Session.ExpiresIn > 90*24*time.Hour, Hint, "session.expiresIn: is more than 90 days."},
		{e.RateLimit.Storage != "database" && !e.Server.Development, Hint, "rateLimit.storage: counters are kept in each process. With several of them use database."},
	} {
		if s.on {
			e.add(s.rank, "%s", s.text)
		}
	}
}

func (e *examination) mail(ctx context.Context) {
	if smtp := &e.Mail.SMTP; smtp.Host != "" {
		e.reach(ctx, "mail.smtp", net.JoinHostPort(smtp.Host, strconv.Itoa(smtp.port())))
	}
	if e.mails() || !e.EmailAndPassword.Enabled {
		return
	}
	if e.EmailAndPassword.RequireEmailVerification {
		e.add(Serious, "emailAndPassword.requireEmailVerification: there is no mail server, so nobody can ever verify an address and sign in.")
	}
	e.add(Warning, "mail: there is no mail server, so nobody who forgets a password gets back in.")
}

// port is the port that mails are handed over at.
func (s *SMTP) port() int {
	switch {
	case s.Port != 0:
		return s.Port
	case s.TLS == "implicit":
		return 465
	}
	return 587
}

// reach reports a service that nobody answers at. What it would answer is not
// looked at.
func (e *examination) reach(ctx context.Context, key, address string) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		e.add(Warning, "%s: %s cannot be reached from here: %v. Check host, port and firewall.", key, address, err)
		return
	}
	_ = connection.Close()
}

// storage reports what keeps the database from being opened, the permissions of
// its file, and its differences.
func (e *examination) storage(ctx context.Context) (err error) {
	m, err := NewMigration(*e.Config)
	if err != nil {
		for line := range strings.Lines(strings.TrimPrefix(err.Error(), configurationProblems+"\n")) {
			e.add(Serious, "%s", strings.TrimSpace(line))
		}
		return nil
	}
	defer func() { err = errors.Join(err, m.Close(context.WithoutCancel(ctx))) }()
	file, err := e.Database.file()
	if err != nil {
		return err
	}
	if file == "" {
		e.differences(ctx, m)
		return nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		e.missing(file)
		return nil
	}
	if err != nil {
		return fmt.Errorf("examine the database: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		e.add(Warning, "database: other users of this machine can open %s, which contains password hashes and sessions; run chmod 600 on it.", file)
	}
	e.differences(ctx, m)
	return nil
}

// missing tells of a database that is not there: the server creates files, but no
// folders.
func (e *examination) missing(file string) {
	folder := filepath.Dir(file)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		e.add(Serious, "database: %s cannot be created, because there is no folder %s; create it, for the user of the server only (chmod 700).", file, folder)
		return
	}
	e.add(Hint, "database: %s does not exist yet; it is created at start.", file)
}

func (e *examination) differences(ctx context.Context, m *Migration) {
	e.risks = append(e.risks, runner.ExamineStores(ctx, m.auth, enabled(e.Database.Migrate))...)
}
