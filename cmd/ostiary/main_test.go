package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ostiary/ostiary/internal/console"
)

// binary is the built command, as people run it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ostiary-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ostiary")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

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

// process is a running server.
type process struct {
	t        *testing.T
	command  *exec.Cmd
	out, err *buffer
	url      string
	ended    chan error
}

var address = regexp.MustCompile(`API +(http://\S+)/api/auth`)

// serve starts a server in a directory and waits until it is ready.
func serve(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return serveBy(t, dir, exec.Command(path, append([]string{"serve"}, args...)...))
}

// serveBy is serve with a command of one's own.
func serveBy(t *testing.T, dir string, command *exec.Cmd) *process {
	t.Helper()
	p := begin(t, dir, command)
	eventually(t, "the server is ready", func() bool { return p.status("/readyz") == http.StatusOK }, p.err)
	return p
}

// begin starts a server, which need not become ready.
func begin(t *testing.T, dir string, command *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, command: command, out: &buffer{}, err: &buffer{}, ended: make(chan error, 1)}
	p.command.Dir, p.command.Stdout, p.command.Stderr, p.command.Env = dir, p.out, p.err, []string{"PATH=" + os.Getenv("PATH")}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.command.Wait() }()
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	eventually(t, "the server says where it is", func() bool { return address.MatchString(p.out.String()) }, p.err)
	p.url = address.FindStringSubmatch(p.out.String())[1]
	return p
}

func eventually(t *testing.T, what string, holds func() bool, log *buffer) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happens that %s\n%s", what, log)
		}
	}
}

func (p *process) status(path string) int {
	res, err := http.Get(p.url + path)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// end sends SIGTERM and waits for the end.
func (p *process) end() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return <-p.ended
}

// browser is a client with cookies.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func send(t *testing.T, c *http.Client, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	origin, _, _ := strings.Cut(url, "/api")
	req.Header.Set("Origin", origin)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

var mailed = regexp.MustCompile(`http://\S+/verify-email\S+`)

func TestALifeFromAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, "--listen", "127.0.0.1:0")
	api := p.url + "/api/auth"
	c := browser(t)
	if status, body := send(t, c, "POST", api+"/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`); status != 200 {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	eventually(t, "the mail is printed", func() bool { return strings.Contains(p.out.String(), "---- end ----") }, p.err)
	if status, body := send(t, c, "GET", mailed.FindString(p.out.String()), ""); status != 302 {
		t.Fatalf("verify: %d %s", status, body)
	}
	if _, body := send(t, c, "GET", api+"/get-session", ""); !strings.Contains(body, `"emailVerified":true`) {
		t.Fatalf("not verified: %s", body)
	}
	for _, name := range []string{"ostiary.db", "ostiary.db.secret"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
	if err := p.end(); err != nil {
		t.Fatalf("%v\n%s", err, p.err)
	}
	again := serve(t, dir, "--listen", strings.TrimPrefix(strings.Replace(p.url, "localhost", "127.0.0.1", 1), "http://"))
	if _, body := send(t, c, "GET", again.url+"/api/auth/get-session", ""); !strings.Contains(body, `"ada@example.com"`) {
		t.Errorf("the session did not survive the restart: %s", body)
	}
	if err := again.end(); err != nil {
		t.Errorf("%v\n%s", err, again.err)
	}
}

func TestStoppingUnderLoadFailsNoRequest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "ostiary.yaml")
	text := "emailAndPassword: {enabled: true}\nrateLimit: {enabled: false}\nserver: {development: true, drainDelay: 1}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serve(t, dir, "--listen", "127.0.0.1:0", "--config", config)
	var draining atomic.Bool
	var served atomic.Int64
	var load sync.WaitGroup
	for worker := range 8 {
		load.Go(func() {
			c := browser(t)
			path, method, body := "/api/auth/get-session", "GET", ""
			if worker%2 == 1 {
				path, method, body = "/api/auth/sign-in/email", "POST", `{"email":"nobody@example.com","password":"wrong horse"}`
			}
			for !draining.Load() { // like a load balancer, which watches readiness
				status, text := send(t, c, method, p.url+path, body)
				if status != 200 && status != 401 {
					t.Errorf("%s: %d %s", path, status, text)
					return
				}
				served.Add(1)
			}
		})
	}
	eventually(t, "there is load", func() bool { return served.Load() > 200 }, p.err)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is not ready any more", func() bool { return p.status("/readyz") == http.StatusServiceUnavailable }, p.err)
	draining.Store(true)
	load.Wait()
	if err := <-p.ended; err != nil {
		t.Errorf("%v\n%s", err, p.err)
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "ostiary.json")
	if err := os.WriteFile(config, []byte(`{"server": {"development": true, "drainDelay": 600}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serve(t, dir, "--listen", "127.0.0.1:0", "--config", config)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is not ready any more", func() bool { return p.status("/readyz") == http.StatusServiceUnavailable }, p.err)
	if err := p.end(); err == nil {
		t.Error("it ended as if nothing had been left undone")
	}
}

func TestAPortInUseIsExplained(t *testing.T) {
	t.Parallel()
	p := serve(t, t.TempDir(), "--listen", "127.0.0.1:0")
	_, port, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), ":")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	second := exec.CommandContext(t.Context(), path, "serve", "--listen", "127.0.0.1:"+port)
	second.Dir = t.TempDir()
	out, err := second.CombinedOutput()
	if code := second.ProcessState.ExitCode(); err == nil || code != 1 {
		t.Errorf("exit code %d", code)
	}
	if want := "port " + port + " is already in use"; !strings.Contains(string(out), want) || !strings.Contains(string(out), "--listen") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%s", out)
	}
	if files, _ := os.ReadDir(second.Dir); len(files) > 0 {
		t.Errorf("it left %v", files)
	}
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

// command runs a command in-process.
func command(t *testing.T, input string, args ...string) (code int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, &console.Console{
		In: strings.NewReader(input), Out: &stdout, Err: &stderr, Lookup: func(string) (string, bool) { return "", false },
	})
	return code, stdout.String(), stderr.String()
}

func TestExitCodesAndMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("sesion: {}\nappName: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(dir, "bare.yaml")
	if err := os.WriteFile(bare, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{nil, 0, "Usage: ostiary", ""},
		{[]string{"--help"}, 0, "Usage: ostiary", ""},
		{[]string{"serve", "--help"}, 0, "--listen", ""},
		{[]string{"version"}, 0, "ostiary ", ""},
		{[]string{"sreve"}, 2, "", "sreve"},
		{[]string{"serve", "--lisen", "x"}, 2, "", "--lisen"},
		{[]string{"serve", "-c", bad}, 1, "", "bad.yaml:1: sesion: unknown key; did you mean session?\nbad.yaml:2: appName: expected text"},
		{[]string{"serve", "-c", filepath.Join(dir, "none.yaml")}, 1, "", "no such file"},
		{[]string{"serve", "--listen", "nonsense"}, 1, "", "--listen"},
		{[]string{"serve", "--database", "oracle://h/db", "--listen", "127.0.0.1:0"}, 1, "", "oracle"},
		{[]string{"migrate", "--database", "oracle:x"}, 1, "", "oracle"},
		{[]string{"doctor", "-c", bare, "--database", filepath.Join(dir, "d.db")}, 3, "serious: secret: not set", "serious problems have to be solved"},
		{[]string{"doctor", "--database", filepath.Join(dir, "d.db")}, 0, "hint: server.development", ""},
	} {
		code, out, errors := command(t, "", c.args...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errors, c.err) || (c.err == "") != (errors == "") {
			t.Errorf("%v: %d\n%s\n%s", c.args, code, out, errors)
		}
	}
}

func TestSecretsAreRandomAndAlone(t *testing.T) {
	t.Parallel()
	_, first, _ := command(t, "", "secret")
	_, second, _ := command(t, "", "secret")
	if !regexp.MustCompile(`^[0-9a-f]{64}\n$`).MatchString(first) || first == second {
		t.Errorf("%q %q", first, second)
	}
}

func TestMigrateShowsAsksAndActs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth.db")
	for _, step := range []struct {
		name, input string
		flags       []string
		code        int
		contains    string
	}{
		{"a dry run", "", []string{"--dry-run"}, 0, `create table "user"`},
		{"no answer", "", nil, 1, `create table "user"`},
		{"no", "no\n", nil, 1, "[y/N]"},
		{"yes", "yes\n", nil, 0, "Done."},
		{"again", "", nil, 0, "nothing to do"},
		{"again without asking", "", []string{"--yes"}, 0, "nothing to do"},
	} {
		code, out, errors := command(t, step.input, append([]string{"migrate", "--database", file}, step.flags...)...)
		if code != step.code || !strings.Contains(out, step.contains) {
			t.Errorf("%s: %d\n%s%s", step.name, code, out, errors)
		}
	}
}

// freeAddress returns an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
