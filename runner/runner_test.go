package runner

import (
	"errors"
	"flag"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/internal/secret"
)

// The tool and the program that it runs may be of different versions: what they
// have in common is a command line.
func TestACommandSurvivesItsCommandLine(t *testing.T) {
	t.Parallel()
	for _, command := range []Command{
		&Migrate{}, &Migrate{DryRun: true, Yes: true, JSON: true},
		&Generate{Target: "gorm", Output: "a file = x", Package: "models", Full: true},
		&Doctor{JSON: true}, &Info{Tool: "v1", From: "--json", JSON: true},
		&CreateAdmin{Email: "a@b.example", Name: "Ada \"L\"", Role: "admin", Data: `{"a": "--force"}`},
		&CreateAdmin{Name: "", Role: "", NoRole: true, Unverified: true, Force: true},
	} {
		got, err := parse(Arguments(command))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(command, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCommandLinesThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"":                 "usage:",
		"destroy":          `unknown command "destroy"`,
		"migrate --yess":   "yess",
		"migrate now":      `unexpected argument "now"`,
		"doctor --dry-run": "dry-run",
	} {
		if _, err := parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", line, err)
		}
	}
	if _, err := parse([]string{"migrate", "--help"}); !errors.Is(err, flag.ErrHelp) || !strings.Contains(err.Error(), "dry-run") {
		t.Errorf("help: %v", err)
	}
}

func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	type nested struct {
		APIKey, Host string
		Tokens       []string
	}
	type named struct {
		Name  string
		Value nested
	}
	options := struct {
		Secret         string
		Password       secret.String
		URL, DSN, Mail string
		ClientSecret   *string
		Nested         nested
		Named          []named
		Map            map[string]string
		Lifetime       time.Duration
		Off            *bool
		Send           func()
		Zero           int
		Raw            []byte
		Parsed         *url.URL
	}{
		Secret: "visible1", Password: "visible2", URL: "postgres://me:visible3@db.example/app?password=visible4", DSN: "visible5",
		Mail: "me:visible6@tcp(db)/app", ClientSecret: new("visible7"), Nested: nested{APIKey: "visible8", Host: "h", Tokens: []string{"visible9"}},
		Named: []named{{"github", nested{Host: "g"}}}, Map: map[string]string{"apiToken": "visible10", "colour": "red"},
		Lifetime: time.Hour, Off: new(false), Send: func() {}, Raw: []byte("visible11"), Parsed: &url.URL{Host: "visible12"},
	}
	got := Redact(options)
	want := map[string]any{
		"Secret": redacted, "Password": redacted, "URL": "postgres://redacted@db.example/app?password=redacted", "DSN": redacted,
		"Mail": redacted + "@tcp(db)/app", "ClientSecret": redacted, "Nested": map[string]any{"APIKey": redacted, "Host": "h", "Tokens": []any{redacted}},
		"Named": map[string]any{"github": map[string]any{"Host": "g"}}, "Map": map[string]any{"apiToken": redacted, "colour": "red"},
		"Lifetime": "1h0m0s", "Off": false, "Send": "[function]", "Raw": "[9 bytes]", "Parsed": "[*url.URL]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	shown := Redact(core.Config{Secrets: []core.VersionedSecret{{Version: 1, Value: "visible"}}, Database: memory.New(), AppName: "Shop"})
	if diff := cmp.Diff(map[string]any{"Secrets": redacted, "Database": "[*memory.adapter]", "AppName": "Shop"}, shown); diff != "" {
		t.Error(diff)
	}
}

func TestAConfigurationThatFailsIsExplained(t *testing.T) {
	t.Parallel()
	for says, configuration := range map[string]any{
		"no such thing":          func() (*ostiary.Auth, error) { return nil, errors.New("no such thing") },
		"it returns nil":         func() *ostiary.Auth { return nil },
		"it panics: no thing":    func() *ostiary.Auth { panic("no thing") },
		"Secret: not set":        func() ostiary.Options { return ostiary.Options{} },
		"nothing was set at all": func() (ostiary.Options, error) { return ostiary.Options{}, errors.New("nothing was set at all") },
	} {
		if auth, err := configure(configuration); err == nil || auth != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, %v", says, auth, err)
		}
	}
	_, err := configure(func() *ostiary.Auth { panic("at this line") })
	if !strings.Contains(err.Error(), "runner_test.go:") {
		t.Errorf("it does not say where: %v", err)
	}
}

func TestEveryUnsafeOptionHasARemedy(t *testing.T) {
	t.Parallel()
	off := false
	risky := core.Config{
		Secret: "hunter2", TrustedOrigins: []string{"*"}, DisableCSRFCheck: true, DisableOriginCheck: true, TrustedProxyHeaders: true,
		OriginCheckExempt: []string{"/x"}, BaseURL: core.StaticURL("http://app.example.com"),
	}
	risky.ClientIP.Disabled, risky.RateLimit.Enabled, risky.Cookies.Secure = true, &off, &off
	risky.Account.SkipStateCookieCheck, risky.Account.Linking.AllowUnverifiedLocalEmail = true, true
	risky.Password.MinLength = 4
	serious := 0
	for _, r := range examineConfiguration(&risky) {
		if strings.Contains(r.Text+r.Remedy, "hunter2") {
			t.Error("the secret is repeated")
		}
		if r.Severity == Serious {
			serious++
		}
		if r.Severity != Hint && r.Remedy == "" {
			t.Errorf("no remedy: %s", r.Text)
		}
	}
	if serious < 9 {
		t.Errorf("%d serious risks", serious)
	}
	sound := core.Config{Secret: "k7Jw2mQ9xZ4vB8nL3rT6yP1sD5fG0hAa", BaseURL: core.StaticURL("https://app.example.com"), Database: memory.New()}
	for _, r := range examineConfiguration(&sound) {
		if r.Severity != Hint {
			t.Errorf("a sound configuration: %+v", r)
		}
	}
	if reflect.DeepEqual(examineConfiguration(&core.Config{}), examineConfiguration(&sound)) {
		t.Error("an empty configuration is as good as a sound one")
	}
}
