package magiclink_test

import (
	"context"
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
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/magiclink"
)

// stores are the databases on which races are run.
func stores(t *testing.T) map[string]func() database.Adapter {
	return map[string]func() database.Adapter{
		"memory": memory.New,
		"SQLite": func() database.Adapter { return sqlite.Open(filepath.Join(t.TempDir(), "auth.db")) },
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

func migrated(t *testing.T, s *plugintest.Server, store database.Adapter) {
	t.Helper()
	if _, ok := store.(migrate.Database); !ok {
		return // it has no tables to make
	}
	if err := s.Auth.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// GHSA-hc7v-rggr-4hvx: a link could be redeemed by several requests at once.
func TestAdvisory_BAU1_LinkIsGoodOnce(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open()
			s, post := start(t, magiclink.Options{}, func(o *ostiary.Options) { o.Database = store })
			migrated(t, s, store)
			ask(t, s.Browser(t), map[string]any{"email": "a@example.com"})
			token := post.last(t).Token
			statuses := make([]int, 50)
			together(len(statuses), func(i int) { statuses[i] = s.Browser(t).Get("/magic-link/verify?token=" + token).Status })
			won := 0
			for _, status := range statuses {
				switch status {
				case http.StatusOK:
					won++
				case http.StatusFound:
				default:
					t.Errorf("status %d", status)
				}
			}
			k := s.Auth.Kernel()
			u, err := k.Users.ByEmail(t.Context(), "a@example.com")
			if err != nil {
				t.Fatal(err)
			}
			sessions, err := k.Sessions.List(t.Context(), u.ID)
			if err != nil || won != 1 || len(sessions) != 1 {
				t.Errorf("%d requests won and made %d sessions (%v); want 1", won, len(sessions), err)
			}
		})
	}
}

// GHSA-qq9h-g4jm-xgf3: proving an address left the password of whoever had
// signed up with it before in force.
func TestAdvisory_BA29_ProofRemovesWhatStrangersMade(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{})
	attacker := s.Browser(t)
	out := attacker.SignUp("victim@example.com")
	k := s.Auth.Kernel()
	row := k.Accounts.Table().NewRow().Set("userId", out.User.ID).Set("providerId", "github").Set("accountId", "attacker")
	if _, err := k.Accounts.Create(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	victim := s.Browser(t)
	ask(t, victim, map[string]any{"email": "victim@example.com"})
	victim.Get(post.last(t).URL)
	if got := victim.Email(); got != "victim@example.com" {
		t.Errorf("the victim is signed in as %q", got)
	}
	if got := attacker.Email(); got != "" {
		t.Error("the attacker's session still works")
	}
	if r := attacker.Post("/sign-in/email", map[string]any{"email": "victim@example.com", "password": plugintest.Password}); r.Status != http.StatusUnauthorized {
		t.Errorf("the attacker's password: %d %s", r.Status, r.Text)
	}
	if accounts, err := k.Accounts.List(t.Context(), out.User.ID); err != nil || len(accounts) != 0 {
		t.Errorf("accounts %v, %v", accounts, err)
	}
}

// The same with several proofs at once: none may remove what another one made,
// and nothing of the attacker survives.
func TestAdvisory_BA29_ProofsAtOnceHaveOneOutcome(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open()
			s, post := start(t, magiclink.Options{}, func(o *ostiary.Options) { o.Database = store })
			migrated(t, s, store)
			attacker := s.Browser(t)
			attacker.SignUp("victim@example.com")
			victims, links := make([]*plugintest.Browser, 10), make([]string, 10)
			for i := range victims {
				victims[i] = s.Browser(t)
				ask(t, victims[i], map[string]any{"email": "victim@example.com"})
				links[i] = post.last(t).URL
			}
			together(len(victims), func(i int) { victims[i].Get(links[i]) })
			for i, v := range victims {
				if v.Email() != "victim@example.com" {
					t.Errorf("victim %d is not signed in", i)
				}
			}
			if attacker.Email() != "" {
				t.Error("the attacker's session still works")
			}
		})
	}
}

// Those who have proved their address keep what they have.
func TestVerifiedUserKeepsPasswordAndSessions(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{})
	b := s.Browser(t)
	out := b.SignUp("a@example.com")
	k := s.Auth.Kernel()
	if _, err := k.Users.Update(t.Context(), out.User.ID, k.Users.Table().NewRow().Set("emailVerified", true)); err != nil {
		t.Fatal(err)
	}
	other := s.Browser(t)
	ask(t, other, map[string]any{"email": "a@example.com"})
	other.Get(post.last(t).URL)
	if b.Email() != "a@example.com" || other.Email() != "a@example.com" {
		t.Error("a session was lost")
	}
	if r := s.Browser(t).Post("/sign-in/email", map[string]any{"email": "a@example.com", "password": plugintest.Password}); r.Status != http.StatusOK {
		t.Errorf("the password was lost: %d %s", r.Status, r.Text)
	}
}

// GHSA-965c-763c-88jm: what was stored for another purpose, such as the state of
// a sign-in with a provider, was taken for a link.
func TestAdvisory_BA33_OnlyLinksAreLinks(t *testing.T) {
	t.Parallel()
	stripped := func(identifier string) string {
		if _, rest, ok := strings.Cut(identifier, ":"); ok {
			return rest
		}
		return identifier
	}
	for name, configure := range map[string]func(o *ostiary.Options){
		"plain identifiers":             func(*ostiary.Options) {},
		"hashed identifiers":            func(o *ostiary.Options) { o.Verification.HashIdentifiers = true },
		"a hash that strips the prefix": func(o *ostiary.Options) { o.Verification.HashIdentifier = stripped },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, magiclink.Options{}, configure)
			v := s.Auth.Kernel().Verifications
			for i, value := range []string{
				`{"callbackURL":"/","codeVerifier":"x","email":"victim@example.com","type":"magic-link"}`,
				`{"email":"victim@example.com"}`,
				`{"type":"other","email":"victim@example.com"}`,
				`{"type":"magic-link","email":["victim@example.com"]}`,
				`{"type":"magic-link"}`,
				`"victim@example.com"`, `null`, `[]`, ``, `victim-id`,
			} {
				for _, identifier := range []string{fmt.Sprintf("state%d", i), fmt.Sprintf("reset-password:token%d", i), fmt.Sprintf("magic-link:own%d", i)} {
					if err := v.Create(t.Context(), identifier, value, time.Hour); err != nil {
						t.Fatal(err)
					}
					for _, token := range []string{identifier, identifier[strings.IndexByte(identifier, ':')+1:]} {
						r := s.Browser(t).Get("/magic-link/verify?token=" + token)
						if r.Status != http.StatusFound || r.Location().Query().Get("error") != "INVALID_TOKEN" || len(r.Cookies) > 0 {
							t.Errorf("%s as %s of %s: %d %s", value, token, identifier, r.Status, r.Text)
						}
					}
					if found, err := v.Find(t.Context(), identifier); err != nil || found == nil {
						t.Errorf("%s was used up (%v)", identifier, err)
					}
				}
			}
		})
	}
}

// A link is good for nothing but signing in.
func TestAdvisory_BA33_LinkTokenIsNoOtherToken(t *testing.T) {
	t.Parallel()
	s, post := start(t, magiclink.Options{})
	b := s.Browser(t)
	b.SignUp("a@example.com")
	ask(t, b, map[string]any{"email": "a@example.com"})
	token := post.last(t).Token
	for path, body := range map[string]map[string]any{
		"/reset-password": {"token": token, "newPassword": "another password"},
		"/delete-user":    {"token": token},
	} {
		if r := b.Post(path, body); r.Status < 400 {
			t.Errorf("%s: %d %s", path, r.Status, r.Text)
		}
	}
	if r := b.Get("/verify-email?token=" + token); r.Status != http.StatusUnauthorized {
		t.Errorf("/verify-email: %d %s", r.Status, r.Text)
	}
	if r := b.Get("/magic-link/verify?token=" + token); r.Status != http.StatusOK {
		t.Errorf("the link was used up: %d %s", r.Status, r.Text)
	}
}

func FuzzVerify(f *testing.F) {
	for _, seed := range []string{"", "x", "magic-link:x", "%00", "é", strings.Repeat("a", 4096)} {
		f.Add(seed)
	}
	s := plugintest.New(f, func(o *ostiary.Options) {
		o.Plugins = append(o.Plugins, magiclink.New(magiclink.Options{Send: func(context.Context, magiclink.Mail) error { return nil }}))
	})
	f.Fuzz(func(t *testing.T, token string) {
		r := s.Browser(t).Get("/magic-link/verify?token=" + url.QueryEscape(token))
		if r.Status != http.StatusFound || len(r.Cookies) > 0 {
			t.Errorf("%q: %d %s", token, r.Status, r.Text)
		}
	})
}
