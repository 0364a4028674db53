package ostiary_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// problems returns what New says about wrong options.
func problems(t *testing.T, wrong func(o *ostiary.Options)) string {
	t.Helper()
	s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}}
	o := s.options()
	wrong(&o)
	auth, err := ostiary.New(o)
	if err == nil {
		_ = auth.Close(context.Background())
		return ""
	}
	if auth != nil {
		t.Error("New returns both a server and an error")
	}
	return err.Error()
}

func TestAllProblemsOfAConfigurationAreListedAtOnce(t *testing.T) {
	t.Parallel()
	text := problems(t, func(o *ostiary.Options) {
		o.Secret = ""
		o.BaseURL = ostiary.StaticURL("app.example.com")
		o.Session.ExpiresIn = 500 * 24 * time.Hour
		o.Session.CookieCache.Strategy = "plain"
		o.TrustedOrigins = []string{"app.example.com/path", "javascript:alert(1)"}
		o.RateLimit.Storage = "paper"
		o.Advanced.DisabledPaths = []string{"ok"}
		o.Cookies.Prefix = "a b"
		o.EmailAndPassword.MinPasswordLength, o.EmailAndPassword.MaxPasswordLength = 20, 10
		o.EmailAndPassword.ResetPasswordTokenExpiresIn = -time.Hour
		o.EmailVerification.Send, o.EmailVerification.SendOnSignIn = nil, true
		o.ClientIP.TrustedProxies = []string{"10.0.0.0/99"}
		o.Plugins = []core.Plugin{&plugin{id: "same"}, &plugin{id: "same"}, &plugin{id: "broken", init: func(*core.Kernel) error { return errors.New("plugin broken: no key") }}}
		o.DatabaseHooks = []core.DatabaseHook{{Model: "users"}}
	})
	for _, want := range []string{
		"Secret: not set", "BaseURL:", "Session.ExpiresIn:", "Session.CookieCache.Strategy:", "app.example.com/path", "javascript", "RateLimit.Storage:", "DisabledPaths:", "Cookies.Prefix:", "PasswordLength",
		"EmailAndPassword.ResetPasswordTokenExpiresIn:", "EmailVerification.Send:", "ClientIP.TrustedProxies:", `"same"`, "plugin broken", "DatabaseHooks:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the error does not mention %q:\n%s", want, text)
		}
	}
}

func TestEachWrongOptionIsRefusedByItsName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set  func(o *ostiary.Options)
		want string
	}{
		"default secret": {func(o *ostiary.Options) { o.Secret = "better-auth-secret-12345678901234567890" }, "Secret"},
		"two secrets, one version": {func(o *ostiary.Options) {
			o.Secrets = []core.VersionedSecret{{Version: 1, Value: testSecret}, {Version: 1, Value: testSecret + "x"}}
		}, "Secret"},
		"empty versioned secret":  {func(o *ostiary.Options) { o.Secrets = []core.VersionedSecret{{Version: 1, Value: ""}} }, "Secret"},
		"negative version":        {func(o *ostiary.Options) { o.Secrets = []core.VersionedSecret{{Version: -1, Value: testSecret}} }, "Secret"},
		"base URL without scheme": {func(o *ostiary.Options) { o.BaseURL = ostiary.StaticURL("app.example.com") }, "BaseURL"},
		"base URL of a script":    {func(o *ostiary.Options) { o.BaseURL = ostiary.StaticURL("javascript:alert(1)") }, "BaseURL"},
		"base URL with a user":    {func(o *ostiary.Options) { o.BaseURL = ostiary.StaticURL("https://user:pass@app.example.com") }, "BaseURL"},
		"base URL with a query":   {func(o *ostiary.Options) { o.BaseURL = ostiary.StaticURL("https://app.example.com/auth?x=1") }, "BaseURL"},
		"unknown protocol": {func(o *ostiary.Options) {
			o.BaseURL = core.BaseURL{AllowedHosts: []string{"a.example"}, Protocol: "ftp"}
		}, "BaseURL.Protocol"},
		"bad fallback": {func(o *ostiary.Options) {
			o.BaseURL = core.BaseURL{AllowedHosts: []string{"a.example"}, Fallback: "a.example"}
		}, "BaseURL"},
		"session in seconds":  {func(o *ostiary.Options) { o.Session.ExpiresIn = 604800 }, "Session.ExpiresIn"},
		"negative session":    {func(o *ostiary.Options) { o.Session.ExpiresIn = -time.Hour }, "Session.ExpiresIn"},
		"negative update age": {func(o *ostiary.Options) { o.Session.UpdateAge = new(-time.Hour) }, "Session.UpdateAge"},
		"negative fresh age":  {func(o *ostiary.Options) { o.Session.FreshAge = new(-time.Hour) }, "Session.FreshAge"},
		"cache too long":      {func(o *ostiary.Options) { o.Session.CookieCache.MaxAge = 500 * 24 * time.Hour }, "Session.CookieCache.MaxAge"},
		"negative body limit": {func(o *ostiary.Options) { o.Advanced.MaxBodyBytes = -1 }, "MaxBodyBytes"},
		"negative limit":      {func(o *ostiary.Options) { o.RateLimit.Max = -1 }, "RateLimit.Max"},
		"negative minimum":    {func(o *ostiary.Options) { o.EmailAndPassword.MinPasswordLength = -1 }, "MinPasswordLength"},
		"cookie name": {func(o *ostiary.Options) {
			o.Cookies.Overrides = map[string]core.CookieOverride{"session_token": {Name: "a b;c"}}
		}, "Cookies"},
		"cookie same-site": {func(o *ostiary.Options) { o.Cookies.Defaults.SameSite = "laxx" }, "Cookies"},
		"cookie domain":    {func(o *ostiary.Options) { o.Cookies.Defaults.Domain = "a;b" }, "Cookies"},
		"cookie lifetime": {func(o *ostiary.Options) {
			o.Cookies.Overrides = map[string]core.CookieOverride{"session_data": {Attributes: core.CookieAttributes{MaxAge: new(int64(math.MaxInt32))}}}
		}, "Cookies"},
		"no common domain":       {func(o *ostiary.Options) { o.BaseURL, o.Cookies.CrossSubDomain.Enabled = core.BaseURL{}, true }, "Cookies.CrossSubDomain"},
		"unknown state strategy": {func(o *ostiary.Options) { o.Account.StateStrategy = "paper" }, "Account.StateStrategy"},
		"field of the core":      {func(o *ostiary.Options) { o.User.Fields = []schema.Field{{Name: "email"}} }, "email"},
		"unknown column":         {func(o *ostiary.Options) { o.User.Columns = map[string]string{"nothing": "x"} }, "nothing"},
		"proxy":                  {func(o *ostiary.Options) { o.ClientIP.TrustedProxies = []string{"localhost"} }, "ClientIP.TrustedProxies"},
		"hash of identifiers": {func(o *ostiary.Options) {
			o.Verification.HashIdentifier = func(id string) string { return id[strings.LastIndexAny(id, ":-")+1:] }
		}, "Verification.HashIdentifier"},
		"rule without numbers":    {func(o *ostiary.Options) { o.RateLimit.Rules = []core.RateLimitRule{{Path: "/ok"}} }, "RateLimit.Rules"},
		"deletion token lifetime": {func(o *ostiary.Options) { o.User.DeleteUser.TokenExpiresIn = -1 }, "User.DeleteUser.TokenExpiresIn"},
		"verification lifetime":   {func(o *ostiary.Options) { o.EmailVerification.ExpiresIn = -1 }, "EmailVerification.ExpiresIn"},
	} {
		text := problems(t, tt.set)
		if !strings.Contains(text, tt.want) {
			t.Errorf("%s: New says %q, want %q in it", name, text, tt.want)
		}
		if strings.Contains(text, testSecret) || strings.Contains(text, "user:pass") {
			t.Errorf("%s: New shows a secret: %s", name, text)
		}
	}
}

func TestTheLargestBodyLimitIsNoLimitAtAll(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Advanced.MaxBodyBytes = math.MaxInt64 })
	s.signUp("ada@example.com")
}

func TestWeakSecretsAreWarnedOfButNeverShown(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Secret = "short-canary-secret" })
	if logs := s.logs.String(); !strings.Contains(logs, "weak secret") || strings.Contains(logs, "canary") {
		t.Errorf("the log is %s", logs)
	}
}

func TestWithoutAnyOptionTheServerSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{})
	if err == nil || !strings.Contains(err.Error(), "Secret: not set; generate one") {
		t.Errorf("New says %v", err)
	}
	auth, err := ostiary.New(ostiary.Options{Development: true})
	if err != nil {
		t.Fatalf("in development New says %v", err)
	}
	if err := auth.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := auth.Close(t.Context()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestPluginsThatWereStartedAreStoppedWhenNewFails(t *testing.T) {
	t.Parallel()
	var log trace
	started := func(id string, err error) core.Plugin {
		return &plugin{id: id, init: func(*core.Kernel) error { log.add("start %s", id); return err }, close: func() error { log.add("stop %s", id); return nil }}
	}
	problems(t, func(o *ostiary.Options) {
		o.Plugins = []core.Plugin{started("a", nil), started("b", errors.New("no")), started("c", nil)}
	})
	log.want(t, "start a", "start b", "start c", "stop c", "stop a")
}
