package twofactor_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/schema"
)

const (
	ada = "ada@example.com"

	sessionCookie   = "better-auth.session_token"
	challengeCookie = "better-auth.two_factor"
	trustCookie     = "better-auth.trust_device"
)

type fields = map[string]any

// scene is a server with a user who is about to use a second factor.
type scene struct {
	*plugintest.Server
	t    testing.TB
	sent *sent
	// device is where the user signed up and enabled the second factor.
	device *plugintest.Browser
	uri    string
	codes  []string
}

// sent keeps the codes that were sent.
type sent struct {
	mu    sync.Mutex
	codes []string
}

func (s *sent) send(_ context.Context, m twofactor.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes = append(s.codes, m.Code)
	return nil
}

func (s *sent) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.codes) == 0 {
		return ""
	}
	return s.codes[len(s.codes)-1]
}

func start(t testing.TB, o twofactor.Options, settings ...func(*ostiary.Options)) *scene {
	t.Helper()
	s := &scene{t: t, sent: &sent{}}
	if o.OTP.Send == nil {
		o.OTP.Send = s.sent.send
	}
	s.Server = plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = append(so.Plugins, twofactor.New(o))
		for _, set := range settings {
			set(so)
		}
	})
	return s
}

// enrolled starts a server on which Ada has an authenticator app.
func enrolled(t testing.TB, o twofactor.Options, settings ...func(*ostiary.Options)) *scene {
	t.Helper()
	s := start(t, o, settings...)
	s.enrol()
	return s
}

func (s *scene) enrol() {
	s.t.Helper()
	s.device = s.Browser(s.t)
	s.device.SignUp(ada)
	s.enableTOTP()
}

func (s *scene) enableTOTP() {
	s.t.Helper()
	var out twofactor.EnableOutput
	want(s.t, s.device.Post("/two-factor/enable", fields{"password": plugintest.Password}), 200, "").Decode(&out)
	s.uri, s.codes = out.TOTPURI, out.BackupCodes
	if r := s.device.Post("/two-factor/verify-totp", fields{"code": s.code()}); r.Status != 200 {
		s.t.Fatalf("verify: %d %s", r.Status, r.Text)
	}
}

// code is what the authenticator app shows.
func (s *scene) code() string { return twofactor.CodeOf(s.uri, s.Clock.Now()) }

// challenged returns a browser that has shown the password.
func (s *scene) challenged() *plugintest.Browser {
	s.t.Helper()
	b := s.Browser(s.t)
	r := s.signIn(b)
	if r.Status != 200 || !strings.Contains(r.Text, `"twoFactorRedirect":true`) {
		s.t.Fatalf("sign in: %d %s", r.Status, r.Text)
	}
	return b
}

func (s *scene) signIn(b *plugintest.Browser) *plugintest.Response {
	return b.Post("/sign-in/email", fields{"email": ada, "password": plugintest.Password})
}

func (s *scene) verify(b *plugintest.Browser, code string) *plugintest.Response {
	return b.Post("/two-factor/verify-totp", fields{"code": code})
}

// rows returns the stored rows of a model.
func (s *scene) rows(model string) []database.Record {
	s.t.Helper()
	db := s.Auth.Kernel().DB
	rows, err := db.FindMany(s.t.Context(), database.Query{Table: db.Table(model), Limit: 10_000})
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

func want(t testing.TB, r *plugintest.Response, status int, code string) *plugintest.Response {
	t.Helper()
	if r.Status != status || r.Code() != code {
		t.Fatalf("%d %s, want %d %s", r.Status, r.Text, status, code)
	}
	return r
}

func TestEnablingNeedsTheFirstCode(t *testing.T) {
	t.Parallel()
	s := start(t, twofactor.Options{Issuer: "Acme Ltd"})
	b := s.Browser(t)
	b.SignUp(ada)
	want(t, b.Post("/two-factor/enable", fields{}), 400, "VALIDATION_ERROR")
	want(t, b.Post("/two-factor/enable", fields{"password": "wrong"}), 400, "INVALID_PASSWORD")
	want(t, b.Post("/two-factor/enable", fields{"password": ""}), 400, "INVALID_PASSWORD")
	want(t, b.Post("/two-factor/enable", fields{"password": strings.Repeat("x", 129)}), 400, "PASSWORD_TOO_LONG")
	want(t, b.Post("/two-factor/enable", fields{"password": plugintest.Password, "method": "sms"}), 400, "VALIDATION_ERROR")
	want(t, s.Browser(t).Post("/two-factor/enable", fields{"password": plugintest.Password}), 401, "UNAUTHORIZED")
	want(t, s.Browser(t).Post("/two-factor/enable", fields{"password": 1}), 400, "VALIDATION_ERROR")

	var first, out twofactor.EnableOutput
	want(t, b.Post("/two-factor/enable", fields{"password": plugintest.Password}), 200, "").Decode(&first)
	want(t, b.Post("/two-factor/enable", fields{"password": plugintest.Password}), 200, "").Decode(&out)
	if first.TOTPURI == out.TOTPURI || len(s.rows("twoFactor")) != 1 {
		t.Error("enabling again does not replace the secret")
	}
	if !strings.HasPrefix(out.TOTPURI, "otpauth://totp/Acme%20Ltd:ada%40example.com?secret=") || len(out.BackupCodes) != 10 {
		t.Errorf("%+v", out)
	}
	if r := s.signIn(s.Browser(t)); strings.Contains(r.Text, "twoFactorRedirect") {
		t.Error("the second factor is wanted before it was verified")
	}
	before := b.Cookies[sessionCookie]
	want(t, s.verify(b, twofactor.CodeOf(out.TOTPURI, s.Clock.Now())), 200, "")
	if b.Cookies[sessionCookie] == before {
		t.Error("the session was not replaced")
	}
	stale := s.Browser(t)
	stale.Cookies[sessionCookie] = before
	if stale.Email() != "" {
		t.Error("the session of before still works")
	}
	want(t, b.Post("/two-factor/enable", fields{"password": plugintest.Password}), 400, "TOTP_ALREADY_ENABLED")
}

func TestTheReplacedSessionKeepsItsFields(t *testing.T) {
	t.Parallel()
	s := start(t, twofactor.Options{}, func(o *ostiary.Options) {
		o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}, {Name: "plan", Optional: true, Default: "free"}}
	})
	b := s.Browser(t)
	b.Header.Set("User-Agent", "browser 1")
	b.SignUp(ada)
	want(t, b.Post("/update-session", fields{"theme": "dark", "plan": "paid"}), 200, "")
	b.Header.Set("User-Agent", "browser 2")
	want(t, b.Post("/two-factor/enable", fields{"password": plugintest.Password, "method": "otp"}), 200, "")
	rows := s.rows(schema.SessionKey)
	if len(rows) != 1 {
		t.Fatalf("%d sessions", len(rows))
	}
	got := fields{"theme": rows[0].Get("theme"), "plan": rows[0].Get("plan"), "userAgent": rows[0].Get("userAgent")}
	if diff := cmp.Diff(fields{"theme": "dark", "plan": "free", "userAgent": "browser 1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryMethodCompletesTheSignIn(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	for name, verify := range map[string]func(b *plugintest.Browser) *plugintest.Response{
		"authenticator app": func(b *plugintest.Browser) *plugintest.Response { return s.verify(b, s.code()) },
		"sent code": func(b *plugintest.Browser) *plugintest.Response {
			want(t, b.Post("/two-factor/send-otp", nil), 200, "")
			return b.Post("/two-factor/verify-otp", fields{"code": s.sent.last()})
		},
		"backup code": func(b *plugintest.Browser) *plugintest.Response {
			return b.Post("/two-factor/verify-backup-code", fields{"code": s.codes[0]})
		},
	} {
		b := s.challenged()
		challenge := b.Cookies[challengeCookie]
		var out twofactor.VerifyOutput
		want(t, verify(b), 200, "").Decode(&out)
		if b.Email() != ada || out.User.Email != ada || out.Token == "" || b.Cookies[challengeCookie] != "" {
			t.Errorf("%s: %+v, cookies %v", name, out, b.Cookies)
		}
		replay := s.Browser(t)
		replay.Cookies[challengeCookie] = challenge
		want(t, s.verify(replay, s.code()), 401, "INVALID_TWO_FACTOR_COOKIE")
	}
}

func TestMethodsAreThoseThatTheUserCanUse(t *testing.T) {
	t.Parallel()
	s := start(t, twofactor.Options{})
	b := s.Browser(t)
	b.SignUp(ada)
	want(t, b.Post("/two-factor/enable", fields{"password": plugintest.Password, "method": "otp"}), 200, "")
	if r := s.signIn(s.Browser(t)); !strings.Contains(r.Text, `"twoFactorMethods":["otp"]`) {
		t.Errorf("codes only: %s", r.Text)
	}
	both := enrolled(t, twofactor.Options{})
	if r := both.signIn(both.Browser(t)); !strings.Contains(r.Text, `"twoFactorMethods":["totp","otp"]`) {
		t.Errorf("both: %s", r.Text)
	}
}

func TestSendingACodeOnASessionTurnsTheSecondFactorOn(t *testing.T) {
	t.Parallel()
	s := start(t, twofactor.Options{})
	b := s.Browser(t)
	b.SignUp(ada)
	want(t, b.Post("/two-factor/send-otp", fields{}), 200, "")
	want(t, b.Post("/two-factor/verify-otp", fields{"code": "x"}), 401, "INVALID_CODE")
	var out twofactor.VerifyOutput
	want(t, b.Post("/two-factor/verify-otp", fields{"code": s.sent.last()}), 200, "").Decode(&out)
	if out.User.Extra["twoFactorEnabled"] != true || !strings.HasPrefix(b.Cookies[sessionCookie], out.Token+".") {
		t.Errorf("%+v", out)
	}
	s.challenged()
}

func TestOneOffOptionsRefuse(t *testing.T) {
	t.Parallel()
	s := start(t, twofactor.Options{TOTP: twofactor.TOTPOptions{Disabled: true}})
	b := s.Browser(t)
	b.SignUp(ada)
	password := fields{"password": plugintest.Password}
	want(t, b.Post("/two-factor/enable", password), 400, "TOTP_NOT_CONFIGURED")
	want(t, b.Post("/two-factor/get-totp-uri", password), 400, "TOTP_NOT_CONFIGURED")
	want(t, s.verify(b, "123456"), 400, "TOTP_NOT_CONFIGURED")
	want(t, b.Post("/two-factor/generate-backup-codes", password), 400, "TWO_FACTOR_NOT_ENABLED")
	want(t, b.Post("/two-factor/verify-backup-code", fields{"code": "x"}), 400, "BACKUP_CODES_NOT_ENABLED")
	want(t, b.Post("/two-factor/verify-otp", fields{"code": "x"}), 400, "OTP_HAS_EXPIRED")

	app := plugintest.New(t, func(o *ostiary.Options) {
		o.Plugins = []core.Plugin{twofactor.New(twofactor.Options{})}
	})
	c := app.Browser(t)
	c.SignUp(ada)
	want(t, c.Post("/two-factor/send-otp", nil), 400, "OTP_NOT_CONFIGURED")
	want(t, c.Post("/two-factor/enable", fields{"password": plugintest.Password, "method": "otp"}), 400, "OTP_NOT_CONFIGURED")
	want(t, c.Post("/two-factor/get-totp-uri", password), 400, "TOTP_NOT_ENABLED")
	want(t, c.Post("/two-factor/verify-totp", fields{"code": "1"}), 400, "TOTP_NOT_ENABLED")
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]twofactor.Options{
		"TOTP.Digits":         {TOTP: twofactor.TOTPOptions{Digits: 7}},
		"TOTP.Period":         {TOTP: twofactor.TOTPOptions{Period: 1500 * time.Millisecond}},
		"OTP.Storage":         {OTP: twofactor.OTPOptions{Storage: "x"}},
		"BackupCodes.Storage": {BackupCodes: twofactor.BackupCodeOptions{Storage: twofactor.Hashed}},
		"BackupCodes.Length":  {BackupCodes: twofactor.BackupCodeOptions{Length: 3}},
		"ChallengeLifetime":   {ChallengeLifetime: -1},
		"Encrypt and Decrypt": {OTP: twofactor.OTPOptions{Encrypt: func(s string) (string, error) { return s, nil }}},
		"leaves no method":    {TOTP: twofactor.TOTPOptions{Disabled: true}},
	} {
		_, err := ostiary.New(ostiary.Options{Logger: slog.New(slog.DiscardHandler), Secret: strings.Repeat("s3cr-", 10), BaseURL: ostiary.StaticURL("https://a.example"), Plugins: []core.Plugin{twofactor.New(o)}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCodesAreKeptInTheFormAskedFor(t *testing.T) {
	t.Parallel()
	reverse := func(s string) (string, error) {
		b := []byte(s)
		slices.Reverse(b)
		return string(b), nil
	}
	for name, o := range map[string]twofactor.OTPOptions{
		"plain":         {},
		"hashed":        {Storage: twofactor.Hashed},
		"encrypted":     {Storage: twofactor.Encrypted},
		"own hash":      {Hash: reverse},
		"own cipher":    {Encrypt: reverse, Decrypt: reverse},
		"eight letters": {Digits: 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := enrolled(t, twofactor.Options{OTP: o})
			b := s.challenged()
			want(t, b.Post("/two-factor/send-otp", nil), 200, "")
			for _, row := range s.rows(schema.VerificationKey) {
				value := row.StringAt(schema.VerificationValue)
				if strings.HasPrefix(value, s.sent.last()+":") != (name == "plain" || name == "eight letters") && strings.HasPrefix(row.StringAt(schema.VerificationIdentifier), "2fa-otp-2fa-") {
					t.Errorf("stored as %q", value)
				}
			}
			want(t, b.Post("/two-factor/verify-otp", fields{"code": "000000"}), 401, "INVALID_CODE")
			want(t, b.Post("/two-factor/verify-otp", fields{"code": s.sent.last()}), 200, "")
		})
	}
}

func TestACodeOfAFormThatCannotBeStoredIsNotSent(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{OTP: twofactor.OTPOptions{Hash: func(string) (string, error) { return "a:b", nil }}})
	want(t, s.challenged().Post("/two-factor/send-otp", nil), 500, "")
	if s.sent.last() != "" {
		t.Error("a code was sent")
	}
}

func TestBackupCodes(t *testing.T) {
	t.Parallel()
	for _, storage := range []twofactor.Storage{twofactor.Encrypted, twofactor.Plain} {
		s := enrolled(t, twofactor.Options{BackupCodes: twofactor.BackupCodeOptions{Storage: storage, Amount: 3, Length: 8}})
		if len(s.codes) != 3 || len(s.codes[0]) != 9 || s.codes[0][5] != '-' {
			t.Fatalf("%q", s.codes)
		}
		stored := s.rows("twoFactor")[0].Get("backupCodes").(string)
		if strings.Contains(stored, s.codes[0]) != (storage == twofactor.Plain) {
			t.Errorf("%s: stored as %s", storage, stored)
		}
		b := s.challenged()
		want(t, b.Post("/two-factor/verify-backup-code", fields{"code": strings.ToUpper(s.codes[0]) + "x"}), 401, "INVALID_BACKUP_CODE")
		r := want(t, b.Post("/two-factor/verify-backup-code", fields{"code": s.codes[0], "disableSession": true}), 200, "")
		if strings.Contains(r.Text, "token") || b.Email() != "" {
			t.Errorf("%s: a session was begun: %s", storage, r.Text)
		}
		want(t, s.challenged().Post("/two-factor/verify-backup-code", fields{"code": s.codes[0]}), 401, "INVALID_BACKUP_CODE")
		userID := s.device.Get("/get-session").Text
		if !strings.Contains(userID, "twoFactorEnabled\":true") {
			t.Errorf("session: %s", userID)
		}
		user, err := s.Auth.Kernel().Users.ByEmail(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		left, err := ostiary.Invoke(t.Context(), s.Auth, twofactor.ViewBackupCodes, twofactor.ViewBackupCodesInput{UserID: user.ID})
		if diff := cmp.Diff(s.codes[1:], left.Value.BackupCodes); diff != "" || err != nil {
			t.Errorf("%s: %v %s", storage, err, diff)
		}
		var fresh twofactor.BackupCodesOutput
		want(t, s.device.Post("/two-factor/generate-backup-codes", fields{"password": plugintest.Password}), 200, "").Decode(&fresh)
		want(t, s.challenged().Post("/two-factor/verify-backup-code", fields{"code": s.codes[1]}), 401, "INVALID_BACKUP_CODE")
		want(t, s.challenged().Post("/two-factor/verify-backup-code", fields{"code": fresh.BackupCodes[0]}), 200, "")
	}
}

func TestServerOnlyEndpointsAreNotServed(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	for _, path := range []string{"/two-factor/view-backup-codes", "/two-factor/generate-totp", "/totp/generate"} {
		if r := s.device.Post(path, fields{"userId": "x", "secret": "x"}); r.Status != 404 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	out, err := ostiary.Invoke(t.Context(), s.Auth, twofactor.GenerateTOTP, twofactor.GenerateTOTPInput{Secret: "base32:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"})
	if err != nil || len(out.Value.Code) != 6 {
		t.Errorf("%+v, %v", out.Value, err)
	}
}

func TestTheURICanBeShownAgain(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	want(t, s.device.Post("/two-factor/get-totp-uri", fields{"password": "wrong"}), 400, "INVALID_PASSWORD")
	var out twofactor.TOTPURIOutput
	want(t, s.device.Post("/two-factor/get-totp-uri", fields{"password": plugintest.Password}), 200, "").Decode(&out)
	if out.TOTPURI != s.uri {
		t.Errorf("%s, want %s", out.TOTPURI, s.uri)
	}
}

func TestPasswordlessUsersManageTheirSecondFactorWhereAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, twofactor.Options{AllowPasswordless: true, BackupCodes: twofactor.BackupCodeOptions{AllowPasswordless: new(false)}})
	b := s.Browser(t)
	b.SignUp(ada)
	want(t, b.Post("/two-factor/enable", fields{}), 400, "INVALID_PASSWORD") // this one has a password
	k := s.Auth.Kernel()
	if _, err := k.DB.DeleteMany(t.Context(), k.Accounts.Table(), database.Eq("providerId", core.CredentialProvider)); err != nil {
		t.Fatal(err)
	}
	var out twofactor.EnableOutput
	want(t, b.Post("/two-factor/enable", fields{}), 200, "").Decode(&out)
	want(t, s.verify(b, twofactor.CodeOf(out.TOTPURI, s.Clock.Now())), 200, "")
	want(t, b.Post("/two-factor/get-totp-uri", fields{}), 200, "")
	want(t, b.Post("/two-factor/generate-backup-codes", fields{}), 400, "VALIDATION_ERROR")
	want(t, b.Post("/two-factor/generate-backup-codes", fields{"password": "x"}), 400, "INVALID_PASSWORD")
	want(t, b.Post("/two-factor/disable", fields{}), 200, "")
}

func TestNotBeingRememberedSurvivesTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	b := s.Browser(t)
	want(t, b.Post("/sign-in/email", fields{"email": ada, "password": plugintest.Password, "rememberMe": false}), 200, "")
	r := want(t, s.verify(b, s.code()), 200, "")
	if c := r.Cookie(sessionCookie); c == nil || c.MaxAge != 0 {
		t.Errorf("session cookie %v", c)
	}
	s.Clock.Advance(25 * time.Hour)
	if b.Email() != "" {
		t.Error("the session outlives a day")
	}
}

func TestSecondFactorIsForgottenWithTheUser(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{}, func(o *ostiary.Options) { o.User.DeleteUser.Enabled = true })
	want(t, s.device.Post("/delete-user", fields{"password": plugintest.Password}), 200, "")
	if rows := s.rows("twoFactor"); len(rows) != 0 {
		t.Errorf("%d rows are left", len(rows))
	}
}

func TestNamesInTheDatabaseCanBeChosen(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{Table: "second_factors", Columns: map[string]string{"userId": "owner_id"}, UserColumn: "has_second_factor"})
	db := s.Auth.Kernel().DB
	factor := db.Table("twoFactor")
	if factor.Name != "second_factors" || factor.Field("userId").Column != "owner_id" || db.Table(schema.UserKey).Field("twoFactorEnabled").Column != "has_second_factor" {
		t.Errorf("%+v", factor)
	}
	want(t, s.verify(s.challenged(), s.code()), http.StatusOK, "")
}

// Second factors are no reason to stand aside as long as some of them can be opened:
// others may be from before a secret that nobody has kept.
func TestSecondFactorsOfAnotherSecretAreNoticed(t *testing.T) {
	t.Parallel()
	db := memory.New()
	on := func(o *ostiary.Options) { o.Database = db }
	other := func(o *ostiary.Options) { o.Database, o.Secret = db, strings.Repeat("another-secret-", 4) }
	if err := start(t, twofactor.Options{}, other).Auth.Kernel().CheckSecrets(t.Context()); err != nil {
		t.Errorf("there is nothing yet: %v", err)
	}
	s := enrolled(t, twofactor.Options{}, on)
	if err := s.Auth.Kernel().CheckSecrets(t.Context()); err != nil {
		t.Errorf("with the same secret: %v", err)
	}
	replaced := start(t, twofactor.Options{}, other)
	if err := replaced.Auth.Kernel().CheckSecrets(t.Context()); !errors.Is(err, core.ErrOtherSecret) {
		t.Errorf("with another secret: %v", err)
	}
	kept := start(t, twofactor.Options{}, on, func(o *ostiary.Options) {
		o.Secrets = []core.VersionedSecret{{Version: 1, Value: strings.Repeat("another-secret-", 4)}}
	})
	if err := kept.Auth.Kernel().CheckSecrets(t.Context()); err != nil {
		t.Errorf("with the old secret kept: %v", err)
	}
}
