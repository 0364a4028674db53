package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is the server with one configuration.
type process struct{ server, config, url string }

func (p *process) configure(database string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	p.url = "http://" + address
	return os.WriteFile(p.config, fmt.Appendf(nil, `baseURL: %s
secret: footprint-secret-0123456789-abcdefghijklmnopqrstuvwxyz
database: {url: %q}
emailAndPassword: {enabled: true}
server: {listen: %q, accessLog: false, logLevel: error, drainDelay: 0}
`, p.url, database, address), 0o600)
}

// once starts the process, waits for its first answer, looks at its memory a
// second later and stops it.
func (p *process) once(ctx context.Context) (took time.Duration, idle float64, err error) {
	c := exec.CommandContext(ctx, p.server, "serve", "--config", p.config)
	var output strings.Builder
	c.Stdout, c.Stderr = &output, &output
	began := time.Now()
	if err := c.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, c.Process.Signal(syscall.SIGTERM), c.Wait())
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, output.String())
		}
	}()
	if err := p.answer(ctx); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	idle, err = residentMiB(c.Process.Pid)
	return took, idle, err
}

// answer asks for a session, which reads the database, until there is an answer.
func (p *process) answer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/auth/get-session", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("get-session: %s", answer.Status)
			}
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// residentMiB is how much memory a process holds, from /proc (Linux).
func residentMiB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024, nil
		}
	}
	return 0, errors.New("the process has no VmRSS")
}
