package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/plugins/outbox"
)

// Severity says how much a [Risk] matters.
type Severity string

// The severities.
const (
	Serious Severity = "serious" // it does not work, or is open to attack
	Warning Severity = "warning" // less safe than it could be
	Hint    Severity = "hint"    // good to know
)

// Risk is something to know about an application, in plain words.
type Risk struct {
	Severity Severity `json:"severity"`
	// Text says what was found and what follows from it.
	Text string `json:"text"`
	// Remedy says what to do about it. Empty when Text does, or nothing need be.
	Remedy string `json:"remedy,omitempty"`
}

// Doctor explains the risks of an application.
type Doctor struct {
	JSON bool `help:"Write what was found as JSON, for scripts."`
}

func (d *Doctor) run(ctx context.Context, c *console.Console, a Application) error {
	risks := a.Risks
	if !a.Examined {
		risks = append(risks, examineConfiguration(a.Auth.Kernel().Config())...)
	}
	risks = append(risks, ExamineStores(ctx, a.Auth, false)...)
	return d.Report(c, risks)
}

// Report tells what was found. Its error says that something has to be done.
func (d *Doctor) Report(c *console.Console, risks []Risk) error {
	serious := 0
	for _, r := range risks {
		if r.Severity == Serious {
			serious++
		}
	}
	if d.JSON {
		report := struct {
			Healthy bool   `json:"healthy"`
			Risks   []Risk `json:"risks"`
		}{serious == 0, append([]Risk{}, risks...)}
		if err := c.JSON(report); err != nil {
			return err
		}
	} else {
		tell(c, risks)
	}
	if serious > 0 {
		return unsolved{counted(serious, "serious problem has", "serious problems have") + " to be solved"}
	}
	return nil
}

func tell(c *console.Console, risks []Risk) {
	styles := map[Severity]string{Serious: console.Red, Warning: console.Yellow, Hint: console.Faint}
	for _, severity := range []Severity{Serious, Warning, Hint} {
		for _, r := range risks {
			if r.Severity != severity {
				continue
			}
			c.Say("%s %s", c.Mark(styles[severity], string(severity)+":"), r.Text)
			if r.Remedy != "" {
				c.Say("  %s", indent(r.Remedy))
			}
		}
	}
	if len(risks) == 0 {
		c.Say("Nothing to complain about.")
	}
}

// examineConfiguration explains the options that are unsafe.
func examineConfiguration(o *core.Config) []Risk {
	var risks []Risk
	add := func(severity Severity, text, remedy string) { risks = append(risks, Risk{severity, text, remedy}) }
	current := o.Secret
	if len(o.Secrets) > 0 {
		current = o.Secrets[0].Value
	}
	if o.Development {
		add(Hint, "Development is on.", "Turn it off where the internet can reach the server.")
	} else {
		for _, weakness := range secret.Assess(current) {
			add(Serious, "Secret: "+weakness+".", "Make one with `ostiary secret`, and pass it from the environment.")
		}
		if o.BaseURL.URL == "" && len(o.BaseURL.AllowedHosts) == 0 {
			add(Serious, "BaseURL is not set: links in mails name whatever host a request names, so that anybody could have password links sent that lead to a host of theirs.", "Set BaseURL to the address that browsers see.")
		}
		if strings.HasPrefix(o.BaseURL.URL, "http://") && !strings.HasPrefix(o.BaseURL.URL, "http://localhost") && !strings.HasPrefix(o.BaseURL.URL, "http://127.0.0.1") {
			add(Serious, "BaseURL is http: passwords and cookies can be read on the way.", "Put TLS in front, and give the https address.")
		}
	}
	for _, trusted := range o.TrustedOrigins {
		if trusted == "*" || strings.HasSuffix(trusted, "://*") {
			add(Serious, fmt.Sprintf("TrustedOrigins: %q trusts every site; each of them can act in the name of users who are signed in.", trusted), "List your own sites.")
		}
	}
	if o.Database == nil {
		add(Warning, "Database is not set: sessions live in cookies and cannot be revoked, and users are forgotten when the process ends.", "Set Database.")
	}
	for _, s := range switches(o) {
		if s.on {
			add(s.severity, s.text, s.remedy)
		}
	}
	return risks
}

type unsafeSwitch struct {
	on           bool
	severity     Severity
	text, remedy string
}

func switches(o *core.Config) []unsafeSwitch {
	off := func(b *bool) bool { return b != nil && !*b }
	return []unsafeSwitch{
		{o.DisableCSRFCheck, Serious, "Advanced.DisableCSRFCheck: other sites can act in the name of users who are signed in.", "Turn it off, and list your sites in TrustedOrigins."},
		{o.DisableOriginCheck, Serious, "Advanced.DisableOriginCheck: links of this server can lead to any site, and other sites can act in the name of users.", "Turn it off, and list your sites in TrustedOrigins."},
		{len(o.OriginCheckExempt) > 0, Warning, "Advanced.OriginCheckExempt: other sites can call " + strings.Join(o.OriginCheckExempt, ", ") + " in the name of users.", "Exempt only what is meant for other sites."},
		{o.TrustedProxyHeaders, Warning, "Advanced.TrustedProxyHeaders: unless your proxy sets X-Forwarded-Host and X-Forwarded-Proto on every request, clients choose the address in mails.", "Set BaseURL instead if there is one address."},
		{o.ClientIP.Disabled, Serious, "ClientIP.Disabled: turns rate limits off, so that passwords can be guessed at full speed.", "Set ClientIP.TrustedProxies instead."},
		{off(o.RateLimit.Enabled), Serious, "RateLimit.Enabled is off, so that passwords can be guessed at full speed.", "Turn it on."},
		{off(o.Cookies.Secure) && !o.Development, Serious, "Cookies.Secure is off, so that browsers send session cookies without encryption too.", "Leave it out: it follows the base URL."},
		{o.Account.SkipStateCookieCheck, Serious, "Account.SkipStateCookieCheck: somebody can be made to sign in to another's account.", "Turn it off."},
		{o.Account.Linking.AllowUnverifiedLocalEmail, Serious, "Account.Linking.AllowUnverifiedLocalEmail: whoever signs up with somebody else's address first keeps the password to that account.", "Turn it off."},
		{o.Password.MinLength != 0 && o.Password.MinLength < 8, Warning, "EmailAndPassword.MinPasswordLength: less than 8 characters are guessed quickly.", "Raise it."},
		{o.Session.CookieCache.Enabled && !o.Session.CookieCache.Strict, Hint, "Session.CookieCache: a session that is revoked is still accepted for as long as the cached copy is good.", ""},
		{o.Session.ExpiresIn > 90*24*time.Hour, Hint, "Session.ExpiresIn is more than 90 days.", ""},
		{!o.Account.EncryptOAuthTokens, Hint, "Account.EncryptOAuthTokens is off: whoever reads the database can use the tokens of providers.", "Turn it on unless Better Auth shares the database without it."},
	}
}

// ExamineStores explains where the database of an application differs from its
// schema, and whether it and the secondary storage can be reached at all. What is
// missing is no problem when the application migrates by itself.
func ExamineStores(ctx context.Context, auth *ostiary.Auth, migrates bool) []Risk {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	risks := unreachable(ctx, "Secondary storage", auth.Kernel().Config().SecondaryStorage)
	risks = append(risks, examineDatabase(ctx, auth, migrates)...)
	risks = append(risks, examineSecrets(ctx, auth)...)
	return append(risks, examineOutbox(ctx, auth)...)
}

// unreachable reports a service that does not answer; one that cannot be asked
// does.
func unreachable(ctx context.Context, name string, service any) []Risk {
	p, ok := service.(interface{ Ping(context.Context) error })
	if !ok {
		return nil
	}
	if err := p.Ping(ctx); err != nil {
		return []Risk{{Serious, fmt.Sprintf("%s: cannot be reached: %v.", name, err), "Start it, and check its address, its credentials and the network."}}
	}
	return nil
}

func examineDatabase(ctx context.Context, auth *ostiary.Auth, migrates bool) []Risk {
	kernel := auth.Kernel()
	if kernel.Config().Database == nil {
		return nil
	}
	adapter := kernel.DB.Adapter()
	if risks := unreachable(ctx, fmt.Sprintf("Database (%s)", adapter.Capabilities().Name), adapter); risks != nil {
		return risks
	}
	if _, ok := adapter.(migrate.Database); !ok {
		return nil
	}
	plan, err := auth.Plan(ctx)
	if err != nil {
		return []Risk{{Serious, fmt.Sprintf("Database (%s): cannot be compared with the schema: %v.", adapter.Capabilities().Name, explain(err)), ""}}
	}
	return append(accountGeneration(ctx, auth), differences(plan, migrates)...)
}

// examineSecrets tells of secrets that are not those of the database. Where that
// cannot be asked, it has been said already.
func examineSecrets(ctx context.Context, auth *ostiary.Auth) []Risk {
	if auth.CheckSchema(ctx) != nil {
		return nil
	}
	err := auth.Kernel().CheckSecrets(ctx)
	if !errors.Is(err, core.ErrOtherSecret) {
		return nil
	}
	return []Risk{{Serious, fmt.Sprintf("Secret: %v.", err), "A server with this secret is never ready. Put the old one among `secrets`."}}
}

// mailPatience is how long mails may wait before that is worth a word.
const mailPatience = 5 * time.Minute

// examineOutbox tells of mails that do not get through. Where the database cannot be
// asked, that has been said already.
func examineOutbox(ctx context.Context, auth *ostiary.Auth) []Risk {
	p, ok := auth.Kernel().Plugin("outbox").(*outbox.Plugin)
	if !ok || auth.CheckSchema(ctx) != nil {
		return nil
	}
	stats, err := p.Stats(ctx)
	if err != nil {
		return nil
	}
	var risks []Risk
	if age := auth.Kernel().Now().Sub(stats.Oldest); stats.Waiting > 0 && age > mailPatience {
		text := fmt.Sprintf("Mail: %s, the oldest for %s.", counted(int(stats.Waiting), "mail waits", "mails wait"), age.Round(time.Minute))
		if stats.LastError != "" {
			text += fmt.Sprintf(" Its last attempt failed: %s.", stats.LastError)
		}
		risks = append(risks, Risk{Warning, text, "See that the mail server takes mails, and that a server runs that sends them."})
	}
	if stats.Dead > 0 {
		text := fmt.Sprintf("Mail: %s given up within the last week.", counted(int(stats.Dead), "mail was", "mails were"))
		if letters, err := p.DeadLetters(ctx, 1); err == nil && len(letters) > 0 {
			text += fmt.Sprintf(" The last one (%s): %s.", letters[0].Kind, letters[0].Error)
		}
		risks = append(risks, Risk{Warning, text, "A few wrong addresses are normal; many mean that the mail server refuses yours."})
	}
	return risks
}

// accountGeneration names the versions of Better Auth that could have made the
// account table. Nothing needs to be done about any of them.
func accountGeneration(ctx context.Context, auth *ostiary.Auth) []Risk {
	m, err := migrate.For(auth.Kernel().DB.Adapter(), auth.Kernel().DB.Schema())
	if err != nil {
		return nil
	}
	state, err := m.Inspect(ctx)
	if err != nil || state.Accounts.Generation == migrate.NoAccounts {
		return nil
	}
	text := fmt.Sprintf("Database: the account table is that of %s.", state.Accounts.Generation)
	if state.Accounts.Generation == migrate.IssuerRequired {
		text += fmt.Sprintf(" Its column %q is filled as those versions did.", state.Accounts.IssuerColumn)
	}
	return []Risk{{Severity: Hint, Text: text}}
}

// differences are the risks of a database that is not as a plan wants it.
func differences(plan *migrate.Plan, migrates bool) []Risk {
	var risks []Risk
	var indexes []string
	missing := 0
	for _, s := range plan.Statements {
		if s.Change == migrate.CreateIndex {
			indexes = append(indexes, fmt.Sprintf("%s (%s)", s.Table, strings.Join(s.Columns, ", ")))
		} else {
			missing++
		}
	}
	if missing > 0 {
		severity := Serious
		if migrates {
			severity = Hint
		}
		risks = append(risks, Risk{severity, "Database: lacks " + counted(missing, "table or column", "tables or columns") + " that the application needs.", "Run `ostiary migrate`, or call auth.Migrate when the application starts."})
	} else if len(indexes) > 0 {
		risks = append(risks, Risk{Warning, "Database: lacks indexes, so that look-ups read whole tables: " + strings.Join(indexes, ", ") + ".", "Run `ostiary migrate`."})
	}
	for _, f := range plan.Findings {
		severity := Warning
		switch {
		case f.Kind.Breaks():
			severity = Serious
		case f.Kind == migrate.NullableColumn || f.Kind == migrate.MissingForeignKey:
			severity = Hint
		}
		risks = append(risks, Risk{severity, "Database: " + f.Message, f.Remedy})
	}
	return risks
}

// explain makes an error of the database one that says what to do.
func explain(err error) error {
	if errors.Is(err, database.ErrUnavailable) {
		return fmt.Errorf("%w\nThe database cannot be reached: start it, and check its address and credentials", err)
	}
	return err
}
