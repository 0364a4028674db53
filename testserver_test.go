package ostiary_test

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

const (
	siteURL      = "https://app.example.com"
	basePath     = "/api/auth"
	testSecret   = "a-test-secret-of-0123456789-abcdefghijklmnopqrstuvwxyz"
	goodPassword = "correct horse battery"

	sessionCookie = "__Secure-better-auth.session_token"
	cacheCookie   = "__Secure-better-auth.session_data"
)

// server is an authentication server under test, with everything that tests
// look at or turn.
type server struct {
	*ostiary.Auth
	t      testing.TB
	clock  *clock
	mails  *outbox
	hasher *hasher
	logs   *logBuffer
	url    string // of the server, without base path
	remote http.RoundTripper
}

// newServer returns a server with passwords, mails and all features on, over a
// database in memory, with rate limits off.
func newServer(t testing.TB, settings ...setting) *server {
	t.Helper()
	s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}, url: siteURL}
	o := s.options()
	for _, set := range settings {
		set(s, &o)
	}
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	s.Auth = auth
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if _, hasTables := o.Database.(migrate.Database); hasTables {
		if err := auth.Migrate(t.Context()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
	}
	return s
}

func (s *server) options() ostiary.Options {
	return ostiary.Options{
		BaseURL:  ostiary.StaticURL(siteURL),
		Secret:   testSecret,
		Database: memory.New(),
		EmailAndPassword: emailpassword.Options{
			Enabled: true, Hasher: s.hasher,
			SendResetPassword: func(_ context.Context, m emailpassword.ResetMail) error {
				return s.mails.add(mail{kind: "reset", to: m.User.Email, url: m.URL, token: m.Token})
			},
		},
		EmailVerification: emailverification.Options{Send: func(_ context.Context, m emailverification.Mail) error {
			return s.mails.add(mail{kind: "verification", to: m.User.Email, url: m.URL, token: m.Token})
		}},
		User: ostiary.UserOptions{Options: user.Options{
			ChangeEmail: user.ChangeEmailOptions{Enabled: true},
			DeleteUser:  user.DeleteUserOptions{Enabled: true},
		}},
		RateLimit: core.RateLimitOptions{Enabled: new(false)},
		Logger:    slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Advanced:  ostiary.AdvancedOptions{Now: s.clock.Now},
	}
}

// setting changes the options of a server before it is made.
type setting func(s *server, o *ostiary.Options)

func onSQLite(_ *server, o *ostiary.Options) { o.Database = sqlite.Open(sqlite.Memory) }

func withCache(strategy core.CacheStrategy) setting {
	return func(_ *server, o *ostiary.Options) {
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: strategy}
	}
}

func withLimits(_ *server, o *ostiary.Options) { o.RateLimit.Enabled = new(true) }

func withDeleteMail(s *server, o *ostiary.Options) {
	o.User.DeleteUser.SendVerification = func(_ context.Context, m user.DeleteMail) error {
		return s.mails.add(mail{kind: "delete", to: m.User.Email, url: m.URL, token: m.Token})
	}
}

func withChangeConfirmation(s *server, o *ostiary.Options) {
	o.User.ChangeEmail.SendConfirmation = func(_ context.Context, m emailverification.ChangeMail) error {
		return s.mails.add(mail{kind: "confirmation", to: m.User.Email, url: m.URL, token: m.Token})
	}
}

// onEveryStore runs a test on every kind of store that the root module has.
func onEveryStore(t *testing.T, test func(t *testing.T, store setting)) {
	t.Helper()
	stores := map[string]func(t *testing.T) database.Adapter{
		"memory":        func(*testing.T) database.Adapter { return memory.New() },
		"sqlite memory": func(*testing.T) database.Adapter { return sqlite.Open(sqlite.Memory) },
		"sqlite file": func(t *testing.T) database.Adapter {
			return sqlite.Open(filepath.Join(t.TempDir(), "auth.db"))
		},
		"postgres": func(t *testing.T) database.Adapter {
			return opened(t, func() (database.Adapter, error) { return postgres.Open(testservice.Postgres(t)) })
		},
		"mariadb": func(t *testing.T) database.Adapter {
			return opened(t, func() (database.Adapter, error) { return mysql.Open(testservice.MariaDB(t)) })
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(_ *server, o *ostiary.Options) { o.Database = open(t) })
		})
	}
}

func opened(t *testing.T, open func() (database.Adapter, error)) database.Adapter {
	t.Helper()
	a, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// clock is a clock that stands still until it is advanced.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// mail is a mail that the server wanted to be sent.
type mail struct{ kind, to, url, token string }

type outbox struct {
	mu   sync.Mutex
	all  []mail
	fail error // what every callback returns
	// announced, if set, is told of every mail.
	announced io.Writer
}

func (o *outbox) add(m mail) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, m)
	if o.announced != nil {
		_, _ = fmt.Fprintln(o.announced, "mail", m.kind, "to", m.to)
	}
	return o.fail
}

func (o *outbox) list() []mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]mail(nil), o.all...)
}

// last returns the last mail of a kind.
func (o *outbox) last(t testing.TB, kind string) mail {
	t.Helper()
	var found mail
	for _, m := range o.list() {
		if m.kind == kind {
			found = m
		}
	}
	if found.kind == "" {
		t.Fatalf("no mail of kind %q was sent", kind)
	}
	return found
}

func (o *outbox) count(kind string) int {
	n := 0
	for _, m := range o.list() {
		if m.kind == kind {
			n++
		}
	}
	return n
}

// hasher is a cheap hasher that counts and can be made to wait.
type hasher struct {
	hashes, verifies atomic.Int64
	// gate, when set, is called before every Verify, without a lock held.
	gate atomic.Pointer[func(ctx context.Context) error]
	// hashGate is the same for Hash.
	hashGate atomic.Pointer[func(ctx context.Context) error]
}

func (h *hasher) Hash(ctx context.Context, password string) (string, error) {
	h.hashes.Add(1)
	if gate := h.hashGate.Load(); gate != nil {
		if err := (*gate)(ctx); err != nil {
			return "", err
		}
	}
	return "plain:" + password, nil
}

func (h *hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	h.verifies.Add(1)
	if gate := h.gate.Load(); gate != nil {
		if err := (*gate)(ctx); err != nil {
			return false, err
		}
	}
	return subtle.ConstantTimeCompare([]byte(hash), []byte("plain:"+password)) == 1, nil
}

func (h *hasher) work() int64 { return h.hashes.Load() + h.verifies.Load() }

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// client is a browser: it keeps cookies and says from where it asks.
type client struct {
	s      *server
	http   *http.Client
	jar    *cookiejar.Jar
	origin string      // of the page that asks; "" sends no Origin
	header http.Header // sent with every request
}

func (s *server) client() *client {
	jar, _ := cookiejar.New(nil) // never fails
	transport := s.remote
	if transport == nil {
		transport = inProcess{s.Auth}
	}
	return &client{s: s, jar: jar, origin: s.url, header: http.Header{}, http: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// inProcess answers requests by a handler, without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.10:4711"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, in)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// overNetwork serves s over a real connection.
func (s *server) overNetwork() *server {
	listener := httptest.NewServer(s.Auth)
	s.t.Cleanup(listener.Close)
	target, _ := url.Parse(listener.URL) // made by httptest
	s.remote = redirected{target.Host, listener.Client().Transport}
	return s
}

// redirected sends every request to one host, whatever its URL says.
type redirected struct {
	host string
	next http.RoundTripper
}

func (t redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	out.URL.Scheme, out.URL.Host = "http", t.host
	answer, err := t.next.RoundTrip(out)
	if answer != nil {
		answer.Request = r
	}
	return answer, err
}

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) String() string { return fmt.Sprintf("%d %s", r.status, r.body) }

// code returns the error code in the body.
func (r reply) code() string {
	var body struct{ Code string }
	_ = json.Unmarshal([]byte(r.body), &body) // no code if it is no object
	return body.Code
}

func (r reply) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		t.Fatalf("answer %v is not the JSON expected: %v", r, err)
	}
}

// cookie returns the last cookie of that name that the answer sets, or nil.
func (r reply) cookie(name string) *http.Cookie {
	var found *http.Cookie
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == name {
			found = c
		}
	}
	return found
}

// want ends the test unless the answer is of that status and code.
func (r reply) want(t testing.TB, status int, code string) reply {
	t.Helper()
	if r.status != status || r.code() != code {
		t.Fatalf("answer is %v, want %d %s", r, status, code)
	}
	return r
}

func (r reply) ok(t testing.TB) reply {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("answer is %v, want 200", r)
	}
	return r
}

// fields is a JSON object.
type fields = map[string]any

func (c *client) get(path string) reply { return c.do(c.request(http.MethodGet, path, nil)) }

// post sends a value as JSON; nil sends no body.
func (c *client) post(path string, body any) reply {
	c.s.t.Helper()
	if body == nil {
		return c.do(c.request(http.MethodPost, path, nil))
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.s.t.Fatalf("encode body: %v", err)
	}
	return c.do(c.request(http.MethodPost, path, text))
}

// request returns a request for a path below the base path.
func (c *client) request(method, path string, body []byte) *http.Request {
	r, err := http.NewRequest(method, c.s.url+basePath+path, bytes.NewReader(body))
	if err != nil {
		c.s.t.Fatalf("make request: %v", err)
	}
	r = r.WithContext(context.Background())
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.origin != "" {
		r.Header.Set("Origin", c.origin)
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	return r
}

func (c *client) do(r *http.Request) reply {
	answer, err := c.http.Do(r)
	if err != nil {
		c.s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		return reply{header: http.Header{}}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.s.t.Errorf("read the answer of %s %s: %v", r.Method, r.URL, err)
	}
	return reply{answer.StatusCode, answer.Header, string(body)}
}

// follow opens a link that was mailed.
func (c *client) follow(link string) reply {
	c.s.t.Helper()
	path, ok := strings.CutPrefix(link, c.s.url+basePath)
	if !ok {
		c.s.t.Fatalf("the link %q does not lead to the server", link)
	}
	return c.get(path)
}

// session returns what get-session answers; nil for nobody.
func (c *client) session() *api.SessionAndUser {
	c.s.t.Helper()
	return c.sessionOf(c.get("/get-session"))
}

func (c *client) sessionOf(r reply) *api.SessionAndUser {
	c.s.t.Helper()
	var out *api.SessionAndUser
	r.ok(c.s.t).decode(c.s.t, &out)
	return out
}

func (c *client) signIn(email, password string) reply {
	return c.post("/sign-in/email", fields{"email": email, "password": password})
}

// cookies returns the cookies that the client would send.
func (c *client) cookies() []*http.Cookie {
	u, _ := url.Parse(c.s.url + basePath + "/") // constant
	return c.jar.Cookies(u)
}

// setCookie plants a cookie in the browser.
func (c *client) setCookie(name, value string) {
	u, _ := url.Parse(c.s.url + "/") // constant
	c.jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// copyOf returns another browser with the cookies of this one.
func (c *client) copyOf() *client {
	other := c.s.client()
	for _, k := range c.cookies() {
		other.setCookie(k.Name, k.Value)
	}
	return other
}

func (c *client) cookieHeader() string {
	var b strings.Builder
	for _, k := range c.cookies() {
		fmt.Fprintf(&b, "%s=%s; ", k.Name, k.Value)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// signUp signs a new user up and returns the browser in which that happened.
func (s *server) signUp(email string) *client {
	s.t.Helper()
	c := s.client()
	c.post("/sign-up/email", fields{"name": "Somebody", "email": email, "password": goodPassword}).ok(s.t)
	return c
}

// rows returns the stored rows of a model.
func (s *server) rows(model string) []database.Record {
	s.t.Helper()
	rows, err := s.Kernel().DB.FindMany(context.Background(), database.Query{Table: s.Kernel().DB.Table(model), Limit: 10_000})
	if err != nil {
		s.t.Fatalf("read %s: %v", model, err)
	}
	return rows
}

// wantRows ends the test unless the tables hold so many rows.
func (s *server) wantRows(users, sessions, accounts int) {
	s.t.Helper()
	got := [3]int{len(s.rows(schema.UserKey)), len(s.rows(schema.SessionKey)), len(s.rows(schema.AccountKey))}
	if want := [3]int{users, sessions, accounts}; got != want {
		s.t.Errorf("users, sessions, accounts stored are %v, want %v", got, want)
	}
}

func (s *server) userByEmail(email string) *core.User {
	s.t.Helper()
	u, err := s.Kernel().Users.ByEmail(context.Background(), email)
	if err != nil || u == nil {
		s.t.Fatalf("user %s: %v, %v", email, u, err)
	}
	return u
}

// verifyAddress marks an address as verified.
func (s *server) verifyAddress(email string) {
	s.t.Helper()
	change := s.Kernel().Users.Table().NewRow().Set("emailVerified", true)
	if _, err := s.Kernel().Users.Update(context.Background(), s.userByEmail(email).ID, change); err != nil {
		s.t.Fatal(err)
	}
}

// parallel runs a function n times at once and returns what it returned.
func parallel[T any](n int, run func(i int) T) []T {
	results := make([]T, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			results[i] = run(i)
		})
	}
	close(start)
	all.Wait()
	return results
}

// tally counts answers by status and code.
func tally(replies []reply) map[string]int {
	counts := map[string]int{}
	for _, r := range replies {
		key := fmt.Sprint(r.status)
		if code := r.code(); code != "" {
			key += " " + code
		}
		counts[key]++
	}
	return counts
}

type emailReset = emailpassword.ResetMail

func idIs(id string) database.Where { return database.Eq("id", id) }
