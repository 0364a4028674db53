// Package testservice gives tests real servers: private ones, started in
// temporary folders on free ports of the loopback interface, which end with the
// process of the tests, however it ends.
//
// A server is started when the first test of a process asks for it. `make test`
// starts each of them once for all packages (see the program in run) and hands
// their addresses on in the environment, where a developer can name servers of
// their own: [PostgresVariable], [MySQLVariable] and [RedisVariable].
//
// Under `go test -short` tests that need a server are skipped. Otherwise a
// server that cannot be started fails the test.
package testservice

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
)

// ready ends a test that cannot have a server.
func ready(t testing.TB, product, variable string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v\nInstall it (on Debian: scripts/prepare.sh), or name a server in %s, or run `make test-fast`, which needs no servers.", product, err, variable)
	}
}

// SkipShort leaves a test out under -short, which is for machines that have Go and
// nothing else. It says what the test needs.
func SkipShort(t testing.TB, need string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs " + need + ", so -short leaves it out")
	}
}

// databaseName returns a name that no other database has.
func databaseName() string { return "ostiary_test_" + strings.ToLower(rand.Text()) }

// startError adds the end of a server's log to an error.
func startError(err error, log string) error {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return fmt.Errorf("start: %w; its log ends with:\n%s", err, strings.Join(lines[max(0, len(lines)-15):], "\n"))
}
