package redis_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/storage/redis"
)

const (
	sharedURL    = "http://localhost:3000"
	sharedSecret = "a-shared-secret-of-0123456789-abcdefghijklmnopqrstuvwxyz"
	password     = "correct horse battery"
)

// pair are two servers over one Redis and one database: Better Auth and Ostiary.
type pair struct {
	t       *testing.T
	redis   string
	servers map[string]string // addresses by name
	strange int               // clients that have not been seen before
}

const (
	theirs = "Better Auth"
	ours   = "Ostiary"
)

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
	return &pair{t: t, redis: redisURL, servers: map[string]string{ours: here.URL, theirs: startBetterAuth(t, redisURL, dsn, inDatabase)}}
}

// startBetterAuth starts the program in the folder betterauth.
func startBetterAuth(t *testing.T, redisURL, dsn string, inDatabase bool) string {
	t.Helper()
	if _, err := os.Stat("betterauth/node_modules"); err != nil {
		t.Fatal("the packages of betterauth are not installed: run `make prepare`")
	}
	cmd := exec.Command("node", "betterauth/server.mjs")
	cmd.Env = append(os.Environ(), "NODE_ENV=development", "BASE_URL="+sharedURL, "SECRET="+sharedSecret,
		"REDIS_URL="+redisURL, "DATABASE_URL="+dsn, "IN_DATABASE="+strconv.FormatBool(inDatabase))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Better Auth: %v", err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("Better Auth: %v\n%s", err, complaints.String())
		}
	})
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("Better Auth does not start: %v\n%s", err, complaints.String())
	}
	return strings.TrimSpace(address)
}

// browser keeps the cookies of one user at both servers, which have one address
// for it.
type browser struct {
	p   *pair
	jar *cookiejar.Jar
}

func (p *pair) browser() *browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &browser{p, jar}
}

// ask sends a request as a client that has not asked before, so that no limit
// stands in the way.
func (b *browser) ask(server, method, path string, body any) (int, string) {
	b.p.strange++
	return b.askAs(fmt.Sprintf("198.51.%d.%d", b.p.strange/250, b.p.strange%250+1), server, method, path, body)
}

func (b *browser) askAs(client, server, method, path string, body any) (int, string) {
	b.p.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			b.p.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(b.p.t.Context(), method, b.p.servers[server]+"/api/auth"+path, bytes.NewReader(text))
	if err != nil {
		b.p.t.Fatal(err)
	}
	shared, _ := url.Parse(sharedURL) // constant
	for _, c := range b.jar.Cookies(shared) {
		r.AddCookie(c)
	}
	r.Header.Set("Origin", sharedURL)
	r.Header.Set("X-Forwarded-For", client)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		b.p.t.Fatal(err)
	}
	defer answer.Body.Close()
	b.jar.SetCookies(shared, answer.Cookies())
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		b.p.t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func (b *browser) must(server, method, path string, body any) string {
	b.p.t.Helper()
	status, text := b.ask(server, method, path, body)
	if status != http.StatusOK {
		b.p.t.Fatalf("%s %s %s: %d %s", server, method, path, status, text)
	}
	return text
}

// name returns the name of whoever is signed in, at a server; "" for nobody.
func (b *browser) name(server string) string {
	b.p.t.Helper()
	var out *struct{ User struct{ Name string } }
	if err := json.Unmarshal([]byte(b.must(server, http.MethodGet, "/get-session", nil)), &out); err != nil {
		b.p.t.Fatal(err)
	}
	if out == nil {
		return ""
	}
	return out.User.Name
}

func (b *browser) token() string {
	shared, _ := url.Parse(sharedURL) // constant
	for _, c := range b.jar.Cookies(shared) {
		if c.Name == "better-auth.session_token" {
			token, _, _ := strings.Cut(c.Value, ".")
			return token
		}
	}
	return ""
}

func (p *pair) signIn(server, email, password string) *browser {
	p.t.Helper()
	b := p.browser()
	b.must(server, http.MethodPost, "/sign-in/email", map[string]any{"email": email, "password": password})
	return b
}

// both are the two servers in both orders.
var both = [][2]string{{ours, theirs}, {theirs, ours}}

func TestBetterAuthOnTheSameRedisAndDatabase(t *testing.T) {
	t.Parallel()
	for _, inDatabase := range []bool{false, true} {
		t.Run(fmt.Sprint("in the database as well: ", inDatabase), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, inDatabase)
			for i, servers := range both {
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
	first := p.browser()
	first.must(one, http.MethodPost, "/sign-up/email", map[string]any{"name": "Alice", "email": email, "password": password})
	second := p.signIn(other, email, password)
	for range 2 { // each read refreshes the session
		for _, b := range []*browser{first, second} {
			for _, server := range []string{one, other, other, one} {
				if name := b.name(server); name != "Alice" {
					t.Fatalf("a session of %s: %s says it is %q", one, server, name)
				}
			}
		}
	}
	for _, server := range []string{one, other} {
		var sessions []struct{ Token string }
		if err := json.Unmarshal([]byte(first.must(server, http.MethodGet, "/list-sessions", nil)), &sessions); err != nil {
			t.Fatal(err)
		}
		if len(sessions) != 2 {
			t.Errorf("%s lists %d sessions", server, len(sessions))
		}
	}

	first.must(one, http.MethodPost, "/update-user", map[string]any{"name": "Alice L."})
	if name := second.name(other); name != "Alice L." {
		t.Errorf("a change by %s: %s says %q", one, other, name)
	}

	first.must(one, http.MethodPost, "/revoke-session", map[string]any{"token": second.token()})
	if name := second.name(other); name != "" {
		t.Errorf("a session that %s has revoked is %q for %s", one, name, other)
	}
	third := p.signIn(other, email, password)
	first.must(one, http.MethodPost, "/revoke-other-sessions", nil)
	if third.name(other) != "" || first.name(other) == "" {
		t.Errorf("after revoking the others at %s, %s has them wrong", one, other)
	}
	fourth := p.signIn(other, email, password)
	first.must(one, http.MethodPost, "/revoke-sessions", nil)
	if fourth.name(other) != "" || first.name(other) != "" {
		t.Errorf("sessions that %s has revoked live for %s", one, other)
	}
	fifth := p.signIn(one, email, password)
	token := fifth.token()
	copied := p.browser()
	shared, _ := url.Parse(sharedURL) // constant
	copied.jar.SetCookies(shared, fifth.jar.Cookies(shared))
	if copied.token() != token || copied.name(other) == "" {
		t.Fatal("the copy is not signed in")
	}
	fifth.must(one, http.MethodPost, "/sign-out", nil)
	if copied.name(other) != "" {
		t.Errorf("a session that has ended at %s lives for %s", one, other)
	}
}

// resets: a single-use value that one server hands out, the other one accepts,
// and nobody after that.
func (p *pair) resets(email, one, other string) {
	t := p.t
	t.Helper()
	b := p.browser()
	b.must(one, http.MethodPost, "/request-password-reset", map[string]any{"email": email, "redirectTo": "/reset"})
	const script = `local keys = redis.call('KEYS', ARGV[1]) return table.concat(keys, ' ')`
	const prefix = "better-auth:verification:reset-password:"
	keys, err := testservice.AskRedis(p.redis, "EVAL", script, "0", prefix+"*")
	if err != nil || !strings.HasPrefix(keys, prefix) || strings.Contains(keys, " ") {
		t.Fatalf("the keys of resets are %q, %v", keys, err)
	}
	token := strings.TrimPrefix(keys, prefix)
	body := map[string]any{"newPassword": password + "!", "token": token}
	b.must(other, http.MethodPost, "/reset-password", body)
	for _, server := range []string{one, other} {
		if status, text := b.ask(server, http.MethodPost, "/reset-password", body); status != http.StatusBadRequest {
			t.Errorf("%s accepts a token twice: %d %s", server, status, text)
		}
	}
	if p.signIn(one, email, password+"!").name(other) == "" {
		t.Error("the new password does not sign in")
	}
}

// limits: both count the requests of a client together.
func (p *pair) limits() {
	t := p.t
	t.Helper()
	b := p.browser()
	var statuses []int
	for i := range 30 {
		status, _ := b.askAs("203.0.113.77", both[i%2][0], http.MethodGet, "/list-accounts", nil)
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
