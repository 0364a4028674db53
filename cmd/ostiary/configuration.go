package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/cmd/ostiary/internal/goconfig"
	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/runner"
	"github.com/ostiary/ostiary/server"
)

// fileFlags say which configuration file a server works with.
type fileFlags struct {
	Config   string   `short:"c" placeholder:"FILE" env:"OSTIARY_CONFIG" help:"Configuration file (.yaml, .toml or .json)."`
	Database string   `placeholder:"PATH" help:"Path or address of the database, instead of the configured one."`
	EnvFile  []string `placeholder:"FILE" help:"File with lines NAME=value for the environment. Variables that are set already stay as they are."`
}

// load returns the configuration: of the file, or else that of a development
// server, with what the environment and the flags say.
func (f *fileFlags) load(c *console.Console) (server.Config, error) {
	config := server.Quickstart()
	lookup, err := f.environment(c)
	if err != nil {
		return config, err
	}
	if f.Config != "" {
		if config, err = server.Load(f.Config); err != nil {
			return config, fmt.Errorf("the configuration has problems:\n%w", err)
		}
	}
	if err := config.ApplyEnvironment(lookup); err != nil {
		return config, fmt.Errorf("the environment has problems:\n%w", err)
	}
	if f.Database != "" {
		config.SetDatabase(f.Database)
	}
	return config, nil
}

// environment returns the environment with the files added.
func (f *fileFlags) environment(c *console.Console) (func(string) (string, bool), error) {
	added, err := f.variables()
	if err != nil {
		return nil, err
	}
	return func(name string) (string, bool) {
		if c.Lookup != nil {
			if value, set := c.Lookup(name); set {
				return value, true
			}
		}
		value, set := added[name]
		return value, set
	}, nil
}

// variables are those of the environment files; later files win.
func (f *fileFlags) variables() (map[string]string, error) {
	all := map[string]string{}
	for _, path := range f.EnvFile {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("--env-file: %w", err)
		}
		lines := bufio.NewScanner(file)
		for number := 1; lines.Scan(); number++ {
			line := strings.TrimSpace(lines.Text())
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
			if name = strings.TrimSpace(name); !ok || name == "" {
				_ = file.Close()
				return nil, fmt.Errorf("%s:%d: expected NAME=value", path, number)
			}
			all[name] = unquoted(strings.TrimSpace(value))
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return nil, fmt.Errorf("--env-file %s: %w", path, err)
		}
	}
	return all, nil
}

// unquoted removes the quotes around a value.
func unquoted(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) > 1 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}

// configFlags say which configuration a command works with: a file, or a package.
type configFlags struct {
	Config   string   `short:"c" placeholder:"WHERE" env:"OSTIARY_CONFIG" help:"Configuration file (.yaml, .toml or .json), or Go package, such as ./internal/auth. Default: ./auth, ./internal/auth, ./lib/auth, ./pkg/auth or the only package that exports one; outside of such a module, what serve uses."`
	Database string   `placeholder:"PATH" help:"Path or address of the database, instead of that of the configuration file."`
	EnvFile  []string `placeholder:"FILE" help:"File with lines NAME=value for the environment. Variables that are set already stay as they are."`
}

func (f *configFlags) file() *fileFlags {
	return &fileFlags{Config: f.Config, Database: f.Database, EnvFile: f.EnvFile}
}

// isFile reports whether the flags name a configuration file, and not a package.
func (f *configFlags) isFile() bool {
	return slices.Contains([]string{".yaml", ".yml", ".toml", ".json"}, strings.ToLower(filepath.Ext(f.Config)))
}

// find returns the Go package, or nil when it is a file that configures, or
// nothing.
func (f *configFlags) find(ctx context.Context) (*goconfig.Package, error) {
	if f.isFile() || f.Config == "" && f.Database != "" {
		return nil, nil
	}
	if f.Config != "" && f.Database != "" {
		return nil, errors.New("--database: goes with a configuration file; a configuration written in Go says itself which database it uses")
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the configuration: %w", err)
	}
	found, err := goconfig.Find(ctx, dir, f.Config)
	if f.Config == "" && errors.Is(err, goconfig.ErrNone) {
		return nil, nil
	}
	return found, err
}

// run runs a command on the configuration, wherever that is.
func (f *configFlags) run(ctx context.Context, c *console.Console, command runner.Command) error {
	found, err := f.find(ctx)
	if err != nil {
		return err
	}
	if found != nil {
		return f.runGo(ctx, c, found, command)
	}
	config, err := f.file().load(c)
	if err != nil {
		return err
	}
	migration, err := server.NewMigration(config)
	if err != nil {
		return err
	}
	return exit(runner.Run(ctx, c, command, runner.Application{Auth: migration.Auth(), Settings: config}))
}

// runGo runs a command on a configuration written in Go.
func (f *configFlags) runGo(ctx context.Context, c *console.Console, found *goconfig.Package, command runner.Command, further ...string) error {
	added, err := f.file().variables()
	if err != nil {
		return err
	}
	for name, value := range added {
		if c.Env(name) == "" {
			further = append(further, name+"="+value)
		}
	}
	code, err := found.Run(ctx, c, runner.Arguments(command), further...)
	if err != nil {
		return err
	}
	return exit(code)
}

func exit(code int) error {
	if code == runner.ExitDone {
		return nil
	}
	return exitCode(code)
}

// where says where the configuration is, for people.
func (f *configFlags) where(found *goconfig.Package) string {
	switch {
	case found != nil:
		return found.Shown + " (" + found.Function + ")"
	case f.Config != "":
		return f.Config
	}
	return "that of a development server, since there is none here"
}
