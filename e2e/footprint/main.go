// Command footprint prints what the server costs before it has done anything: the
// size of the binaries, the time from the start of the process to the first
// answer on an existing database, and the memory of an idle process.
//
// It needs Linux and the PostgreSQL server programs. Everything is private, on
// the loopback interface and in a temporary folder, and is gone when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/ostiary/ostiary/internal/testservice"
)

func main() {
	starts := flag.Int("starts", 21, "how often the server is started on each database")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *starts)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "footprint:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, starts int) (err error) {
	folder, err := os.MkdirTemp("", "ostiary-footprint-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	server, err := sizes(ctx, folder)
	if err != nil {
		return err
	}
	postgres, err := testservice.StartPostgres()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, postgres.Stop()) }()

	fmt.Printf("\n| database | start to first answer, median | slowest of %d | idle, MiB |\n| --- | ---: | ---: | ---: |\n", starts)
	for _, database := range []struct{ name, url string }{
		{"SQLite", "sqlite:" + filepath.Join(folder, "auth.db")},
		{"PostgreSQL", postgres.DSN},
	} {
		if err := measure(ctx, server, folder, database.name, database.url, starts); err != nil {
			return fmt.Errorf("%s: %w", database.name, err)
		}
	}
	return nil
}

// sizes builds the programs, prints how large they are, and returns the server's.
func sizes(ctx context.Context, folder string) (server string, err error) {
	fmt.Print("| program | MiB, stripped |\n| --- | ---: |\n")
	for _, program := range []struct{ name, path string }{
		{"examples/nethttp", "github.com/ostiary/ostiary/examples/nethttp"},
		{"ostiary", "github.com/ostiary/ostiary/cmd/ostiary"},
	} {
		binary := filepath.Join(folder, filepath.Base(program.name))
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, program.path)
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", program.name, err, out)
		}
		info, err := os.Stat(binary)
		if err != nil {
			return "", err
		}
		fmt.Printf("| `%s` | %.1f |\n", program.name, float64(info.Size())/(1<<20))
		server = binary
	}
	return server, nil
}

// measure starts the server again and again; the first start, which makes the
// tables, does not count.
func measure(ctx context.Context, server, folder, name, database string, starts int) error {
	config := filepath.Join(folder, name+".yaml")
	p := &process{server: server, config: config}
	if err := p.configure(database); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, server, "migrate", "--yes", "--config", config).CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	var times []time.Duration
	var idle float64
	for range starts {
		took, memory, err := p.once(ctx)
		if err != nil {
			return err
		}
		times, idle = append(times, took), max(idle, memory)
	}
	slices.Sort(times)
	fmt.Printf("| %s | %v | %v | %.1f |\n", name, times[len(times)/2].Round(time.Millisecond), times[len(times)-1].Round(time.Millisecond), idle)
	return nil
}
