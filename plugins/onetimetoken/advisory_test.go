package onetimetoken_test

import (
	"fmt"
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
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/plugins/onetimetoken"
	"github.com/ostiary/ostiary/providers/github"
)

// stripped is a careless hash of identifiers: it removes what tells purposes
// apart.
func stripped(identifier string) string {
	if _, rest, ok := strings.Cut(identifier, ":"); ok {
		return rest
	}
	return identifier
}

// identifierHashes are the ways in which identifiers are kept.
func identifierHashes() map[string]func(o *ostiary.Options) {
	return map[string]func(o *ostiary.Options){
		"plain identifiers":             func(*ostiary.Options) {},
		"hashed identifiers":            func(o *ostiary.Options) { o.Verification.HashIdentifiers = true },
		"a hash that strips the prefix": func(o *ostiary.Options) { o.Verification.HashIdentifier = stripped },
	}
}

// GHSA-965c-763c-88jm: what was stored for another purpose was taken for a token.
func TestAdvisory_BA33_OnlyTokensAreTokens(t *testing.T) {
	t.Parallel()
	for name, configure := range identifierHashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, onetimetoken.Options{}, configure)
			victim := s.Browser(t).SignUp("victim@example.com").User.ID
			v := s.Auth.Kernel().Verifications
			for i, value := range []string{
				victim, `{"email":"victim@example.com","type":"one-time-token"}`, `{"type":"magic-link","email":"victim@example.com"}`,
				`"` + victim + `"`, `victim@example.com`, `null`, `[]`, ``,
			} {
				for _, kind := range []string{"state", "reset-password:token", "delete-account-token", "magic-link:link"} {
					identifier := fmt.Sprint(kind, i)
					if err := v.Create(t.Context(), identifier, value, time.Hour); err != nil {
						t.Fatal(err)
					}
					for _, token := range []string{identifier, stripped(identifier)} {
						if r := verify(s.Browser(t), token); r.Status != http.StatusBadRequest || len(r.Cookies) > 0 {
							t.Errorf("%q as %q of %q: %d %s", value, token, identifier, r.Status, r.Text)
						}
					}
					if found, err := v.Find(t.Context(), identifier); err != nil || found == nil || found.Value != value {
						t.Errorf("%q of %q was used up (%v)", value, identifier, err)
					}
				}
			}
		})
	}
}

// The state of a sign-in with a provider, whose additional data the client
// chooses, is no token, and is not used up by being presented as one.
func TestAdvisory_BA33_StateIsNoToken(t *testing.T) {
	t.Parallel()
	for name, configure := range identifierHashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, onetimetoken.Options{}, configure, func(o *ostiary.Options) {
				o.SocialProviders = []social.Provider{github.New(github.Options{ClientID: "id", ClientSecret: "secret"})}
			})
			owner := s.Browser(t).SignUp("victim@example.com")
			b := s.Browser(t)
			r := b.Post("/sign-in/social", map[string]any{
				"provider": "github", "disableRedirect": true,
				"additionalData": map[string]any{"email": owner.User.Email, "type": "one-time-token", "token": owner.Token},
			})
			var out struct{ URL string }
			r.Decode(&out)
			u, err := url.Parse(out.URL)
			if err != nil || u.Query().Get("state") == "" {
				t.Fatalf("no state: %d %s", r.Status, r.Text)
			}
			state := u.Query().Get("state")
			if r := verify(s.Browser(t), state); r.Status != http.StatusBadRequest || len(r.Cookies) > 0 {
				t.Errorf("verify: %d %s", r.Status, r.Text)
			}
			// The provider's refusal is told only to those who bring a good state.
			r = b.Get("/callback/github?error=access_denied&state=" + url.QueryEscape(state))
			if got := r.Location().Query().Get("error"); got != "access_denied" {
				t.Errorf("the state was used up: %d to %s", r.Status, r.Location())
			}
		})
	}
}

// A token is good for nothing but handing the session over.
func TestAdvisory_BA33_TokenIsNoOtherToken(t *testing.T) {
	t.Parallel()
	for name, configure := range identifierHashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, onetimetoken.Options{}, configure, func(o *ostiary.Options) { o.User.DeleteUser.Enabled = true })
			b := s.Browser(t)
			b.SignUp("ada@example.com")
			token := generate(t, b)
			if r := b.Post("/delete-user", map[string]any{"token": token}); r.Status < 400 {
				t.Errorf("/delete-user: %d %s", r.Status, r.Text)
			}
			if r := b.Get("/verify-email?token=" + token); r.Status != http.StatusUnauthorized {
				t.Errorf("/verify-email: %d %s", r.Status, r.Text)
			}
			if r := b.Get("/reset-password/" + token + "?callbackURL=/new"); r.Location().Query().Get("error") == "" && name != "a hash that strips the prefix" {
				t.Errorf("/reset-password: %d to %s", r.Status, r.Location())
			}
			if r := verify(s.Browser(t), token); r.Status != http.StatusOK {
				t.Errorf("the token was used up: %d %s", r.Status, r.Text)
			}
		})
	}
}

// A session of a user who has been deleted is not handed over.
func TestTokenOfADeletedUserIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{}, func(o *ostiary.Options) { o.User.DeleteUser.Enabled = true })
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	token := generate(t, b)
	if r := b.Post("/delete-user", map[string]any{}); r.Status != http.StatusOK {
		t.Fatalf("delete: %d %s", r.Status, r.Text)
	}
	wantRefused(t, verify(s.Browser(t), token), onetimetoken.SessionNotFound)
}

// The cookie cache still vouches for a session that was revoked elsewhere; a
// token made with it must not bring the session back.
func TestCachedSessionThatWasRevokedIsNotHandedOver(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{}, func(o *ostiary.Options) {
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true}
	})
	b := s.Browser(t)
	session := *b.SignUp("ada@example.com").Token
	k := s.Auth.Kernel()
	row, err := k.DB.DeleteMany(t.Context(), k.Sessions.Table(), database.Eq("token", session))
	if err != nil || row != 1 {
		t.Fatalf("revoked %d sessions: %v", row, err)
	}
	if r := verify(s.Browser(t), generate(t, b)); r.Status != http.StatusBadRequest || len(r.Cookies) > 0 {
		t.Errorf("verify: %d %s", r.Status, r.Text)
	}
}

func TestTokenIsGoodForOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() database.Adapter{
		"memory": memory.New,
		"SQLite": func() database.Adapter { return sqlite.Open(filepath.Join(t.TempDir(), "auth.db")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open()
			s := start(t, onetimetoken.Options{}, func(o *ostiary.Options) { o.Database = store })
			if _, hasTables := store.(migrate.Database); hasTables {
				if err := s.Auth.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			b := s.Browser(t)
			b.SignUp("ada@example.com")
			token := generate(t, b)
			statuses := make([]int, 50)
			begin := make(chan struct{})
			var all sync.WaitGroup
			for i := range statuses {
				all.Go(func() {
					<-begin
					statuses[i] = verify(s.Browser(t), token).Status
				})
			}
			close(begin)
			all.Wait()
			won := 0
			for _, status := range statuses {
				switch status {
				case http.StatusOK:
					won++
				case http.StatusBadRequest:
				default:
					t.Errorf("status %d", status)
				}
			}
			if won != 1 {
				t.Errorf("%d requests won", won)
			}
		})
	}
}
