package jwt_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/jwt"
)

// What a Better Auth server has signed and stored is good here.
func TestKeysAndCachesOfBetterAuthAreGood(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/better-auth.json")
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		At      time.Time
		Secret  string
		Cookies map[string]string
		Key     jwt.StoredKey
	}
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	p := jwt.New(jwt.Options{SignCookieCache: true, Keys: &keys{all: []jwt.StoredKey{made.Key}}})
	s := plugintest.New(t, func(o *ostiary.Options) {
		o.Secret, o.Plugins = made.Secret, []core.Plugin{p}
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: core.JWTCache}
		o.Advanced.Now = func() time.Time { return made.At.Add(time.Minute) }
	})
	b := s.Browser(t)
	b.Cookies = made.Cookies
	if got := b.Email(); got != "a@example.com" {
		t.Errorf("signed in as %q", got)
	}
	token, err := p.Sign(t.Context(), map[string]any{"sub": "x"}, jwt.SignOptions{})
	if err != nil || part(t, token, 0)["kid"] != made.Key.ID {
		t.Errorf("the stored key does not sign: %v", err)
	}
	if _, err := p.Verify(t.Context(), token, jwt.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}
