package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/migrate"
)

// Severity says how much a [Risk] matters.
type Severity string

// The severities.
const (
	Serious Severity = "serious" // the server would not work, or is open to attack
	Warning Severity = "warning" // less safe than it could be
	Hint    Severity = "hint"    // good to know
)

// Risk is something to know about a configuration, in plain words.
type Risk struct {
	Severity Severity
	Text     string
}

// Examine explains the risks of a configuration, and where its database differs
// from it. The error is about the examination itself. It never prints a secret,
// and changes no data.
func Examine(ctx context.Context, c Config) ([]Risk, error) {
	e := examination{Config: &c}
	e.secrets()
	e.addresses()
	e.switches()
	e.mail()
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
	e.risks = append(e.risks, Risk{s, fmt.Sprintf(format, args...)})
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

func (e *examination) mail() {
	if e.mails() || !e.EmailAndPassword.Enabled {
		return
	}
	if e.EmailAndPassword.RequireEmailVerification {
		e.add(Serious, "emailAndPassword.requireEmailVerification: there is no mail server, so nobody can ever verify an address and sign in.")
	}
	e.add(Warning, "mail: there is no mail server, so nobody who forgets a password gets back in.")
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
		return e.differences(ctx, m)
	}
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		e.add(Hint, "database: %s does not exist yet; it is created at start.", file)
		return nil
	}
	if err != nil {
		return fmt.Errorf("examine the database: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		e.add(Warning, "database: other users of this machine can open %s, which contains password hashes and sessions; run chmod 600 on it.", file)
	}
	return e.differences(ctx, m)
}

func (e *examination) differences(ctx context.Context, m *Migration) error {
	plan, err := m.Plan(ctx)
	if err != nil {
		return err
	}
	missing := Hint
	if !enabled(e.Database.Migrate) {
		missing = Serious
	}
	if !plan.Empty() {
		e.add(missing, "database: lacks tables, columns or indexes; `ostiary migrate` adds them.")
	}
	for _, f := range plan.Findings {
		severity := Warning
		if f.Kind == migrate.UnexpectedRequiredColumn {
			severity = Serious
		}
		e.add(severity, "database: %s", f)
	}
	return nil
}
