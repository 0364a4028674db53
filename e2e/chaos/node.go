package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// node is one process of the server.
type node struct {
	url     string
	binary  string
	config  string
	log     *os.File
	shown   int // bytes of the log
	running *exec.Cmd
	shunned atomic.Int64 // until when it gets no requests, in Unix nanoseconds
}

// shun keeps requests away for a while, as a proxy does with a node that closes
// its connections or accepts none.
func (n *node) shun() { n.shunned.Store(time.Now().Add(3 * time.Second).UnixNano()) }

func (n *node) isShunned() bool { return time.Now().UnixNano() < n.shunned.Load() }

func newNode(s *scene, number int) (*node, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	n := &node{url: "http://127.0.0.1:" + port, binary: s.binary, config: filepath.Join(s.folder, fmt.Sprintf("node%d.yaml", number))}
	config := fmt.Sprintf(`baseURL: http://auth.test
secret: chaos-secret-0123456789-abcdefghijklmnopqrstuvwxyz
database: {url: "%s"}
emailAndPassword: {enabled: true}
plugins: {twoFactor: {}}
server: {listen: "127.0.0.1:%s", accessLog: false, logLevel: error, drainDelay: 0.5, development: %t}
%s`, s.database.url(number), port, s.mails, s.settings)
	if err := os.WriteFile(n.config, []byte(config), 0o600); err != nil {
		return nil, err
	}
	n.log, err = os.Create(filepath.Join(s.folder, fmt.Sprintf("node%d.log", number)))
	return n, err
}

// start starts the process and waits until it is ready.
func (n *node) start(ctx context.Context) error {
	c := exec.Command(n.binary, "serve", "--config", n.config)
	c.Stdout, c.Stderr = n.log, n.log
	if err := c.Start(); err != nil {
		return err
	}
	n.running = c
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; wait(ctx, 20*time.Millisecond) {
		if n.ready() {
			return nil
		}
	}
	text, _ := os.ReadFile(n.log.Name())
	return fmt.Errorf("a node does not become ready: %s", text)
}

func (n *node) ready() bool {
	client := &http.Client{Timeout: 3 * time.Second}
	r, err := client.Get(n.url + "/readyz")
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// maxNews is how many lines of a log are shown at a time.
const maxNews = 5

// news returns the first errors that the node has logged since it was asked last.
func (n *node) news() (errors []string) {
	text, err := os.ReadFile(n.log.Name())
	if err != nil || len(text) < n.shown {
		return nil
	}
	for line := range strings.Lines(string(text[n.shown:])) {
		if strings.Contains(line, "ERROR") && len(errors) < maxNews {
			errors = append(errors, strings.TrimSpace(line))
		}
	}
	n.shown = len(text)
	return errors
}

// kill ends the process as a crash does.
func (n *node) kill() {
	if n.running != nil {
		_ = n.running.Process.Kill()
		_ = n.running.Wait()
		n.running = nil
	}
}

// stop asks the process to end and waits for it.
func (n *node) stop(context.Context) error {
	if err := n.running.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := n.running.Wait()
	n.running = nil
	if err != nil {
		text, _ := os.ReadFile(n.log.Name())
		return fmt.Errorf("a node did not stop in order: %w\n%s", err, text[max(0, len(text)-4000):])
	}
	return nil
}
