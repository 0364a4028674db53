package e2e

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests.
const patience = 60 * time.Second

// server is `ostiary serve` in an empty folder, with nothing configured.
type server struct {
	url string

	mu    sync.Mutex
	lines []string
	more  *sync.Cond
}

// serve builds and starts the server, and stops it when the test ends.
func serve(t *testing.T) *server {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "ostiary")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/ostiary/ostiary/cmd/ostiary")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	s := &server{}
	s.more = sync.NewCond(&s.mu)
	address := freeAddress(t)
	s.url = "http://localhost:" + address[strings.LastIndexByte(address, ':')+1:]

	command := exec.Command(binary, "serve", "--listen", address)
	command.Dir = folder
	command.Env = append(os.Environ(), "OSTIARY_SECRET=", "BETTER_AUTH_SECRET=")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			s.mu.Lock()
			s.lines = append(s.lines, scanner.Text())
			s.mu.Unlock()
			s.more.Broadcast()
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-read
		if err := command.Wait(); err != nil {
			t.Errorf("server ended with %v", err)
		}
	})
	s.waitReady(t)
	return s
}

// freeAddress returns an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func (s *server) waitReady(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the server did not become ready")
		}
	}
}

// link waits for the first mail with a subject and returns the link in it.
func (s *server) link(t *testing.T, subject string) string {
	t.Helper()
	timer := time.AfterFunc(patience, s.more.Broadcast)
	defer timer.Stop()
	deadline := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		found := false
		for _, line := range s.lines {
			found = found || strings.HasPrefix(line, "Subject: ") && strings.Contains(line, subject)
			if found && strings.HasPrefix(line, s.url) {
				return line
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no mail about %q in\n%s", subject, strings.Join(s.lines, "\n"))
		}
		s.more.Wait()
	}
}
