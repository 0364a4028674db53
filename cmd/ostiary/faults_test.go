package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// configured writes a configuration file and returns the arguments that use it.
func configured(t *testing.T, text string) (dir string, args []string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "ostiary.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, []string{"--listen", "127.0.0.1:0", "--config", path}
}

// memory returns the resident set of the process in MiB.
func (p *process) memory() float64 {
	p.t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		p.t.Skipf("the memory of a process is read from Linux: %v", err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == "VmRSS:" {
			kilobytes, _ := strconv.ParseFloat(words[1], 64)
			return kilobytes / 1024
		}
	}
	p.t.Fatal("no VmRSS")
	return 0
}

// ask sends a request for a client behind a proxy.
func (p *process) ask(client *http.Client, address, path, body string) (status int, retryAfter string) {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+"/api/auth"+path, strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return 0, ""
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", address)
	response, err := client.Do(r)
	if err != nil {
		p.t.Errorf("%s: %v", path, err)
		return 0, ""
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode, response.Header.Get("Retry-After")
}

// One client sends several times as many passwords as can be hashed.
func TestAFloodOfPasswordsIsRefusedAndHitsNobodyElse(t *testing.T) {
	t.Parallel()
	const lanes, queue = 2, 8
	dir, args := configured(t, fmt.Sprintf(`
emailAndPassword: {enabled: true}
rateLimit: {enabled: false}
server: {development: true, accessLog: false, passwordHashing: {parallel: 1, batch: %d, queue: %d}}
`, lanes, queue))
	p := serve(t, dir, args...)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	const ada = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	if status, _ := p.ask(client, "203.0.113.2", "/sign-up/email", ada); status != 200 {
		t.Fatalf("sign-up: %d", status)
	}
	before := p.memory()

	var over atomic.Bool
	var refused, hashed atomic.Int64
	var flood sync.WaitGroup
	for i := range 60 {
		flood.Go(func() {
			path := []string{"/sign-in/email", "/sign-up/email"}[i%2]
			for n := 0; !over.Load(); n++ {
				switch status, retryAfter := p.ask(client, "203.0.113.1", path, fmt.Sprintf(`{"name":"N","email":"user-%d-%d@example.com","password":"wrong horse"}`, i, n)); {
				case status == 503 && retryAfter != "":
					refused.Add(1)
				case status == 401 || status == 200:
					hashed.Add(1)
				default:
					t.Errorf("%s: %d, Retry-After %q", path, status, retryAfter)
				}
			}
		})
	}
	eventually(t, "the flood is refused", func() bool { return refused.Load() > 100 && hashed.Load() > 10 }, p.err)
	most, longest := 0.0, time.Duration(0)
	for range 5 {
		if status, retryAfter := p.ask(client, "203.0.113.2", "/sign-in/email", ada); status != 200 {
			t.Errorf("the sign-in of another client: %d, Retry-After %q", status, retryAfter)
		}
		for range 20 {
			began := time.Now()
			if status, _ := p.ask(client, "203.0.113.2", "/get-session", ""); status != 200 {
				t.Errorf("get-session: %d", status)
			}
			longest = max(longest, time.Since(began))
		}
		most = max(most, p.memory())
	}
	over.Store(true)
	flood.Wait()
	if allowed := before + lanes*32 + 64; most > allowed {
		t.Errorf("the process had %.0f MiB before and %.0f at most, %.0f are allowed", before, most, allowed)
	}
	if longest > 2*time.Second {
		t.Errorf("get-session took up to %v", longest)
	}
	t.Logf("%d hashed, %d refused; get-session took up to %v; memory %.0f MiB before, %.0f at most", hashed.Load(), refused.Load(), longest, before, most)
	if err := p.end(); err != nil {
		t.Errorf("%v\n%s", err, p.err)
	}
}

// dial opens connections that send the beginning of a request and then nothing.
func (p *process) dial(n int) []net.Conn {
	p.t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			p.t.Fatalf("connection %d: %v", i, err)
		}
		conns[i] = c
		_, _ = io.WriteString(c, "GET /api/auth/ok HTTP/1.1\r\nHost: x\r\nX-Slow: ") // it may be refused already
	}
	return conns
}

func TestSlowConnectionsAreEndedAndCostLittle(t *testing.T) {
	t.Parallel()
	const places = 1000
	dir, args := configured(t, fmt.Sprintf("server: {development: true, accessLog: false, maxConnections: %d, readHeaderTimeout: 3}\n", places))
	p := serve(t, dir, args...)
	before := p.memory()
	conns := p.dial(places)
	// Whoever comes now waits for a place, and gets one when the time of the others
	// is over.
	if status := p.status("/healthz"); status != 200 {
		t.Errorf("behind %d slow clients: %d", places, status)
	}
	each := (p.memory() - before) * 1024 / places
	if each > 32 {
		t.Errorf("each connection took %.1f KiB", each)
	}
	t.Logf("each connection took %.1f KiB", each)
	for i, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatalf("the connection %d is still open", i)
		}
		_ = c.Close()
	}
	if status := p.status("/readyz"); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	if err := p.end(); err != nil {
		t.Errorf("%v\n%s", err, p.err)
	}
}

func TestAServerWithoutFilesLeftRecovers(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir, args := configured(t, "server: {development: true, accessLog: false}\n")
	p := serveBy(t, dir, exec.Command("/bin/sh", append([]string{"-c", `ulimit -n 64; exec "$@"`, "sh", path, "serve"}, args...)...))
	conns := p.dial(100) // those without a place wait with the operating system
	busyBefore := p.processorTime()
	began := time.Now()
	eventually(t, "half a second is over", func() bool { return time.Since(began) > 500*time.Millisecond }, p.err)
	if busy := p.processorTime() - busyBefore; busy > 250*time.Millisecond {
		t.Errorf("it worked for %v although there was nothing to do", busy)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	eventually(t, "the server is ready again", func() bool { return p.status("/readyz") == http.StatusOK }, p.err)
	if err := p.end(); err != nil {
		t.Errorf("%v\n%s", err, p.err)
	}
}

// processorTime is how long the process has worked.
func (p *process) processorTime() time.Duration {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		p.t.Skipf("the time of a process is read from Linux: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	words := strings.Fields(rest)
	var ticks int
	for _, word := range words[11:13] { // of the program and of the system
		n, _ := strconv.Atoi(word)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
