// Command ostiary runs Ostiary as a server of its own, and helps to operate it.
//
//	ostiary serve     runs the server
//	ostiary migrate   creates missing tables and columns
//	ostiary doctor    explains the risks of a configuration
//	ostiary secret    prints a fresh secret
//	ostiary version   prints the version
//
// Exit codes: 0 when all went well, 1 when something failed, 2 when the command
// line was not understood.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/ostiary/ostiary/server"
)

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], console{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv})
	stop()
	os.Exit(code)
}

// console is what a command reads from and writes to.
type console struct {
	in       io.Reader
	out, err io.Writer
	env      func(name string) (string, bool)
}

// commands are the commands with their flags.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server. Without a configuration it is a development server with a SQLite file in the current directory."`
	Migrate migrateCommand `cmd:"" help:"Create the tables and columns that the database lacks. Nothing is ever changed or removed."`
	Doctor  doctorCommand  `cmd:"" help:"Explain the risks of a configuration, and where the database differs from it."`
	Secret  secretCommand  `cmd:"" help:"Print a fresh secret for the option secret, or the variable OSTIARY_SECRET."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// run runs the command of a command line and returns its exit code.
func run(ctx context.Context, args []string, c console) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("ostiary"), kong.Description("An authentication server that speaks the protocol of Better Auth."),
		kong.Writers(c.out, c.err), kong.Exit(func(code int) { exited = code }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return c.fail(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if exited >= 0 {
		return exited // help was asked for
	}
	if err != nil {
		_, _ = fmt.Fprintf(c.err, "ostiary: %v\nRun \"ostiary --help\" to see what there is.\n", err)
		return exitUsage
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(c); err != nil {
		return c.fail(err)
	}
	return 0
}

// fail tells what went wrong.
func (c console) fail(err error) int {
	text := strings.TrimPrefix(err.Error(), "ostiary: ")
	_, _ = fmt.Fprintf(c.err, "ostiary: %s\n", text)
	return exitFailure
}

func (c console) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format+"\n", args...)
}

// configFlags say which configuration a command works with.
type configFlags struct {
	Config   string `short:"c" placeholder:"FILE" env:"OSTIARY_CONFIG" help:"Configuration file (.yaml, .toml or .json)."`
	Database string `placeholder:"PATH" help:"Path or address of the database, instead of the configured one."`
}

// load returns the configuration: of the file, or else that of a development
// server, with what the environment and the flags say.
func (f *configFlags) load(c console) (server.Config, error) {
	config := server.Quickstart()
	if f.Config != "" {
		var err error
		if config, err = server.Load(f.Config); err != nil {
			return config, fmt.Errorf("the configuration has problems:\n%w", err)
		}
	}
	if err := config.ApplyEnvironment(c.env); err != nil {
		return config, fmt.Errorf("the environment has problems:\n%w", err)
	}
	if f.Database != "" {
		config.SetDatabase(f.Database)
	}
	return config, nil
}
