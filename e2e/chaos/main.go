// Command chaos runs three nodes of the server under load, breaks one thing after
// the other, and prints what clients saw and what was lost. With the flag -killing
// it kills a node every ten seconds instead. The nodes share one
// PostgreSQL, or that and a Redis Cluster, or a Galera cluster of three (flag -on).
//
// It needs the server programs. Everything is private, on the loopback interface
// and in temporary folders, and is gone when it ends. It fails when something that
// was acknowledged was lost or contradicted.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	phase := flag.Duration("phase", 10*time.Second, "how long each fault is under load")
	workers := flag.Int("workers", 12, "how many clients there are at once")
	killing := flag.Duration("killing", 0, "instead of the faults, kill a node every 10 s for that long")
	on := flag.String("on", "postgres", "what the nodes share: "+strings.Join(slices.Sorted(maps.Keys(grounds)), ", "))
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *on, *phase, *killing, *workers)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// scene is everything that runs.
type scene struct {
	folder   string
	binary   string
	settings string // of the nodes, beyond those that all have
	mails    bool   // whether the nodes print mails to their logs
	database database
	nodes    []*node
	phase    time.Duration
	workers  int
	faults   []fault
	ends     []func() // what stops the servers
}

// ground is what the nodes of a scene stand on.
type ground struct {
	name   string // for the headline
	settle func(s *scene) error
}

var grounds = map[string]ground{
	"postgres":      {"one PostgreSQL", (*scene).onPostgres},
	"redis-cluster": {"one PostgreSQL and a Redis Cluster of three masters with a replica each", (*scene).onRedisCluster},
	"galera":        {"a Galera cluster of three MariaDB servers, each node with another one in front", (*scene).onGalera},
}

func run(ctx context.Context, on string, phase, killing time.Duration, workers int) error {
	s, err := newScene(ctx, on, false)
	if err != nil {
		return err
	}
	defer s.end()
	s.phase, s.workers = phase, workers
	load := fmt.Sprintf("%v of load for each fault", s.phase)
	if killing > 0 {
		s.faults = []fault{killLoop(killing)}
		load = fmt.Sprintf("load for %v", killing+s.phase/2)
	}
	fmt.Printf("Three nodes on %s, %d clients, %s.\n\n", grounds[on].name, s.workers, load)
	return s.runAll(ctx)
}

// newScene starts the servers and three nodes, which print mails or send none.
func newScene(ctx context.Context, on string, mails bool) (s *scene, err error) {
	g, known := grounds[on]
	if !known {
		return nil, fmt.Errorf("-on %s: there is no such ground", on)
	}
	s = &scene{workers: 1, mails: mails}
	started := s // also when nil is returned
	defer func() {
		if err != nil {
			started.end()
		}
	}()
	if s.folder, err = os.MkdirTemp("", "ostiary-chaos-"); err != nil {
		return nil, err
	}
	s.ends = append(s.ends, func() { _ = os.RemoveAll(s.folder) })
	if err := os.Chmod(s.folder, 0o755); err != nil { // the database is another user
		return nil, err
	}
	s.binary = filepath.Join(s.folder, "ostiary")
	build := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "github.com/ostiary/ostiary/cmd/ostiary")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	if err := g.settle(s); err != nil {
		return nil, err
	}
	for i := range 3 {
		n, err := newNode(s, i)
		if err != nil {
			return nil, err
		}
		s.nodes = append(s.nodes, n)
		s.ends = append(s.ends, n.kill)
		if err := n.start(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *scene) end() {
	for _, end := range slices.Backward(s.ends) {
		end()
	}
}

func (s *scene) runAll(ctx context.Context) error {
	fmt.Println("| fault | answers | 503 | connection lost | other errors | longest without an answer | lost or contradicted |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	failed := 0
	for _, f := range s.faults {
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
			fmt.Fprintln(os.Stderr, "  "+o)
		}
		for i, n := range s.nodes {
			if said := n.news(); c.other.Load() > 0 || len(broken) > 0 {
				fmt.Fprintf(os.Stderr, "  node %d: %s\n", i, strings.Join(said, "\n          "))
			}
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
