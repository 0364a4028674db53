// Command soak loads a server for a long time with everything that clients do,
// mistakes, slowness and leaving included, and looks whether it grows. Every second
// it records the memory, goroutines and open files of the process; at the end it
// writes them as CSV and as a plot, and fails when one of them has grown.
//
// It runs the real server on a private PostgreSQL and a private Redis, on the
// loopback interface and in a temporary folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ostiary/ostiary/internal/testservice"
)

// options of a run.
type options struct {
	duration, warmUp time.Duration
	clients          int
	csv, plot        string
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 10*time.Minute, "how long there is load")
	flag.DurationVar(&o.warmUp, "warm-up", 0, "how much of that is not judged; a fifth by default")
	flag.IntVar(&o.clients, "clients", 16, "how many clients there are at once")
	flag.StringVar(&o.csv, "csv", "soak.csv", "where the samples are written")
	flag.StringVar(&o.plot, "plot", "soak.svg", "where the plot is written")
	flag.Parse()
	if o.warmUp == 0 {
		o.warmUp = o.duration / 5
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	folder, err := os.MkdirTemp("", "ostiary-soak-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	database, err := testservice.StartPostgres()
	if err != nil {
		return err
	}
	defer func() { _ = database.Stop() }()
	redis, err := testservice.StartRedis()
	if err != nil {
		return err
	}
	defer func() { _ = redis.Stop() }()
	s, err := start(ctx, folder, database.DSN, redis.DSN)
	if err != nil {
		return err
	}
	defer s.kill()
	l := newLoad(s.url, o.clients)
	if err := l.prepare(ctx); err != nil {
		return err
	}
	before, err := s.sample()
	if err != nil {
		return err
	}
	loaded, done := context.WithTimeout(ctx, o.duration)
	defer done()
	finished := make(chan struct{})
	go func() { defer close(finished); l.run(loaded) }()
	samples := s.watch(loaded)
	<-finished
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after, err := s.settle(ctx, before)
	if err != nil {
		return err
	}
	if err := writeCSV(o.csv, samples); err != nil {
		return err
	}
	v := judge(samples, o.warmUp)
	if err := writePlot(o.plot, samples, o.warmUp, v); err != nil {
		return err
	}
	l.report(os.Stdout)
	v.report(os.Stdout, before, after)
	if err := s.stop(); err != nil {
		return err
	}
	return v.err()
}

// server is the process that is watched.
type server struct {
	url, metrics string
	command      *exec.Cmd
	log          string
}

func start(ctx context.Context, folder, database, redis string) (*server, error) {
	binary, config := filepath.Join(folder, "ostiary"), filepath.Join(folder, "ostiary.yaml")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/ostiary/ostiary/cmd/ostiary")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	public, err := freeAddress()
	if err != nil {
		return nil, err
	}
	private, err := freeAddress()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`baseURL: http://%s
secret: soak-secret-0123456789-abcdefghijklmnopqrstuvwxyz
database: {url: %q}
secondaryStorage: {url: %q}
emailAndPassword: {enabled: true}
session: {storeSessionInDatabase: true}
rateLimit: {enabled: false}
server: {listen: %q, metricsListen: %q, accessLog: false, logLevel: error, readHeaderTimeout: 5, drainDelay: 0}
`, public, database, redis, public, private)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	s := &server{url: "http://" + public, metrics: "http://" + private + "/metrics", log: log.Name()}
	s.command = exec.Command(binary, "serve", "--config", config)
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; wait(ctx, 50*time.Millisecond) {
		if s.ready() {
			return s, nil
		}
	}
	s.kill()
	content, _ := os.ReadFile(s.log)
	return nil, fmt.Errorf("the server does not become ready: %s", content)
}

func (s *server) ready() bool {
	r, err := http.Get(s.url + "/readyz")
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// stop asks the process to end and waits for it.
func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.command.Wait(); err != nil {
		return fmt.Errorf("the server did not stop in order: %w", err)
	}
	return nil
}

func (s *server) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
