// Command growth measures what the operations of a server cost with a thousand,
// a hundred thousand and millions of sessions and users in its database.
//
// It needs the PostgreSQL server programs and a few gigabytes of disk. Everything
// is private, on the loopback interface and in a temporary folder, and is gone
// when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
)

func main() {
	operations := flag.Int("operations", 1000, "how often each operation is measured")
	samples := flag.String("json", "", "a file for the medians, for bench/plot.mjs")
	most := flag.Int("sessions", 5_000_000, "the largest number of sessions; there are a fifth as many users, at least 1000")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, settings{operations: *operations, most: *most, samples: *samples})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

// settings of a run.
type settings struct {
	operations int    // how often each is measured
	most       int    // sessions
	samples    string // a file, or ""
}

func run(ctx context.Context, o settings) (err error) {
	samples := io.Discard
	if o.samples != "" {
		file, err := os.Create(o.samples)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		samples = file
	}
	folder, err := os.MkdirTemp("", "ostiary-growth-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	server, err := testservice.StartPostgres()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	pool, err := postgres.Open(server.DSN)
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "growth.db")
	for _, place := range []struct {
		name    string
		adapter database.Adapter
		filler  filler
	}{
		{"SQLite", sqlite.Open(file), filler{driver: "sqlite", dsn: file, series: sqliteSeries, padded: "printf('%032d', n)"}},
		{"PostgreSQL", pool, filler{driver: "pgx", dsn: server.DSN, series: postgresSeries, padded: "lpad(n::text, 32, '0')"}},
	} {
		if err := grow(ctx, place.name, place.adapter, place.filler, o, samples); err != nil {
			return fmt.Errorf("%s: %w", place.name, err)
		}
	}
	return nil
}

// grow measures at every size and prints a table.
func grow(ctx context.Context, name string, adapter database.Adapter, f filler, of settings, samples io.Writer) (err error) {
	off := false
	o := ostiary.Options{
		BaseURL: ostiary.StaticURL("http://localhost:3000"), Secret: secret, Database: adapter,
		RateLimit: core.RateLimitOptions{Enabled: &off}, Logger: slog.New(slog.DiscardHandler),
	}
	o.EmailAndPassword.Enabled = true
	o.EmailAndPassword.Hasher = plain{} // what is measured is the database
	auth, err := ostiary.New(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(context.WithoutCancel(ctx))) }()
	if err := auth.Migrate(ctx); err != nil {
		return err
	}
	if err := f.open(ctx, auth); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()

	fmt.Printf("\n%s, p50 and p99 in µs:\n\n| sessions | users |", name)
	for _, o := range all {
		fmt.Printf(" %s |", o.name)
	}
	fmt.Print("\n| ---: | ---: |")
	for range all {
		fmt.Print(" ---: |")
	}
	fmt.Println()
	for _, sessions := range []int{1000, 100_000, 5_000_000} {
		sessions = min(sessions, of.most)
		users := max(sessions/5, 1000)
		if err := f.fill(ctx, sessions, users); err != nil {
			return err
		}
		fmt.Printf("| %d | %d |", sessions, users)
		for _, o := range all {
			times, err := measure(ctx, &world{auth: auth, filler: &f, sessions: sessions, users: users}, o, of.operations)
			if err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
			p50, p99 := times[len(times)/2].Microseconds(), times[len(times)*99/100].Microseconds()
			fmt.Printf(" %d · %d |", p50, p99)
			_, err = fmt.Fprintf(samples, "{\"database\":%q,\"operation\":%q,\"sessions\":%d,\"users\":%d,\"p50_us\":%d,\"p99_us\":%d}\n", name, o.name, sessions, users, p50, p99)
			if err != nil {
				return fmt.Errorf("write samples: %w", err)
			}
		}
		fmt.Println()
		if sessions == of.most {
			break
		}
	}
	return nil
}

// measure returns the times of an operation, the shortest first. A tenth as many
// before them warm up.
func measure(ctx context.Context, w *world, o operation, n int) ([]time.Duration, error) {
	if o.few {
		n = max(n/50, 3)
	}
	var times []time.Duration
	for i := range n + n/10 {
		if o.before != nil {
			if err := o.before(ctx, w); err != nil {
				return nil, err
			}
		}
		began := time.Now()
		if err := o.run(ctx, w); err != nil {
			return nil, err
		}
		if i >= n/10 {
			times = append(times, time.Since(began))
		}
	}
	slices.Sort(times)
	return times, nil
}
