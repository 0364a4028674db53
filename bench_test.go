package ostiary_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/internal/sessioncache"
	passwords "github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/route"
)

const benchSecret = "benchmark-secret-0123456789-abcdefghijklmnopqrstuvwxyz"

// benchAuth returns a server on an SQLite file with one signed-in user and some
// thousand other sessions, and the Cookie header of that user.
func benchAuth(b *testing.B, cached bool) (auth *ostiary.Auth, path, cookies string) {
	b.Helper()
	auth, path, cookies = smallAuth(b, func(o *ostiary.Options) { o.Session.CookieCache.Enabled = cached })
	user, err := auth.Kernel().Users.ByEmail(b.Context(), "alice@example.com")
	if err != nil {
		b.Fatal(err)
	}
	for range 2000 {
		if _, err := auth.Kernel().Sessions.Create(b.Context(), user, true, nil); err != nil {
			b.Fatal(err)
		}
	}
	return auth, path, cookies
}

// smallAuth is benchAuth without the other sessions.
func smallAuth(b testing.TB, change func(*ostiary.Options)) (auth *ostiary.Auth, path, cookies string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "bench.db")
	off := false
	o := ostiary.Options{
		BaseURL: ostiary.StaticURL("http://localhost:3000"), Secret: benchSecret, Development: true,
		Database: sqlite.Open(path), RateLimit: core.RateLimitOptions{Enabled: &off},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	o.EmailAndPassword.Enabled = true
	change(&o)
	auth, err := ostiary.New(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = auth.Close(context.Background()) })
	if err := auth.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	result, err := ostiary.Invoke(b.Context(), auth, api.SignUpEmail, api.SignUpEmailInput{Name: "Alice", Email: "alice@example.com", Password: "correct horse battery"})
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range result.Header["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		cookies += pair + "; "
	}
	return auth, path, strings.TrimSuffix(cookies, "; ")
}

func benchRequest(cookies string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:3000/api/auth/get-session", nil)
	r.Header.Set("Cookie", cookies)
	return r
}

func BenchmarkSession(b *testing.B) {
	for _, from := range []string{"cookie cache", "database"} {
		b.Run(from, func(b *testing.B) {
			auth, _, cookies := benchAuth(b, from == "cookie cache")
			r := benchRequest(cookies)
			b.ReportAllocs()
			for b.Loop() {
				if id, err := auth.Session(r); err != nil || id == nil {
					b.Fatal(id, err)
				}
			}
		})
	}
}

// BenchmarkSessionCacheOfManyBrowsers asks with so many different cookies that
// none is remembered.
func BenchmarkSessionCacheOfManyBrowsers(b *testing.B) {
	auth, _, _ := benchAuth(b, true)
	requests := manyBrowsers(b, auth, 10_000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if id, err := auth.Session(requests[n%len(requests)]); err != nil || id == nil {
			b.Fatal(id, err)
		}
		n++
	}
}

// manyBrowsers returns requests with cookies of their own.
func manyBrowsers(b testing.TB, auth *ostiary.Auth, n int) (requests []*http.Request) {
	b.Helper()
	user, err := auth.Kernel().Users.ByEmail(b.Context(), "alice@example.com")
	if err != nil {
		b.Fatal(err)
	}
	for range n {
		id, err := auth.Kernel().Sessions.Create(b.Context(), user, true, nil)
		if err != nil {
			b.Fatal(err)
		}
		token := "better-auth.session_token=" + cookie.EncodeURIComponent(auth.Kernel().Secrets.SignedValue(id.Session.Token))
		result, err := ostiary.Invoke(b.Context(), auth, api.GetSession, api.GetSessionInput{}, ostiary.WithHeader(http.Header{"Cookie": {token}}))
		if err != nil || len(result.Header["Set-Cookie"]) == 0 {
			b.Fatal(result.Header, err)
		}
		data, _, _ := strings.Cut(result.Header["Set-Cookie"][0], ";")
		requests = append(requests, benchRequest(token+"; "+data))
	}
	return requests
}

func BenchmarkGetSessionHandler(b *testing.B) {
	for _, from := range []string{"cookie cache", "database"} {
		b.Run(from, func(b *testing.B) {
			auth, _, cookies := benchAuth(b, from == "cookie cache")
			benchHandler(b, auth, cookies)
		})
	}
	b.Run("bare handler, cookie cache", func(b *testing.B) {
		_, _, cookies := benchAuth(b, true)
		benchHandler(b, bareCacheHandler(b), cookies)
	})
	b.Run("bare handler, database", func(b *testing.B) {
		_, path, cookies := benchAuth(b, false)
		benchHandler(b, bareHandler(b, path), cookies)
	})
}

func benchHandler(b *testing.B, h http.Handler, cookies string) {
	r := benchRequest(cookies)
	b.ReportAllocs()
	w := &sink{header: http.Header{}}
	for b.Loop() {
		serveOnce(b, h, w, r)
	}
}

// sink is a ResponseWriter that costs next to nothing.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(text []byte) (int, error) {
	s.bytes += len(text)
	return len(text), nil
}

func serveOnce(tb testing.TB, h http.Handler, w *sink, r *http.Request) {
	tb.Helper()
	clear(w.header)
	w.status, w.bytes = http.StatusOK, 0
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK || w.bytes < 100 {
		tb.Fatalf("answered %d with %d bytes", w.status, w.bytes)
	}
}

// BenchmarkGetSessionHTTP asks over real connections, 16 at a time.
func BenchmarkGetSessionHTTP(b *testing.B) {
	for _, from := range []string{"cookie cache", "database"} {
		b.Run(from, func(b *testing.B) {
			auth, _, cookies := benchAuth(b, from == "cookie cache")
			benchHTTP(b, auth, cookies)
		})
	}
	b.Run("bare handler, cookie cache", func(b *testing.B) {
		_, _, cookies := benchAuth(b, true)
		benchHTTP(b, bareCacheHandler(b), cookies)
	})
	b.Run("bare handler, database", func(b *testing.B) {
		_, path, cookies := benchAuth(b, false)
		benchHTTP(b, bareHandler(b, path), cookies)
	})
}

func benchHTTP(b *testing.B, h http.Handler, cookies string) {
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequest(http.MethodGet, server.URL+"/api/auth/get-session", nil)
			r.Header.Set("Cookie", cookies)
			response, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK {
				b.Error(response.Status)
				return
			}
		}
	})
}

// bareCacheHandler is what one would write by hand to answer from the cookie
// cache: it checks the signatures of both cookies and repeats what they say.
func bareCacheHandler(b *testing.B) http.Handler {
	b.Helper()
	keys, err := secret.NewKeyring(secret.Options{Secret: benchSecret})
	if err != nil {
		b.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, tokenErr := r.Cookie("better-auth.session_token")
		data, dataErr := r.Cookie("better-auth.session_data")
		if tokenErr != nil || dataErr != nil {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		signed, err := url.PathUnescape(token.Value)
		if err != nil {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		if _, state := keys.OpenSigned(signed); state != secret.Valid {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		cached, _, err := sessioncache.Decode(sessioncache.Compact, keys, data.Value, time.Now())
		if err != nil {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		body := append(make([]byte, 0, 1024), `{"session":`...)
		body = append(append(body, cached.Session...), `,"user":`...)
		body = append(append(body, cached.User...), '}')
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(body)
	})
}

// bareHandler is what one would write by hand for this one endpoint: it checks
// the cookie, runs one prepared JOIN through the same driver and encodes the same
// JSON.
func bareHandler(b *testing.B, path string) http.Handler {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	statement, err := db.PrepareContext(b.Context(), `SELECT s.id, s."expiresAt"||'', s.token, s."createdAt"||'', s."updatedAt"||'', s."ipAddress", s."userAgent", s."userId",
		u.id, u.name, u.email, u."emailVerified", u.image, u."createdAt"||'', u."updatedAt"||'' FROM session s JOIN user u ON u.id = s."userId" WHERE s.token = ?`)
	if err != nil {
		b.Fatal(err)
	}
	keys, err := secret.NewKeyring(secret.Options{Secret: benchSecret})
	if err != nil {
		b.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("better-auth.session_token")
		if err != nil {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		token, state := keys.OpenSigned(strings.NewReplacer("%2B", "+", "%2F", "/", "%3D", "=").Replace(c.Value))
		if state != secret.Valid {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		var s api.SessionAndUser
		var times [5]string
		err = statement.QueryRowContext(r.Context(), token).Scan(&s.Session.ID, &times[0], &s.Session.Token, &times[1], &times[2], &s.Session.IPAddress, &s.Session.UserAgent, &s.Session.UserID,
			&s.User.ID, &s.User.Name, &s.User.Email, &s.User.EmailVerified, &s.User.Image, &times[3], &times[4])
		for i, into := range []*time.Time{&s.Session.ExpiresAt, &s.Session.CreatedAt, &s.Session.UpdatedAt, &s.User.CreatedAt, &s.User.UpdatedAt} {
			if err == nil {
				*into, err = time.Parse(time.RFC3339Nano, times[i])
			}
		}
		if err != nil || !s.Session.ExpiresAt.After(time.Now()) {
			http.Error(w, "null", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(s.AppendJSON(make([]byte, 0, 1024)))
	})
}

func BenchmarkSignIn(b *testing.B) {
	b.Run("password hash alone", func(b *testing.B) {
		hasher := passwords.NewScrypt(passwords.Limits{})
		hash, err := hasher.Hash(b.Context(), "correct horse battery")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if ok, err := hasher.Verify(b.Context(), hash, "correct horse battery"); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("sign-in", func(b *testing.B) {
		auth, _, _ := benchAuth(b, false)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := auth.API.SignInEmail(b.Context(), api.SignInEmailInput{Email: "alice@example.com", Password: "correct horse battery"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSignUp(b *testing.B) {
	auth, _, _ := benchAuth(b, false)
	var n atomic.Int64
	b.ReportAllocs()
	for b.Loop() {
		in := api.SignUpEmailInput{Name: "Bob", Email: fmt.Sprintf("bob%d@example.com", n.Add(1)), Password: "correct horse battery"}
		if _, err := auth.API.SignUpEmail(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHooks calls the cheapest endpoint there is with hooks that do
// nothing: what differs is what a hook costs. A hundred show it where the noise of
// the machine hides one.
func BenchmarkHooks(b *testing.B) {
	untyped := hooks.BeforeAll(func(*core.Context) error { return nil })
	typed := hooks.Before(api.OK, func(*core.Context, *route.None) error { return nil })
	for _, run := range []struct {
		name string
		set  hooks.Set
	}{
		{"none", nil},
		{"one untyped", hooks.Set{untyped}},
		{"one typed", hooks.Set{typed}},
		{"100 untyped", slices.Repeat(hooks.Set{untyped}, 100)},
		{"100 typed", slices.Repeat(hooks.Set{typed}, 100)},
	} {
		b.Run(run.name, func(b *testing.B) {
			set := run.set
			auth, err := ostiary.New(ostiary.Options{
				BaseURL: ostiary.StaticURL("http://localhost:3000"), Secret: benchSecret, Database: memory.New(), Hooks: set,
				Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
			})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = auth.Close(context.Background()) })
			b.ReportAllocs()
			for b.Loop() {
				if _, err := auth.API.OK(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
