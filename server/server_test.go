package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buffer is an io.Writer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// running is a server under test.
type running struct {
	*Server
	t        *testing.T
	out, log *buffer
	stop     context.CancelFunc
	ended    chan error
}

// start runs a development server, changed by change, on a free port.
func start(t *testing.T, change func(*Config)) *running {
	t.Helper()
	c := Quickstart()
	c.Server.Listen = "localhost:0"
	c.Server.AccessLog = new(true)
	c.Database.Path = filepath.Join(t.TempDir(), "auth.db")
	if change != nil {
		change(&c)
	}
	r := &running{t: t, out: &buffer{}, log: &buffer{}, ended: make(chan error, 1)}
	var err error
	if r.Server, err = New(t.Context(), c, Streams{Out: r.out, Log: r.log}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// do sends a request and returns status, header and body.
func (r *running) do(method, path, body string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	return r.ask("http://"+r.Addr().String()+path, method, body, header...)
}

func (r *running) ask(url, method, body string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

func (r *running) signUp(email string) (int, http.Header, string) {
	r.t.Helper()
	return r.do("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"`+email+`","password":"correct horse"}`, "Content-Type", "application/json")
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happens that %s", what)
		}
	}
}

func TestEveryPathIsServedByItsOwner(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, c := range []struct {
		method, path string
		status       int
		contains     string
	}{
		{"GET", "/healthz", 200, `"ok"`},
		{"HEAD", "/healthz", 200, ""},
		{"POST", "/healthz", 405, ""},
		{"GET", "/readyz", 200, `"ready"`},
		{"GET", "/api/auth/ok", 200, `{"ok":true}`},
		{"GET", "/api/auth", 404, ""},
		{"GET", "/api/auth/nothing", 404, ""},
		{"GET", "/api/authentic", 404, ""},
		{"GET", "/", 200, "<html"},
		{"GET", "/sign-in", 200, "<html"},
		{"GET", "/nothing", 404, ""},
		{"GET", "/metrics", 404, ""},
		{"GET", "/debug/pprof/", 404, ""},
		{"GET", "/debug/vars", 404, ""},
	} {
		status, header, body := r.do(c.method, c.path, "")
		if status != c.status || !strings.Contains(body, c.contains) {
			t.Errorf("%s %s: %d %.80s", c.method, c.path, status, body)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("X-Request-Id") == "" || header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s: %v", c.method, c.path, header)
		}
	}
}

func TestTheAccountPageCanBeLeftOut(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *Config) { c.Server.AccountPage = new(false) })
	if status, _, _ := r.do("GET", "/", ""); status != 404 {
		t.Errorf("status %d", status)
	}
}

func TestTheBasePathCanBeChanged(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"/auth", "auth/", "/"} {
		r := start(t, func(c *Config) { c.BasePath = base })
		path := "/" + strings.Trim(base, "/") + "/ok"
		if status, _, body := r.do("GET", strings.Replace(path, "//", "/", 1), ""); status != 200 || body != `{"ok":true}` {
			t.Errorf("%s: %d %s", base, status, body)
		}
	}
}

func TestOnlyHTTPSServersSendHSTS(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *Config) { c.BaseURL.URL = "https://auth.example.com" })
	if _, header, _ := r.do("GET", "/healthz", ""); header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Errorf("%v", header)
	}
}

func TestRateLimitsAreOnInDevelopmentToo(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	var statuses []int
	for range 4 {
		status, _, _ := r.do("POST", "/api/auth/sign-in/email", `{"email":"a@b.example","password":"wrong horse"}`, "Content-Type", "application/json")
		statuses = append(statuses, status)
	}
	if statuses[2] != 401 || statuses[3] != 429 {
		t.Errorf("%v", statuses)
	}
}

func TestRequestIDsAreKeptIfTheyAreSane(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for given, kept := range map[string]bool{
		"0af7651916cd43dd8448eb211c80319c": true, "req_1.2-3": true,
		"short": false, "with space in it": false, "tab\tin it here": false, strings.Repeat("x", 65): false, "ünïcödé-id": false, "": false,
	} {
		_, header, _ := r.do("GET", "/healthz", "", "X-Request-Id", given)
		if got := header.Get("X-Request-Id"); (got == given) != kept || len(got) < 8 {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func TestTheAccessLogHasRoutesAndNoSecrets(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *Config) { c.Server.LogFormat = "json" })
	r.signUp("ada@example.com")
	r.do("GET", "/api/auth/reset-password/sEcReTtOkEn?callbackURL=/sEcReTqUeRy", "", "X-Request-Id", "known-request-id", "X-Forwarded-For", "203.0.113.9")
	r.do("GET", "/api/auth/sEcReTpAtH", "", "Cookie", "better-auth.session_token=sEcReTcOoKiE", "Authorization", "Bearer sEcReThEaDeR")
	r.do("BREW", "/sEcReTpAgE", "")
	log := r.log.String()
	if strings.Contains(log, "sEcReT") || strings.Contains(log, "ada@") {
		t.Errorf("a secret or an address is in the log:\n%s", log)
	}
	type line struct {
		Msg, Method, Route, IP string
		Status                 int
		RequestID              string `json:"request_id"`
		Duration               int64
	}
	var got []line
	for text := range strings.Lines(log) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Msg == "request" {
			got = append(got, l)
		}
	}
	if len(got) != 4 {
		t.Fatalf("%d lines:\n%s", len(got), log)
	}
	if l := got[1]; l.Method != "GET" || l.Route != "/api/auth/reset-password/:token" || l.IP != "203.0.113.9" || l.Status != 302 || l.RequestID != "known-request-id" || l.Duration <= 0 {
		t.Errorf("%+v", l)
	}
	if got[0].Route != "/api/auth/sign-up/email" || got[2].Route != "/api/auth/*" || got[3].Route != "/:page" || got[3].Method != "other" {
		t.Errorf("%+v", got)
	}
}

func TestMetricsAreOnAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *Config) { c.Server.MetricsListen = "localhost:0" })
	r.signUp("ada@example.com")
	for i := range 50 {
		r.do("GET", "/api/auth/no-such-"+strings.Repeat("x", i), "")
		r.do("GET", "/no-such-"+strings.Repeat("x", i), "")
	}
	url := "http://" + r.metrics[0].Addr().String()
	status, _, text := r.ask(url+"/metrics", "GET", "")
	if status != 200 {
		t.Fatal(status)
	}
	for _, want := range []string{
		`ostiary_http_requests_total{method="POST",route="/api/auth/sign-up/email",status="2xx"} 1`,
		`ostiary_http_requests_total{method="GET",route="/api/auth/*",status="4xx"} 50`,
		`ostiary_http_requests_total{method="GET",route="/:page",status="4xx"} 50`,
		`ostiary_http_request_duration_seconds_count{route="/:page"} 50`,
		`ostiary_http_requests_in_flight 0`,
		`ostiary_password_hashes_total{result="done"} 1`,
		`ostiary_password_hashes_pending 0`,
		`ostiary_mails_pending`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if n := strings.Count(text, "\n"); n > 200 {
		t.Errorf("%d lines: paths have become labels", n)
	}
	if status, _, _ := r.ask(url+"/api/auth/ok", "GET", ""); status != 404 {
		t.Errorf("the API is on the private listener: %d", status)
	}
}

func TestReadinessTellsOfTheDatabaseAndOfTheEnd(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if err := r.health.database.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, body := r.do("GET", "/readyz", ""); status != 503 || !strings.Contains(body, "the database does not answer") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := r.do("GET", "/healthz", ""); status != 200 {
		t.Errorf("liveness depends on the database: %d", status)
	}
	r.health.draining.Store(true)
	status, header, body := r.do("GET", "/readyz", "")
	if status != 503 || !strings.Contains(body, "the server is stopping") {
		t.Errorf("%d %s %v", status, body, header)
	}
}

func TestReadinessTellsOfADatabaseFileThatIsGone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	r := start(t, func(c *Config) { c.Database.Path = path })
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if status, _, body := r.do("GET", "/readyz", ""); status != 503 || !strings.Contains(body, "the database does not answer") {
		t.Errorf("%d %s", status, body)
	}
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
	if status, _, body := r.do("GET", "/readyz", ""); status != 200 {
		t.Errorf("the file is back: %d %s", status, body)
	}
}

func TestAPanicEndsOneRequest(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	front := r.public.Handler.(*observer).next.(*front)
	front.page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { panic("oops") })
	if status, _, body := r.do("GET", "/", ""); status != 500 || strings.Contains(body, "oops") {
		t.Errorf("%d %s", status, body)
	}
	if log := r.log.String(); !strings.Contains(log, "panic=oops") {
		t.Error("the panic is not logged")
	}
	if status, _, _ := r.do("GET", "/healthz", ""); status != 200 {
		t.Errorf("the server is gone: %d", status)
	}
}

func TestTooLargeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *Config) { c.Server.MaxBodyBytes, c.Server.MaxHeaderBytes = 1024, 4096 })
	body := `{"email":"` + strings.Repeat("a", 2000) + `"}`
	if status, _, _ := r.do("POST", "/api/auth/sign-in/email", body, "Content-Type", "application/json"); status != 413 {
		t.Errorf("body: %d", status)
	}
	if status, _, _ := r.do("GET", "/healthz", "", "X-Large", strings.Repeat("a", 10000)); status != 431 {
		t.Errorf("header: %d", status)
	}
}

var link = regexp.MustCompile(`https?://\S+`)

func TestALinkFromTheConsoleVerifies(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if status, _, body := r.signUp("ada@example.com"); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	eventually(t, "a mail is printed", func() bool { return strings.Contains(r.out.String(), "---- end ----") })
	_, mail, _ := strings.Cut(r.out.String(), "---- mail ----")
	status, header, _ := r.ask(strings.Replace(link.FindString(mail), "localhost", "127.0.0.1", 1), "GET", "")
	if status != 302 || header.Get("Location") != "/" {
		t.Errorf("%d %v", status, header)
	}
}

func TestAPortThatIsTakenIsExplained(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			other, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
			if err != nil {
				t.Skipf("this machine has no %s: %v", host, err)
			}
			defer func() { _ = other.Close() }()
			_, port, _ := net.SplitHostPort(other.Addr().String())
			c := Quickstart()
			c.Server.Listen = "localhost:" + port
			c.Database.Path = filepath.Join(t.TempDir(), "auth.db")
			_, err = New(t.Context(), c, Streams{})
			if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "port "+port+" is already in use") || !strings.Contains(err.Error(), "--listen") {
				t.Error(err)
			}
		})
	}
}

func TestLocalhostIsBothLoopbackAddresses(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, l := range r.listeners {
		if status, _, _ := r.ask("http://"+l.Addr().String()+"/healthz", "GET", ""); status != 200 {
			t.Errorf("%s: %d", l.Addr(), status)
		}
	}
}

func TestConfigurationsOfProduction(t *testing.T) {
	t.Parallel()
	c := parse(t, `
baseURL: https://auth.example.com
emailAndPassword: {enabled: true, minPasswordLength: 20, maxPasswordLength: 10}
advanced: {ipAddress: {trustedProxies: [nonsense]}}
session: {cookieCache: {enabled: true}}
server: {listen: "127.0.0.1:0"}
`)
	c.Database.Path = filepath.Join(t.TempDir(), "auth.db")
	_, err := New(t.Context(), c, Streams{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"secret: not set", "emailAndPassword.minPasswordLength: 20 is negative or more than maxPasswordLength, 10", "advanced.ipAddress.trustedProxies"} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("%q is not told once:\n%v", want, err)
		}
	}
	c.EmailAndPassword.MinPasswordLength, c.Advanced.IPAddress.TrustedProxies = 8, nil
	c.Secret = NewSecret()
	s, err := New(t.Context(), c, Streams{})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.URL(); got != "https://auth.example.com" {
		t.Error(got)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRequestsThatHaveBegunAreFinished(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	begun, proceed := make(chan struct{}), make(chan struct{})
	front := r.public.Handler.(*observer).next.(*front)
	front.page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-proceed
		_, _ = io.WriteString(w, "finished")
	})
	answer := make(chan string, 1)
	go func() {
		_, _, body := r.do("GET", "/", "")
		answer <- body
	}()
	<-begun
	r.stop()
	eventually(t, "the server begins to stop", r.health.draining.Load)
	close(proceed)
	if got := <-answer; got != "finished" {
		t.Errorf("answered %q", got)
	}
}

func TestARequestThatNeverEndsDoesNotKeepTheServer(t *testing.T) {
	t.Parallel()
	c := Quickstart()
	c.Server.Listen, c.Server.ShutdownTimeout = "127.0.0.1:0", 50*time.Millisecond
	c.Database.Path = filepath.Join(t.TempDir(), "auth.db")
	s, err := New(t.Context(), c, Streams{})
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	s.public.Handler.(*observer).next.(*front).page = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	go func() {
		res, err := http.Get("http://" + s.Addr().String() + "/")
		if err == nil {
			_ = res.Body.Close()
		}
	}()
	<-begun
	cancel()
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the end was not told to be late: %v", err)
	}
}

func TestADatabaseThatIsNotToBeChangedMustSuit(t *testing.T) {
	t.Parallel()
	c := Quickstart()
	c.Server.Listen = "127.0.0.1:0"
	c.Database = Database{Path: filepath.Join(t.TempDir(), "auth.db"), Migrate: new(false)}
	if _, err := New(t.Context(), c, Streams{}); err == nil || !strings.Contains(err.Error(), "ostiary migrate") || !strings.Contains(err.Error(), `"user"`) {
		t.Errorf("an empty database is accepted: %v", err)
	}
	m, err := NewMigration(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), c, Streams{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
