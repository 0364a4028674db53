package ostiary_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// faulty is a database that fails on demand, with an error that tells too much.
type faulty struct {
	database.Adapter
	failing *bool
}

var errFaulty = errors.New("dial postgres://root:canary-database-password@db: refused")

func (f faulty) err() error {
	if *f.failing {
		return errFaulty
	}
	return nil
}

func (f faulty) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Adapter.FindOne(ctx, q)
}

func (f faulty) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Adapter.FindMany(ctx, q)
}

func (f faulty) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	if err := f.err(); err != nil {
		return schema.Row{}, err
	}
	return f.Adapter.Create(ctx, row)
}

// TestSR_282 runs everything that the core does, rightly and wrongly, with
// secrets that can be recognised, and looks for them where they must not be.
func TestSR_282_NoSecretAppearsInLogsOrErrors(t *testing.T) {
	t.Parallel()
	const canaryPassword, canaryNew, canarySecret = "canary-password-1", "canary-password-2", "canary-secret-0123456789-0123456789-abcdefgh"
	failing := false
	var reported []error
	s := newServer(t, withLimits, withCache(core.CompactCache), withDeleteMail, func(_ *server, o *ostiary.Options) {
		o.Secret = canarySecret
		o.Database = faulty{o.Database, &failing}
		o.RateLimit.Window, o.RateLimit.Max = time.Second, 1000
		o.RateLimit.Rules = []core.RateLimitRule{{Path: "/**", Window: time.Second, Max: 1000}}
		o.OnError = nil
	})
	var replies []reply
	c := s.client()
	ask := func(path string, body fields) reply {
		r := c.post(path, body)
		replies = append(replies, r)
		return r
	}
	everything := func() {
		ask("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": canaryPassword})
		ask("/sign-in/email", fields{"email": "ada@example.com", "password": canaryPassword})
		ask("/sign-in/email", fields{"email": "ada@example.com", "password": canaryPassword + "x"})
		ask("/sign-in/email", fields{"email": canaryPassword, "password": canaryPassword})
		ask("/sign-in/email", fields{"email": "ada@example.com", "password": []string{canaryPassword}})
		ask("/verify-password", fields{"password": canaryPassword})
		ask("/verify-password", fields{"password": canaryNew})
		ask("/request-password-reset", fields{"email": "ada@example.com"})
		ask("/send-verification-email", fields{"email": "ada@example.com"})
		ask("/change-email", fields{"newEmail": "new@example.com"})
		ask("/delete-user", fields{})
		ask("/reset-password", fields{"token": "canary-token", "newPassword": canaryNew})
		replies = append(replies, c.get("/reset-password/canary-token?callbackURL=/"), c.get("/verify-email?token=canary-token"), c.get("/delete-user/callback?token=canary-token"), c.get("/list-accounts"))
		ask("/revoke-session", fields{"token": "canary-token"})
		ask("/change-password", fields{"currentPassword": canaryPassword, "newPassword": canaryNew, "revokeOtherSessions": true})
		ask("/change-password", fields{"currentPassword": canaryNew, "newPassword": canaryPassword})
		c.copyOf().do(forged(c, "canary-cookie"))
	}
	everything()
	secrets := []string{"canary-", "plain:"}
	for _, row := range s.rows(schema.SessionKey) {
		secrets = append(secrets, row.StringAt(schema.SessionToken))
	}
	for _, m := range s.mails.list() {
		secrets = append(secrets, m.token)
	}
	for _, k := range c.cookies() {
		secrets = append(secrets, k.Value)
	}
	failing = true
	everything()
	failing = false

	logs := s.logs.String()
	if !strings.Contains(logs, "refused") {
		t.Error("the failures of the database are not logged")
	}
	logs = strings.ReplaceAll(logs, errFaulty.Error(), "") // what the driver says is the driver's
	for _, secret := range secrets {
		if i := strings.Index(logs, secret); i >= 0 {
			t.Errorf("the log has the secret %.20q: …%s", secret, clip(logs[max(0, i-150):]))
		}
	}
	for _, r := range replies {
		if r.status < 400 {
			continue
		}
		for _, secret := range secrets {
			if strings.Contains(r.body, secret) || strings.Contains(fmt.Sprint(r.header), secret) && r.cookie(cacheCookie) == nil && r.cookie(sessionCookie) == nil {
				t.Errorf("an error has the secret %.20q: %v %v", secret, r, r.header)
			}
		}
	}
	if len(reported) > 0 {
		t.Error(reported)
	}
}

// forged returns a request with a session cookie that is not signed.
func forged(c *client, value string) *http.Request {
	r := c.request(http.MethodGet, "/get-session", nil)
	r.Header.Set("Cookie", sessionCookie+"="+value+"; "+cacheCookie+"="+value)
	return r
}

func TestTheLoggerOfPluginsHidesWhatIsNamedLikeASecret(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := s.Kernel().Log.With("apiToken", "canary").WithGroup("group").With(slog.Group("inner", "clientSecret", "canary", "plain", "shown"))
	log.Error("failed", "password", "canary", "Authorization", "canary", slog.Group("deep", slog.Group("deeper", "cookie", "canary")), "code_verifier", "canary", "valuer", secretive{}, "visible", "yes")
	logs := s.logs.String()
	if strings.Contains(logs, "canary") || !strings.Contains(logs, "visible=yes") || !strings.Contains(logs, "plain=shown") {
		t.Errorf("the log is %s", logs)
	}
}

// secretive is a value that shows itself as a group with a secret in it.
type secretive struct{}

func (secretive) LogValue() slog.Value {
	return slog.GroupValue(slog.String("password", "canary"), slog.String("visible", "too"))
}

func TestSR_281_NothingInARequestForgesALogLine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.signUp("ada@example.com")
	evil := "x\nlevel=ERROR msg=forged\x1b[31m\r\n"
	c.header["User-Agent"] = []string{evil}
	c.header["Origin"] = []string{evil}
	c.post("/update-user", fields{"name": evil})
	c.header.Del("Origin")
	c.post("/request-password-reset", fields{"email": "ada@example.com", "redirectTo": evil})
	r := c.request(http.MethodGet, "/ok", nil)
	r.URL.Path, r.URL.RawPath = basePath+"/"+evil, ""
	c.do(r)
	for line := range strings.SplitSeq(s.logs.String(), "\n") {
		if strings.HasPrefix(line, "level=") || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("a line of the log is %q", line)
		}
	}
	if got := len(s.logs.String()); got > 20_000 {
		t.Errorf("the log has %d bytes", got)
	}
}

func TestConfigurationsDoNotPrintTheirSecrets(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, s.Kernel().Secrets); strings.Contains(text, testSecret) {
			t.Errorf("%s prints the secret", format)
		}
	}
}
