// Command run starts the servers that tests need, runs a command with their addresses in
// its environment, and stops them:
//
//	go run ./internal/testservice/run go test ./...
//
// A server that the environment names already is not started. One that cannot be
// started is left to the tests, which say what is missing.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"

	"github.com/ostiary/ostiary/internal/testservice"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: run command [argument ...]")
		os.Exit(2)
	}
	os.Exit(run(os.Args[1:]))
}

// run returns the exit code of the command.
func run(command []string) int {
	services := []*service{
		{variable: testservice.PostgresVariable, start: testservice.StartPostgres},
		{variable: testservice.MySQLVariable, start: testservice.StartMariaDB},
		{variable: testservice.RedisVariable, start: func() (*testservice.Server, error) { return testservice.StartRedis() }},
	}
	var starting sync.WaitGroup
	for _, s := range services {
		starting.Go(s.begin)
	}
	starting.Wait()
	defer func() {
		for _, s := range services {
			s.end()
		}
	}()

	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM) // the command ends by it too
	cmd := exec.Command(command[0], command[1:]...)           //nolint:gosec // G204: running it is what this program is for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for _, s := range services {
		cmd.Env = append(cmd.Env, s.environment()...)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return max(1, exit.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// service is a server that is started unless the environment names one.
type service struct {
	variable string
	start    func() (*testservice.Server, error)
	server   *testservice.Server // nil when it was not started
}

func (s *service) begin() {
	if os.Getenv(s.variable) != "" {
		return
	}
	server, err := s.start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.variable, err)
		return
	}
	s.server = server
}

func (s *service) environment() []string {
	if s.server == nil {
		return nil
	}
	return []string{s.variable + "=" + s.server.DSN}
}

func (s *service) end() {
	if s.server == nil {
		return
	}
	if err := s.server.Stop(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: stop: %v\n", s.variable, err)
	}
}
