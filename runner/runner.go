// Package runner runs those commands of `ostiary` that work with the
// configuration of an application: migrate, generate, doctor, info and
// create-admin.
//
// The command line tool builds a small program around the package that exports
// the configuration, and that program calls [Main]. So what is planned comes from
// the version of the library that the application uses. An application can also
// offer the commands itself:
//
//	func main() { runner.Main(auth.Auth) }
package runner

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/internal/console"
)

// The exit codes.
const (
	ExitDone     = 0 // all went well
	ExitFailed   = 1 // something failed, or the answer to a question was no
	ExitUsage    = 2 // the command line was not understood
	ExitUnsolved = 3 // the command did its work, and something is left that a person has to do
)

// Configuration is a function that gives the configuration of an application.
type Configuration interface {
	func() (*ostiary.Auth, error) | func() *ostiary.Auth | func() ostiary.Options | func() (ostiary.Options, error)
}

// Main runs the command that the arguments of the process name, on the
// configuration that a function gives, and ends the process.
func Main[C Configuration](configuration C) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	c := console.Standard()
	code := ExitDone
	command, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		c.Say("%s", strings.TrimRight(err.Error(), "\n"))
	case err != nil:
		c.Warn("ostiary: %v", err)
		code = ExitUsage
	default:
		code = runOn(ctx, c, command, configuration)
	}
	stop()
	os.Exit(code)
}

func runOn(ctx context.Context, c *console.Console, command Command, configuration any) int {
	auth, err := configure(configuration)
	if err != nil {
		c.Warn("ostiary: the configuration cannot be used: %v\nIf it needs variables of the environment, set them, or name the file that has them with --env-file.", strings.TrimPrefix(err.Error(), "ostiary: "))
		return ExitFailed
	}
	return Run(ctx, c, command, Application{Auth: auth})
}

// configure calls the application's function.
func configure(configuration any) (auth *ostiary.Auth, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("it panics: %v\n%s", problem, ownFrames(string(debug.Stack())))
		}
	}()
	switch f := configuration.(type) {
	case func() (*ostiary.Auth, error):
		auth, err = f()
	case func() *ostiary.Auth:
		auth = f()
	case func() ostiary.Options:
		auth, err = fromOptions(f())
	case func() (ostiary.Options, error):
		var o ostiary.Options
		if o, err = f(); err == nil {
			auth, err = fromOptions(o)
		}
	}
	if err == nil && auth == nil {
		err = errors.New("it returns nil")
	}
	return auth, err
}

func fromOptions(o ostiary.Options) (*ostiary.Auth, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return ostiary.New(o)
}

// ownFrames keeps what says where a panic began: the first calls below it.
func ownFrames(stack string) string {
	lines := strings.Split(stack, "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "panic(") })
	if at < 0 || at+2 > len(lines) {
		return stack
	}
	below := lines[at+2:]
	return strings.Join(below[:min(6, len(below))], "\n")
}

// Application is what the commands work on.
type Application struct {
	// Auth is the configured server. [Run] closes it.
	Auth *ostiary.Auth
	// Settings are what `info` shows of the configuration, secrets included: they
	// are left out. Nil means the configuration of Auth.
	Settings any
	// Risks are what `doctor` shows besides what it finds itself. With them it
	// only looks at the database, and leaves the configuration to the caller.
	Risks []Risk
	// Examined is true when the caller has examined the configuration: then Risks
	// are all that is to be said about it.
	Examined bool
}

// Command is one of [Migrate], [Generate], [Doctor], [Info] and [CreateAdmin].
type Command interface {
	run(ctx context.Context, c *console.Console, a Application) error
}

// Unsolved is returned by a command that did its work and leaves something to a
// person.
type unsolved struct{ text string }

func (u unsolved) Error() string { return u.text }

// Run runs a command, closes the application and returns the exit code.
func Run(ctx context.Context, c *console.Console, command Command, a Application) int {
	err := command.run(ctx, c, a)
	if closing := a.Auth.Close(context.WithoutCancel(ctx)); err == nil && closing != nil {
		err = fmt.Errorf("close the application: %w", closing)
	}
	return Code(c, err)
}

// Code tells what went wrong, if anything, and returns the exit code for it.
func Code(c *console.Console, err error) int {
	if err == nil {
		return ExitDone
	}
	c.Warn("ostiary: %s", strings.TrimPrefix(err.Error(), "ostiary: "))
	if left := (unsolved{}); errors.As(err, &left) {
		return ExitUnsolved
	}
	return ExitFailed
}
