package twofactor_test

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/plugins/bearer"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/schema"
)

// GHSA-xg6x-h9c9-2m83: the session that the password step had made was already
// in the cookie cache, and accepted before the second factor.
func TestAdvisory_BA11_ThePasswordStepEmitsNothingOfASession(t *testing.T) {
	t.Parallel()
	caches := map[string]core.CookieCacheOptions{
		"no cache": {},
		"compact":  {Enabled: true, Strategy: core.CompactCache},
		"jwt":      {Enabled: true, Strategy: core.JWTCache},
		"jwe":      {Enabled: true, Strategy: core.JWECache},
	}
	for name, cache := range caches {
		for _, size := range []int{10, 6000} { // the larger is split into chunks
			var atSignIn []string
			s := enrolled(t, twofactor.Options{}, func(o *ostiary.Options) {
				o.Session.CookieCache = cache
				o.User.Fields = []schema.Field{{Name: "notes", Optional: true, Default: strings.Repeat("n", size)}}
				o.Plugins = append([]core.Plugin{bearer.New(bearer.Options{})}, o.Plugins...)
				o.Hooks = hooks.Set{hooks.AfterAll(func(c *core.Context) error {
					if c.Path == "/sign-in/email" && c.NewSession != nil {
						atSignIn = append(atSignIn, c.NewSession.Session.Token)
					}
					return nil
				})}
				o.DatabaseHooks = []core.DatabaseHook{{Model: schema.SessionKey, BeforeCreate: func(ctx context.Context, _ schema.Row) error {
					if c := core.FromContext(ctx); c != nil && c.Path == "/sign-in/email" {
						atSignIn = append(atSignIn, "row")
					}
					return nil
				}}}
			})
			before := len(s.rows(schema.SessionKey))
			r := s.signIn(s.Browser(t))
			want(t, r, 200, "")
			if got := len(s.rows(schema.SessionKey)); got != before || len(atSignIn) != 0 {
				t.Errorf("%s: %d sessions stored, want %d; seen %q", name, got, before, atSignIn)
			}
			var values []string
			for _, list := range r.Header {
				values = append(values, list...)
			}
			for _, c := range r.Cookies {
				values = append(values, c.Value)
				if plain, err := url.PathUnescape(c.Value); err == nil {
					values = append(values, plain)
				}
			}
			replays(t, s, name, values, r.Cookies)
		}
	}
}

// replays tries every value that a response carried as a session.
func replays(t *testing.T, s *scene, name string, values []string, cookies []*http.Cookie) {
	t.Helper()
	try := func(what string, b *plugintest.Browser) {
		if got := b.Email(); got != "" {
			t.Errorf("%s: %s is signed in", name, what)
		}
		if r := b.Get("/list-sessions"); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: %s lists sessions: %d", name, what, r.Status)
		}
		if r := b.Post("/update-user", fields{"name": "x"}); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: %s updates the user: %d", name, what, r.Status)
		}
	}
	all := s.Browser(t)
	for _, c := range cookies {
		all.Cookies[c.Name] = c.Value
	}
	try("the cookie jar", all)
	for _, value := range values {
		b := s.Browser(t)
		b.Header.Set("Authorization", "Bearer "+value)
		try("a bearer of "+value, b)
		b = s.Browser(t)
		b.Cookies[sessionCookie], b.Cookies["better-auth.session_data"] = url.PathEscape(value), url.PathEscape(value)
		try("a cookie of "+value, b)
	}
}

// The other half of the same report: a device that was signed in before is
// signed out by the password step, whoever's session it had.
func TestAdvisory_BA11_ThePasswordStepEndsWhatTheBrowserHad(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{}, func(o *ostiary.Options) {
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true}
	})
	b := s.Browser(t)
	b.SignUp("bob@example.com")
	want(t, s.signIn(b), 200, "")
	if b.Email() != "" || b.Cookies[sessionCookie] != "" {
		t.Errorf("cookies %v", b.Cookies)
	}
	want(t, s.verify(b, s.code()), 200, "")
	if b.Email() != ada {
		t.Errorf("signed in as %q", b.Email())
	}
}

func TestSR_060_ACodeIsAcceptedOnceWhereAskedFor(t *testing.T) {
	t.Parallel()
	for _, reject := range []bool{false, true} {
		s := enrolled(t, twofactor.Options{TOTP: twofactor.TOTPOptions{RejectReusedCodes: reject}})
		s.Clock.Advance(time.Minute)
		code := s.code()
		want(t, s.verify(s.challenged(), code), 200, "")
		second := s.challenged()
		if !reject {
			want(t, s.verify(second, code), 200, "")
			continue
		}
		want(t, s.verify(second, code), 401, "INVALID_CODE")
		s.Clock.Advance(30 * time.Second)
		want(t, s.verify(second, s.code()), 200, "")
		s.Clock.Advance(-30 * time.Second)
		want(t, s.verify(s.challenged(), code), 401, "INVALID_CODE")
	}
}

func TestSR_061_OnlyTheNeighbouringPeriodsAreAccepted(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	for periods, status := range map[int]int{-2: 401, -1: 200, 1: 200, 2: 401} {
		code := twofactor.CodeOf(s.uri, s.Clock.Now().Add(time.Duration(periods)*30*time.Second))
		if r := s.verify(s.challenged(), code); r.Status != status {
			t.Errorf("%d periods away: %d", periods, r.Status)
		}
	}
}

// together calls fn in n goroutines at once.
func together(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			fn(i)
		})
	}
	done.Wait()
}

// onStores runs a test on a database in memory and one in a file.
func onStores(t *testing.T, o twofactor.Options, test func(t *testing.T, s *scene)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, enrolled(t, o))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		s := start(t, o, func(so *ostiary.Options) { so.Database = sqlite.Open(filepath.Join(t.TempDir(), "auth.db")) })
		if err := s.Auth.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.enrol()
		test(t, s)
	})
}

func TestSR_062_AChallengeAllowsFiveGuesses(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	b := s.challenged()
	for range 4 {
		want(t, s.verify(b, "000000"), 401, "INVALID_CODE")
	}
	want(t, b.Post("/two-factor/verify-backup-code", fields{"code": "x"}), 401, "INVALID_BACKUP_CODE")
	last := b.Clone()
	want(t, s.verify(b, s.code()), 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
	if b.Cookies[challengeCookie] != "" {
		t.Error("the challenge cookie is kept")
	}
	want(t, s.verify(last, s.code()), 401, "INVALID_TWO_FACTOR_COOKIE")
	want(t, last.Post("/two-factor/send-otp", nil), 401, "INVALID_TWO_FACTOR_COOKIE")
	want(t, s.verify(s.challenged(), s.code()), 200, "")
}

func TestSR_062_GuessesAtOnceAreNotFree(t *testing.T) {
	t.Parallel()
	onStores(t, twofactor.Options{Lockout: twofactor.LockoutOptions{MaxFailedAttempts: 10}}, func(t *testing.T, s *scene) {
		compared := 0
		var mu sync.Mutex
		browsers := make([]*plugintest.Browser, 30)
		for i := range browsers {
			browsers[i] = s.challenged()
		}
		together(len(browsers), func(i int) {
			if r := s.verify(browsers[i], "000000"); r.Code() == "INVALID_CODE" {
				mu.Lock()
				compared++
				mu.Unlock()
			}
		})
		if compared > 10 {
			t.Errorf("%d guesses were compared, want at most 10", compared)
		}
		want(t, s.verify(s.challenged(), s.code()), 429, "ACCOUNT_TEMPORARILY_LOCKED")
	})
}

func TestSR_062_OfRightCodesAtOnceOneSignsIn(t *testing.T) {
	t.Parallel()
	onStores(t, twofactor.Options{}, func(t *testing.T, s *scene) {
		b := s.challenged()
		browsers := make([]*plugintest.Browser, 20)
		for i := range browsers {
			browsers[i] = b.Clone()
		}
		before := len(s.rows(schema.SessionKey))
		together(len(browsers), func(i int) { s.verify(browsers[i], s.code()) })
		if got := len(s.rows(schema.SessionKey)) - before; got != 1 {
			t.Errorf("%d sessions were begun, want 1", got)
		}
	})
}

func TestSR_062_SentCodesAllowFiveGuessesAndCannotBeSentForever(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{Lockout: twofactor.LockoutOptions{Disabled: true}})
	b := s.challenged()
	want(t, b.Post("/two-factor/send-otp", nil), 200, "")
	for range 5 {
		want(t, b.Post("/two-factor/verify-otp", fields{"code": "x"}), 401, "INVALID_CODE")
	}
	want(t, b.Post("/two-factor/verify-otp", fields{"code": s.sent.last()}), 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
	want(t, b.Post("/two-factor/verify-otp", fields{"code": s.sent.last()}), 400, "OTP_HAS_EXPIRED")
	for range 9 {
		want(t, s.challenged().Post("/two-factor/send-otp", nil), 200, "")
	}
	want(t, s.challenged().Post("/two-factor/send-otp", nil), 429, "TOO_MANY_CODES_SENT")
	s.Clock.Advance(16 * time.Minute)
	want(t, s.challenged().Post("/two-factor/send-otp", nil), 200, "")
}

func TestSR_062_CodesExpire(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	b := s.challenged()
	want(t, b.Post("/two-factor/send-otp", nil), 200, "")
	s.Clock.Advance(3*time.Minute + time.Second)
	want(t, b.Post("/two-factor/verify-otp", fields{"code": s.sent.last()}), 400, "OTP_HAS_EXPIRED")
	s.Clock.Advance(7 * time.Minute)
	want(t, s.verify(b, s.code()), 401, "INVALID_TWO_FACTOR_COOKIE")
}

func TestSR_063_CodesCanBeStoredSoThatNobodyCanUseThem(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{OTP: twofactor.OTPOptions{Storage: twofactor.Hashed}})
	b := s.challenged()
	want(t, b.Post("/two-factor/send-otp", nil), 200, "")
	for _, row := range s.rows(schema.VerificationKey) {
		if strings.Contains(row.StringAt(schema.VerificationValue), s.sent.last()) {
			t.Errorf("the code is in the database: %v", row.Map())
		}
	}
	for _, row := range s.rows("twoFactor") {
		if secret := row.Get("secret").(string); len(secret) < 100 || strings.Contains(s.uri, secret) {
			t.Errorf("the secret is stored as %q", secret)
		}
	}
}

func TestSR_064_OfSpendersOfOneBackupCodeOneSucceeds(t *testing.T) {
	t.Parallel()
	onStores(t, twofactor.Options{}, func(t *testing.T, s *scene) {
		browsers := make([]*plugintest.Browser, 8)
		for i := range browsers {
			browsers[i] = s.challenged()
		}
		var mu sync.Mutex
		won := 0
		together(len(browsers), func(i int) {
			r := browsers[i].Post("/two-factor/verify-backup-code", fields{"code": s.codes[0]})
			mu.Lock()
			defer mu.Unlock()
			switch r.Status {
			case http.StatusOK:
				won++
			case http.StatusUnauthorized, http.StatusConflict:
			default:
				t.Errorf("%d %s", r.Status, r.Text)
			}
		})
		if won != 1 {
			t.Errorf("%d spenders succeeded, want 1", won)
		}
	})
}

func TestSR_065_WrongCodesLockTheFactorForATime(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"totp", "otp"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := start(t, twofactor.Options{})
			s.device = s.Browser(t)
			s.device.SignUp(ada)
			if method == "totp" {
				s.enableTOTP()
			} else {
				want(t, s.device.Post("/two-factor/enable", fields{"password": plugintest.Password, "method": "otp"}), 200, "")
			}
			guess := func(code func() string) *plugintest.Response {
				b := s.challenged()
				if method == "totp" {
					return s.verify(b, code())
				}
				want(t, b.Post("/two-factor/send-otp", nil), 200, "")
				return b.Post("/two-factor/verify-otp", fields{"code": code()})
			}
			wrong := func() string { return "x" }
			right := func() string {
				if method == "totp" {
					return s.code()
				}
				return s.sent.last()
			}
			for range 9 {
				want(t, guess(wrong), 401, "INVALID_CODE")
			}
			s.Clock.Advance(16 * time.Minute) // over the limit of sends
			if method == "otp" {
				for range 9 { // failures of users without a secret are forgotten one by one
					want(t, guess(wrong), 401, "INVALID_CODE")
				}
			}
			want(t, guess(wrong), 401, "INVALID_CODE")
			b := s.challenged()
			want(t, b.Post("/two-factor/verify-otp", fields{"code": "x"}), 429, "ACCOUNT_TEMPORARILY_LOCKED")
			if s.device.Email() != ada {
				t.Error("the account is locked, not the factor")
			}
			s.Clock.Advance(16 * time.Minute)
			want(t, guess(right), 200, "")
			for range 9 { // the count began anew
				want(t, guess(wrong), 401, "INVALID_CODE")
			}
		})
	}
}

func TestSR_066_EverySignInCanBeChallenged(t *testing.T) {
	t.Parallel()
	for _, every := range []bool{false, true} {
		o := twofactor.Options{ChallengePage: "/second-factor?lang=en"}
		if every {
			o.Challenge = twofactor.EverySignIn
		}
		var link string
		s := enrolled(t, o, func(so *ostiary.Options) {
			so.Plugins = append(so.Plugins, magiclink.New(magiclink.Options{Send: func(_ context.Context, m magiclink.Mail) error {
				link = m.URL
				return nil
			}}))
		})
		s.proveAddress()
		b := s.Browser(t)
		want(t, b.Post("/sign-in/magic-link", fields{"email": ada}), 200, "")
		r := b.Get(link)
		if !every {
			if b.Email() != ada {
				t.Errorf("by default a link is challenged: %d %s", r.Status, r.Text)
			}
			continue
		}
		if got := r.Location().String(); got != "/second-factor?lang=en&twoFactorMethods=totp%2Cotp" || b.Email() != "" {
			t.Errorf("redirected to %s", got)
		}
		want(t, s.verify(b, s.code()), 200, "")
		if b.Email() != ada {
			t.Error("the right code did not sign in")
		}
		want(t, b.Post("/change-password", fields{"currentPassword": plugintest.Password, "newPassword": "another password", "revokeOtherSessions": true}), 200, "")
		if b.Email() != ada {
			t.Error("a user who is signed in was challenged")
		}
	}
}

// proveAddress makes Ada's address one that she has proved to own.
func (s *scene) proveAddress() {
	s.t.Helper()
	k := s.Auth.Kernel()
	if _, err := k.DB.UpdateMany(s.t.Context(), k.Users.Table().NewRow().Set("emailVerified", true), database.Eq("email", ada)); err != nil {
		s.t.Fatal(err)
	}
}

// GHSA-qq9h-g4jm-xgf3, for second factors: whoever signs up with the address of
// somebody else must not keep that one out when he proves to own it.
func TestAdvisory_BA29_TheSecondFactorOfAStrangerIsForgotten(t *testing.T) {
	t.Parallel()
	var link string
	s := enrolled(t, twofactor.Options{Challenge: twofactor.EverySignIn}, func(so *ostiary.Options) {
		so.Plugins = append(so.Plugins, magiclink.New(magiclink.Options{Send: func(_ context.Context, m magiclink.Mail) error {
			link = m.URL
			return nil
		}}))
	})
	owner := s.Browser(t)
	want(t, owner.Post("/sign-in/magic-link", fields{"email": ada}), 200, "")
	owner.Get(link)
	if owner.Email() != ada || len(s.rows("twoFactor")) != 0 || s.device.Email() != "" {
		t.Errorf("the owner is kept out: cookies %v", owner.Cookies)
	}
}

func TestSR_067_AResetPasswordDoesNotGetAroundTheSecondFactor(t *testing.T) {
	t.Parallel()
	var token string
	s := enrolled(t, twofactor.Options{}, func(o *ostiary.Options) {
		o.EmailAndPassword.SendResetPassword = func(_ context.Context, m emailpassword.ResetMail) error {
			token = m.Token
			return nil
		}
	})
	b := s.Browser(t)
	want(t, b.Post("/request-password-reset", fields{"email": ada}), 200, "")
	want(t, b.Post("/reset-password", fields{"token": token, "newPassword": "another password"}), 200, "")
	if b.Email() != "" {
		t.Error("the reset signed in")
	}
	if r := b.Post("/sign-in/email", fields{"email": ada, "password": "another password"}); !strings.Contains(r.Text, "twoFactorRedirect") {
		t.Errorf("not challenged: %s", r.Text)
	}
}

// trusting returns a browser that Ada trusts.
func (s *scene) trusting() *plugintest.Browser {
	s.t.Helper()
	b := s.challenged()
	want(s.t, b.Post("/two-factor/verify-totp", fields{"code": s.code(), "trustDevice": true}), 200, "")
	return b
}

func isChallenged(r *plugintest.Response) bool { return strings.Contains(r.Text, "twoFactorRedirect") }

func TestSR_068_TrustIsRotatedAndBoundToTheUser(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	b := s.trusting()
	copied := b.Clone()
	if isChallenged(s.signIn(b)) {
		t.Fatal("the trusted device is challenged")
	}
	if !isChallenged(s.signIn(copied)) {
		t.Error("a trust works twice")
	}
	if copied.Cookies[trustCookie] != "" {
		t.Error("a trust of no use is kept")
	}
	other := s.Browser(t)
	other.SignUp("bob@example.com")
	want(t, other.Post("/two-factor/enable", fields{"password": plugintest.Password, "method": "otp"}), 200, "")
	thief := s.Browser(t)
	thief.Cookies[trustCookie] = b.Cookies[trustCookie]
	if r := thief.Post("/sign-in/email", fields{"email": "bob@example.com", "password": plugintest.Password}); !isChallenged(r) {
		t.Error("the trust of another user counts")
	}
	moved := s.Browser(t)
	for _, value := range []string{s.device.Cookies[sessionCookie], "x", url.PathEscape("x!trust-device-" + strings.Repeat("a", 32) + ".sig")} {
		moved.Cookies[trustCookie] = value
		if !isChallenged(s.signIn(moved)) {
			t.Errorf("%q is a trust", value)
		}
	}
	s.Clock.Advance(31 * 24 * time.Hour)
	if !isChallenged(s.signIn(b)) {
		t.Error("a trust never expires")
	}
}

func TestSR_068_TrustEndsWithTheSecondFactor(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		for name, end := range map[string]func(s *scene, b *plugintest.Browser){
			"disabled here": func(s *scene, b *plugintest.Browser) {
				want(t, b.Post("/two-factor/disable", fields{"password": plugintest.Password}), 200, "")
				if b.Cookies[trustCookie] != "" {
					t.Error("the trust cookie is kept")
				}
			},
			"disabled elsewhere": func(s *scene, _ *plugintest.Browser) {
				want(t, s.device.Post("/two-factor/disable", fields{"password": plugintest.Password}), 200, "")
			},
			"new password": func(s *scene, _ *plugintest.Browser) {
				want(t, s.device.Post("/change-password", fields{"currentPassword": plugintest.Password, "newPassword": plugintest.Password}), 200, "")
			},
		} {
			s := enrolled(t, twofactor.Options{StrictDeviceTrust: strict})
			b := s.trusting()
			held := b.Clone()
			s.Clock.Advance(time.Minute)
			end(s, b)
			if name != "new password" {
				s.Clock.Advance(time.Minute)
				s.enableTOTP()
			}
			if got, want := isChallenged(s.signIn(held)), strict || name == "disabled here"; got != want {
				t.Errorf("strict %t, %s: challenged %t, want %t", strict, name, got, want)
			}
			if strict {
				s.Clock.Advance(time.Minute)
				if isChallenged(s.signIn(s.trusting())) {
					t.Errorf("%s: a device cannot be trusted anew", name)
				}
			}
		}
	}
}

func TestSR_049_CookiesOfOtherPurposesAreNoChallenge(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{})
	trusted := s.trusting()
	b := s.challenged()
	for name, value := range map[string]string{
		"session": s.device.Cookies[sessionCookie], "trust": trusted.Cookies[trustCookie], "nothing": "", "unsigned": "2fa-" + strings.Repeat("a", 20),
	} {
		c := s.Browser(t)
		c.Cookies[challengeCookie] = value
		if r := s.verify(c, s.code()); r.Status != 401 || r.Code() != "INVALID_TWO_FACTOR_COOKIE" {
			t.Errorf("%s as challenge: %d %s", name, r.Status, r.Text)
		}
	}
	c := s.Browser(t)
	c.Cookies[sessionCookie] = b.Cookies[challengeCookie]
	if c.Email() != "" {
		t.Error("a challenge is a session")
	}
}

func TestARevokedSessionInTheCacheVerifiesNothing(t *testing.T) {
	t.Parallel()
	s := enrolled(t, twofactor.Options{}, func(o *ostiary.Options) { o.Session.CookieCache = core.CookieCacheOptions{Enabled: true} })
	stale := s.device.Clone()
	want(t, s.device.Post("/revoke-sessions", fields{}), 200, "")
	for path, body := range map[string]fields{
		"/two-factor/verify-totp":        {"code": s.code()},
		"/two-factor/verify-backup-code": {"code": s.codes[0]},
		"/two-factor/send-otp":           {},
		"/two-factor/disable":            {"password": plugintest.Password},
		"/two-factor/enable":             {"password": plugintest.Password},
	} {
		if r := stale.Clone().Post(path, body); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, r.Status, r.Text)
		}
	}
}
