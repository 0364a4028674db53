// Command ostiary runs Ostiary as a server of its own, and helps to operate it:
// it brings databases up to date, writes models for other tools, begins new
// projects and looks for risks. It works with the configuration file of a server,
// or with the package in which a program configures the library.
//
// Exit codes: 0 when all went well, 1 when something failed or the answer to a
// question was no, 2 when the command line was not understood, 3 when the command
// did its work and something is left that a person has to do.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/runner"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], console.Standard())
	stop()
	os.Exit(code)
}

// commands are the commands with their flags.
type commands struct {
	Serve       serveCommand    `cmd:"" help:"Run the server. Without a configuration it is a development server with a SQLite file in the current directory."`
	Init        initCommand     `cmd:"" help:"Begin: write a Go package, or the configuration file of a server."`
	Migrate     migrateCommand  `cmd:"" help:"Create the tables, columns and indexes that the database lacks. Nothing is ever changed or removed."`
	Generate    generateCommand `cmd:"" help:"Write the tables as SQL, as models for GORM, ent, Bun or sqlc, or as a Prisma or Drizzle schema."`
	CreateAdmin adminCommand    `cmd:"" help:"Create a user with the role of an administrator."`
	Doctor      doctorCommand   `cmd:"" help:"Explain the risks of a configuration, and where the database differs from it."`
	Info        infoCommand     `cmd:"" help:"Print versions and the configuration, secrets redacted."`
	Secret      secretCommand   `cmd:"" help:"Print a fresh secret for the option secret, or the variable OSTIARY_SECRET."`
	Version     versionCommand  `cmd:"" help:"Print the version."`
}

// run runs the command of a command line and returns its exit code.
func run(ctx context.Context, args []string, c *console.Console) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("ostiary"), kong.Description("An authentication server that speaks the protocol of Better Auth, and the tools around it."),
		kong.Writers(c.Out, c.Err), kong.Exit(func(code int) { exited = code }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return runner.Code(c, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if exited >= 0 {
		return exited // help was asked for
	}
	if err != nil {
		c.Warn("ostiary: %v\nRun \"ostiary --help\" to see what there is.", err)
		return runner.ExitUsage
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	err = chosen.Run(c)
	if code := exitCode(0); errors.As(err, &code) {
		return int(code)
	}
	return runner.Code(c, err)
}

// exitCode is how a program ended that has told already what went wrong.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
