// Package betterauth runs Better Auth 1.7.25 beside a test, on databases that it
// shares with Ostiary, and has browsers that use the two as one site. Better Auth
// is the program server.mjs in this folder, with its packages from npm.
package betterauth

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Server is the configuration of one Better Auth.
type Server struct {
	BaseURL string `json:"baseURL"`
	Secret  string `json:"secret"`
	// Database is an address that begins with "postgres:" or "mysql:", or a file
	// of SQLite.
	Database string `json:"database"`
	// Migrate creates what the database lacks.
	Migrate bool `json:"migrate"`
	// Redis is the address of the secondary storage; "" is none. InDatabase keeps
	// sessions and single-use values in the database all the same.
	Redis      string `json:"redis,omitempty"`
	InDatabase bool   `json:"inDatabase"`
	// AlwaysRefresh gives a session a new lifetime whenever it is used, instead of
	// once a day.
	AlwaysRefresh bool `json:"alwaysRefresh"`
	// RateLimit is where the counters are kept; "" leaves it to Better Auth.
	RateLimit string `json:"rateLimit,omitempty"`
	// IDs is the strategy: "uuid", "serial", or "" for random text.
	IDs string `json:"ids,omitempty"`
	// Fields are additional fields of users, Provider one of its plugin generic
	// OAuth, both in its own words.
	Fields   map[string]any `json:"fields,omitempty"`
	Provider map[string]any `json:"provider,omitempty"`
	// Outbox is where mails are posted, as JSON with kind, email and token.
	Outbox string `json:"outbox,omitempty"`
}

// Started is a server that listens.
type Started struct {
	Address string
	// Lacked is the SQL that the database lacked for Better Auth; ";" when it
	// lacked nothing.
	Lacked string
}

// Start starts servers in one process of Node, which ends with the test.
func Start(t testing.TB, servers ...Server) []Started {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Better Auth, so -short leaves it out")
	}
	folder, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := json.Marshal(servers) //nolint:gosec // G117: the secret is that of a test
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(folder, "server.mjs")) //nolint:gosec // G204: a file of this folder
	cmd.Env = append(os.Environ(), "NODE_ENV=development", "SERVERS="+string(configuration))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Better Auth: %v", err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	var started []Started
	if err == nil {
		err = json.Unmarshal(line, &started)
	}
	if err != nil || len(started) != len(servers) {
		_ = input.Close()
		_ = cmd.Wait()
		t.Fatalf("Better Auth does not start: %v\n%s%s", err, line, complaints.String())
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("Better Auth: %v\n%s", err, complaints.String())
		}
		if t.Failed() && complaints.Len() > 0 {
			t.Logf("Better Auth says:\n%s", complaints.String())
		}
	})
	return started
}

// folder finds this folder in the repository that the test is run in, and sees
// to it that the packages are installed.
func folder() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.work")); err == nil {
			break
		}
		if at == filepath.Dir(at) {
			return "", errors.New("the test does not run in a folder of the repository")
		}
		at = filepath.Dir(at)
	}
	at = filepath.Join(at, "internal", "betterauth")
	if _, err := os.Stat(filepath.Join(at, "node_modules")); err != nil {
		return "", errors.New("the packages of Better Auth are not installed: run `make prepare`")
	}
	return at, nil
}
