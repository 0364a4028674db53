package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// sample is what the process used at a time.
type sample struct {
	at         time.Duration // since the load began
	memory     float64       // resident set, in MiB
	goroutines float64
	files      float64 // open file descriptors
}

// watch takes a sample each second until the context ends.
func (s *server) watch(ctx context.Context) []sample {
	var samples []sample
	began := time.Now()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return samples
		case <-ticker.C:
		}
		now, err := s.sample()
		if err != nil {
			fmt.Fprintln(os.Stderr, "no sample:", err)
			continue
		}
		now.at = time.Since(began)
		samples = append(samples, now)
	}
}

func (s *server) sample() (sample, error) {
	pid := s.command.Process.Pid
	memory, err := find(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:")
	if err != nil {
		return sample{}, err
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return sample{}, err
	}
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(s.metrics)
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = response.Body.Close() }()
	goroutines, err := number(response.Body, "go_goroutines")
	return sample{memory: memory / 1024, goroutines: goroutines, files: float64(len(files))}, err
}

func find(path, name string) (float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	return number(f, name)
}

// number returns the second word of the line that begins with a name.
func number(r io.Reader, name string) (float64, error) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == name {
			return strconv.ParseFloat(words[1], 64)
		}
	}
	return 0, fmt.Errorf("there is no %s", name)
}

// pools is how many connections to the database and to Redis may stay open.
const pools = 30

// settle waits until there are no more goroutines and open files than before the
// load, but for the connections that are kept.
func (s *server) settle(ctx context.Context, before sample) (now sample, err error) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end) && ctx.Err() == nil; wait(ctx, time.Second) {
		if now, err = s.sample(); err != nil {
			return now, err
		}
		if now.goroutines <= before.goroutines+pools && now.files <= before.files+pools {
			return now, nil
		}
	}
	return now, fmt.Errorf("two minutes after the load there are %v goroutines and %v open files; before it there were %v and %v",
		now.goroutines, now.files, before.goroutines, before.files)
}

// writeCSV writes the samples.
func writeCSV(path string, samples []sample) error {
	var text strings.Builder
	text.WriteString("seconds,rss_mib,goroutines,open_files\n")
	for _, s := range samples {
		fmt.Fprintf(&text, "%.0f,%.1f,%.0f,%.0f\n", s.at.Seconds(), s.memory, s.goroutines, s.files)
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}
