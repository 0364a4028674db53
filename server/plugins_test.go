package server

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/plugins/jwt"
	"github.com/ostiary/ostiary/plugins/twofactor"
)

func TestOptionsOfPluginsReachThem(t *testing.T) {
	t.Parallel()
	c := parse(t, `
plugins:
  twoFactor:
    issuer: Acme
    skipVerificationOnEnable: true
    allowPasswordless: true
    twoFactorCookieMaxAge: 60
    trustDeviceMaxAge: 3600
    accountLockout: {enabled: false, maxFailedAttempts: 3, durationSeconds: 30}
    totpOptions: {disable: true, digits: 8, period: 60, rejectReusedCodes: true}
    otpOptions: {sendOTP: false, period: 2, digits: 8, allowedAttempts: 4, storeOTP: hashed}
    backupCodeOptions: {amount: 5, length: 12, storeBackupCodes: plain}
  jwt:
    jwks: {keyPairConfig: {alg: RS256, modulusLength: 4096}, disablePrivateKeyEncryption: true, rotationInterval: 60, gracePeriod: 120, jwksPath: /keys}
    jwt: {issuer: a, audience: [b, c], expirationTime: 30}
    disableSettingJwtHeader: true
    sessionCookieCache: true
`)
	tr := translation{Config: &c, letters: &letters{}}
	if diff := cmp.Diff(twofactor.Options{
		Issuer: "Acme", SkipVerificationOnEnable: true, AllowPasswordless: true, ChallengeLifetime: time.Minute, TrustDeviceLifetime: time.Hour,
		Lockout:     twofactor.LockoutOptions{Disabled: true, MaxFailedAttempts: 3, Duration: 30 * time.Second},
		TOTP:        twofactor.TOTPOptions{Disabled: true, Digits: 8, Period: time.Minute, RejectReusedCodes: true},
		OTP:         twofactor.OTPOptions{Period: 2 * time.Minute, Digits: 8, AllowedAttempts: 4, Storage: twofactor.Hashed},
		BackupCodes: twofactor.BackupCodeOptions{Amount: 5, Length: 12, Storage: twofactor.Plain},
	}, tr.twoFactor(c.Plugins.TwoFactor)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(jwt.Options{
		Algorithm: jwt.RS256, RSABits: 4096, DisablePrivateKeyEncryption: true, RotationInterval: time.Minute, GracePeriod: 2 * time.Minute,
		JWKSPath: "/keys", Issuer: "a", Audience: []string{"b", "c"}, ExpiresIn: 30 * time.Second, DisableHeader: true, SignCookieCache: true,
	}, c.Plugins.JWT.options()); diff != "" {
		t.Error(diff)
	}
}

func TestPluginsThatNeedMails(t *testing.T) {
	t.Parallel()
	c := parse(t, "plugins: {magicLink: {}, twoFactor: {otpOptions: {sendOTP: true}}}")
	tr := translation{Config: &c}
	tr.plugins()
	var text strings.Builder
	for _, p := range tr.problems {
		text.WriteString(p.Error() + "\n")
	}
	for _, want := range []string{"plugins.magicLink: there is no mail server", "plugins.twoFactor.otpOptions.sendOTP: is on, but there is no mail server"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in %s", want, text.String())
		}
	}
}

var magicLink = regexp.MustCompile(`/api/auth/magic-link/verify\S+`)

// Every plugin does what it is for; {} is enough.
func TestPluginsOfAFile(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *Config) {
		c.Plugins = parse(t, `
plugins:
  bearer: {}
  jwt: {}
  magicLink: {storeToken: hashed}
  multiSession: {maximumSessions: 2}
  oneTimeToken: {expiresIn: 1, setOttHeaderOnNewSession: true, storeToken: hashed}
  twoFactor: {}
  username: {minUsernameLength: 2, maxUsernameLength: 5, immutableUsername: true, displayUsername: false}
`).Plugins
	})
	origin := r.URL()
	post := func(path, body string, header ...string) (int, string, string) {
		status, h, text := r.do("POST", "/api/auth"+path, body, append([]string{"Origin", origin, "Content-Type", "application/json"}, header...)...)
		return status, text, h.Get("Set-Auth-Token") + " " + h.Get("Set-Ott")
	}
	if status, text, _ := post("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse","username":"adalovelace"}`); status != 400 || !strings.Contains(text, "USERNAME_TOO_LONG") {
		t.Errorf("a name that is too long: %d %s", status, text)
	}
	if status, text, _ := post("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse","username":"ada"}`); status != 200 {
		t.Fatalf("sign-up: %d %s", status, text)
	}
	if status, text, _ := post("/sign-in/magic-link", `{"email":"grace@example.com","callbackURL":"/"}`); status != 200 {
		t.Fatalf("magic link: %d %s", status, text)
	}
	eventually(t, "the link is mailed", func() bool { return magicLink.MatchString(r.out.String()) })
	if status, h, text := r.do("GET", magicLink.FindString(r.out.String()), ""); status != 302 || h.Get("Set-Cookie") == "" {
		t.Errorf("the link: %d %s", status, text)
	}
	status, text, tokens := post("/sign-in/username", `{"username":"ADA","password":"correct horse"}`)
	token, once, _ := strings.Cut(tokens, " ")
	if status != 200 || token == "" || once == "" {
		t.Fatalf("sign-in: %d %s %s", status, text, tokens)
	}
	for _, want := range []struct{ path, text string }{
		{"/get-session", "ada@example.com"}, {"/token", `"token"`}, {"/jwks", `"Ed25519"`}, {"/multi-session/list-device-sessions", "[]"},
	} {
		if status, _, text := r.do("GET", "/api/auth"+want.path, "", "Authorization", "Bearer "+token); status != 200 || !strings.Contains(text, want.text) {
			t.Errorf("%s: %d %s", want.path, status, text)
		}
	}
	if status, text, _ := post("/one-time-token/verify", `{"token":"`+once+`"}`); status != 200 {
		t.Errorf("one-time token: %d %s", status, text)
	}
	if status, text, _ := post("/two-factor/enable", `{"password":"correct horse"}`, "Authorization", "Bearer "+token); status != 200 || !strings.Contains(text, "otpauth://") {
		t.Errorf("two-factor: %d %s", status, text)
	}
}
