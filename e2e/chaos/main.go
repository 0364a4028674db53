// Command chaos runs three nodes of the server on one PostgreSQL under load,
// breaks one thing after the other, and prints what clients saw and what was lost.
//
// It needs the PostgreSQL server programs. Everything is private, on the loopback
// interface and in a temporary folder, and is gone when it ends. It fails when
// something that was acknowledged was lost or contradicted.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ostiary/ostiary/internal/faultproxy"
)

func main() {
	phase := flag.Duration("phase", 10*time.Second, "how long each fault is under load")
	workers := flag.Int("workers", 12, "how many clients there are at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *phase, *workers)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// scene is everything that runs.
type scene struct {
	folder  string
	binary  string
	engine  *engine
	proxy   *faultproxy.Proxy // between the nodes and the database
	nodes   []*node
	phase   time.Duration
	workers int
}

func run(ctx context.Context, phase time.Duration, workers int) (err error) {
	folder, err := os.MkdirTemp("", "ostiary-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil { // the database is another user
		return err
	}
	s := &scene{folder: folder, binary: filepath.Join(folder, "ostiary"), phase: phase, workers: workers}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "github.com/ostiary/ostiary/cmd/ostiary")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	if s.engine, err = newEngine(filepath.Join(folder, "postgres")); err != nil {
		return err
	}
	defer s.engine.kill()
	if s.proxy, err = faultproxy.New("127.0.0.1:" + s.engine.port); err != nil {
		return err
	}
	defer s.proxy.Close()
	for i := range 3 {
		n, err := newNode(s, i)
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, n)
		defer n.kill()
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return s.runAll(ctx)
}

func (s *scene) runAll(ctx context.Context) error {
	fmt.Printf("Three nodes on one PostgreSQL, %d clients, %v of load for each fault.\n\n", s.workers, s.phase)
	fmt.Println("| fault | answers | 503 | connection lost | other errors | longest without an answer | lost or contradicted |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	failed := 0
	for _, f := range faults {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c := newCrowd(s)
		loaded, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); c.load(loaded) }()
		wait(ctx, s.phase/4)
		err := f.inflict(ctx, s)
		wait(ctx, s.phase/4)
		stop()
		<-done
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		broken := c.check(ctx)
		failed += len(broken)
		fmt.Printf("| %s | %d | %d | %d | %d | %v | %d |\n", f.name, c.answers.Load(), c.busy.Load(), c.cut.Load(), c.other.Load(),
			time.Duration(c.longest.Load()).Round(10*time.Millisecond), len(broken))
		for _, b := range broken {
			fmt.Fprintln(os.Stderr, "  "+b)
		}
		for _, o := range c.oddities() {
			fmt.Fprintln(os.Stderr, "  other: "+o)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d promises were broken", failed)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
