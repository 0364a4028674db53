//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// starve lets a process run for every other period only, until stop is called.
func (p *process) starve(period time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		turns := time.NewTicker(period)
		defer turns.Stop()
		for stopped := false; ; stopped = !stopped {
			signal := syscall.SIGSTOP
			if stopped {
				signal = syscall.SIGCONT
			}
			_ = p.command.Process.Signal(signal)
			select {
			case <-turns.C:
			case <-done:
				_ = p.command.Process.Signal(syscall.SIGCONT)
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// A server with one thread and half a processor, which has more passwords to hash
// than it can, ends every request in time and answers its probes.
func TestRR_67_ALittleProcessorTimeKeepsTheDeadlines(t *testing.T) {
	t.Parallel()
	const requestTimeout = 3 * time.Second
	dir, args := configured(t, fmt.Sprintf(`
emailAndPassword: {enabled: true}
rateLimit: {enabled: false}
server: {development: true, accessLog: false, requestTimeout: %d}
`, int(requestTimeout.Seconds())))
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := serveBy(t, dir, exec.Command("env", append([]string{"GOMAXPROCS=1", program, "serve"}, args...)...))
	stop := p.starve(5 * time.Millisecond)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	defer client.CloseIdleConnections()

	var over atomic.Bool
	var answers, busy, longest atomic.Int64
	var load sync.WaitGroup
	for i := range 12 {
		load.Go(func() {
			for !over.Load() {
				began := time.Now()
				status, retryAfter := p.ask(client, fmt.Sprintf("203.0.113.%d", i), "/sign-in/email", `{"email":"nobody@example.com","password":"wrong horse"}`)
				switch {
				case status == http.StatusUnauthorized:
					answers.Add(1)
				case status == http.StatusServiceUnavailable && retryAfter != "":
					busy.Add(1)
				default:
					t.Errorf("sign-in: %d, Retry-After %q", status, retryAfter)
				}
				for took, most := int64(time.Since(began)), longest.Load(); took > most && !longest.CompareAndSwap(most, took); most = longest.Load() {
				}
			}
		})
	}
	eventually(t, "the server is busy", func() bool { return answers.Load()+busy.Load() > 12 }, p.err)
	slowest := time.Duration(0)
	for range 10 {
		for _, probe := range []string{"/healthz", "/readyz"} {
			began := time.Now()
			if status := p.status(probe); status != http.StatusOK {
				t.Errorf("%s: %d", probe, status)
			}
			slowest = max(slowest, time.Since(began))
		}
	}
	over.Store(true)
	load.Wait()
	stop()
	if slowest > time.Second {
		t.Errorf("a probe took %v", slowest)
	}
	if took := time.Duration(longest.Load()); took > requestTimeout+2*time.Second {
		t.Errorf("a request took %v, of which %v are allowed", took, requestTimeout)
	}
	t.Logf("%d answers, %d times 503; requests took up to %v, probes up to %v", answers.Load(), busy.Load(), time.Duration(longest.Load()), slowest)
	if err := p.end(); err != nil {
		t.Errorf("%v\n%s", err, p.err)
	}
}
