package redis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/internal/betterauth"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/storage/redis"
)

const (
	sharedURL    = "http://localhost:3000"
	sharedSecret = "a-shared-secret-of-0123456789-abcdefghijklmnopqrstuvwxyz"
	password     = "correct horse battery"
)

// pair are Better Auth and Ostiary over one Redis and one database.
type pair struct {
	*betterauth.Pair
	t     *testing.T
	redis string
}

func newPair(t *testing.T, inDatabase bool) *pair {
	t.Helper()
	redisURL, dsn := testservice.Redis(t), testservice.Postgres(t)
	db, err := postgres.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	o := ostiary.Options{
		BaseURL: ostiary.StaticURL(sharedURL), Secret: sharedSecret, Development: true,
		Database: db, SecondaryStorage: redis.Open(redisURL),
		EmailAndPassword: emailpassword.Options{
			Enabled: true, SendResetPassword: func(context.Context, emailpassword.ResetMail) error { return nil },
		},
		Session:      core.SessionOptions{UpdateAge: new(time.Duration(0)), StoreInDatabase: inDatabase},
		Verification: core.VerificationOptions{StoreInDatabase: inDatabase},
		RateLimit:    core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 20},
		Logger:       slog.New(slog.DiscardHandler),
	}
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := auth.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	here := httptest.NewServer(auth)
	t.Cleanup(here.Close)
	there := betterauth.Start(t, betterauth.Server{BaseURL: sharedURL, Secret: sharedSecret, Database: dsn, Redis: redisURL, InDatabase: inDatabase, AlwaysRefresh: true})
	return &pair{betterauth.NewPair(t, sharedURL, here.URL, there[0].Address), t, redisURL}
}

func TestBetterAuthOnTheSameRedisAndDatabase(t *testing.T) {
	t.Parallel()
	for _, inDatabase := range []bool{false, true} {
		t.Run(fmt.Sprint("in the database as well: ", inDatabase), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, inDatabase)
			for i, servers := range betterauth.Orders {
				p.sessions(fmt.Sprintf("user%d@example.com", i), servers[0], servers[1])
				p.resets(fmt.Sprintf("user%d@example.com", i), servers[0], servers[1])
			}
			p.limits()
		})
	}
}

// sessions: what one server does with a session, the other one sees.
func (p *pair) sessions(email, one, other string) {
	t := p.t
	t.Helper()
	first := p.Browser()
	first.Must(one, http.MethodPost, "/sign-up/email", map[string]any{"name": "Alice", "email": email, "password": password})
	second := p.SignIn(other, email, password)
	for range 2 { // each read refreshes the session
		for _, b := range []*betterauth.Browser{first, second} {
			for _, server := range []string{one, other, other, one} {
				if name := b.Name(server); name != "Alice" {
					t.Fatalf("a session of %s: %s says it is %q", one, server, name)
				}
			}
		}
	}
	for _, server := range []string{one, other} {
		var sessions []struct{ Token string }
		if err := json.Unmarshal([]byte(first.Must(server, http.MethodGet, "/list-sessions", nil)), &sessions); err != nil {
			t.Fatal(err)
		}
		if len(sessions) != 2 {
			t.Errorf("%s lists %d sessions", server, len(sessions))
		}
	}

	first.Must(one, http.MethodPost, "/update-user", map[string]any{"name": "Alice L."})
	if name := second.Name(other); name != "Alice L." {
		t.Errorf("a change by %s: %s says %q", one, other, name)
	}

	first.Must(one, http.MethodPost, "/revoke-session", map[string]any{"token": second.Token()})
	if name := second.Name(other); name != "" {
		t.Errorf("a session that %s has revoked is %q for %s", one, name, other)
	}
	third := p.SignIn(other, email, password)
	first.Must(one, http.MethodPost, "/revoke-other-sessions", nil)
	if third.Name(other) != "" || first.Name(other) == "" {
		t.Errorf("after revoking the others at %s, %s has them wrong", one, other)
	}
	fourth := p.SignIn(other, email, password)
	first.Must(one, http.MethodPost, "/revoke-sessions", nil)
	if fourth.Name(other) != "" || first.Name(other) != "" {
		t.Errorf("sessions that %s has revoked live for %s", one, other)
	}
	fifth := p.SignIn(one, email, password)
	token := fifth.Token()
	copied := fifth.Copy()
	if copied.Token() != token || copied.Name(other) == "" {
		t.Fatal("the copy is not signed in")
	}
	fifth.Must(one, http.MethodPost, "/sign-out", nil)
	if copied.Name(other) != "" {
		t.Errorf("a session that has ended at %s lives for %s", one, other)
	}
}

// resets: a single-use value that one server hands out, the other one accepts,
// and nobody after that.
func (p *pair) resets(email, one, other string) {
	t := p.t
	t.Helper()
	b := p.Browser()
	b.Must(one, http.MethodPost, "/request-password-reset", map[string]any{"email": email, "redirectTo": "/reset"})
	const script = `local keys = redis.call('KEYS', ARGV[1]) return table.concat(keys, ' ')`
	const prefix = "better-auth:verification:reset-password:"
	keys, err := testservice.AskRedis(p.redis, "EVAL", script, "0", prefix+"*")
	if err != nil || !strings.HasPrefix(keys, prefix) || strings.Contains(keys, " ") {
		t.Fatalf("the keys of resets are %q, %v", keys, err)
	}
	token := strings.TrimPrefix(keys, prefix)
	body := map[string]any{"newPassword": password + "!", "token": token}
	b.Must(other, http.MethodPost, "/reset-password", body)
	for _, server := range []string{one, other} {
		if status, text := b.Ask(server, http.MethodPost, "/reset-password", body); status != http.StatusBadRequest {
			t.Errorf("%s accepts a token twice: %d %s", server, status, text)
		}
	}
	if p.SignIn(one, email, password+"!").Name(other) == "" {
		t.Error("the new password does not sign in")
	}
}

// limits: both count the requests of a client together.
func (p *pair) limits() {
	t := p.t
	t.Helper()
	b := p.Browser()
	var statuses []int
	for i := range 30 {
		status, _ := b.AskAs("203.0.113.77", betterauth.Orders[i%2][0], http.MethodGet, "/list-accounts", nil)
		statuses = append(statuses, status)
	}
	want := append(slices.Repeat([]int{http.StatusUnauthorized}, 20), slices.Repeat([]int{http.StatusTooManyRequests}, 10)...)
	if !slices.Equal(statuses, want) {
		t.Errorf("the answers are %v", statuses)
	}
	if n, err := testservice.AskRedis(p.redis, "GET", "better-auth:203.0.113.77|/list-accounts"); n != "30" || err != nil {
		t.Errorf("counted %s, %v", n, err)
	}
}
