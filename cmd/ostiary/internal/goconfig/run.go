package goconfig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ostiary/ostiary/internal/console"
)

// folder is where the program seems to be: below the package, so that it may
// import what is internal there. It never exists.
const folder = "ostiary-runner-program"

// Run runs a command on the configuration of the package, and returns the exit
// code. The command gets the environment, and further variables if any.
func (p *Package) Run(ctx context.Context, c *console.Console, arguments []string, further ...string) (int, error) {
	temporary, err := os.MkdirTemp("", "ostiary-")
	if err != nil {
		return 0, fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	program, err := p.build(ctx, temporary)
	if err != nil {
		return 0, err
	}
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // G204: the program that was built from the developer's own module
	command.Stdin, command.Stdout, command.Stderr = c.In, c.Out, c.Err
	command.Env = append(os.Environ(), further...)
	command.Cancel = func() error {
		if c.Interactive {
			return nil // the terminal has told it already, and a second time would end it at once
		}
		return command.Process.Signal(os.Interrupt)
	}
	command.WaitDelay = 10 * time.Second
	err = command.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() >= 0:
		return ended.ExitCode(), nil
	case errors.As(err, &ended) && interrupted(ended):
		return 0, context.Cause(ctx)
	case err != nil:
		return 0, fmt.Errorf("run the configuration of %s: %w", p.Shown, err)
	}
	return 0, nil
}

func interrupted(e *exec.ExitError) bool {
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGINT
}

// build builds the program. Go is told by an overlay that its source is in the
// tree, where it is not.
func (p *Package) build(ctx context.Context, temporary string) (string, error) {
	if err := p.checkVendor(); err != nil {
		return "", err
	}
	source := fmt.Sprintf("package main\n\nimport (\n\tconfiguration %q\n\n\t%q\n)\n\nfunc main() { runner.Main(configuration.%s) }\n", p.Path, Runner, p.Function)
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(p.Dir, folder, "main.go"): filepath.Join(temporary, "main.go"),
	}})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	for name, text := range map[string][]byte{"main.go": []byte(source), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(temporary, name), text, 0o600); err != nil {
			return "", fmt.Errorf("write the program: %w", err)
		}
	}
	program := filepath.Join(temporary, "program")
	command := exec.CommandContext(ctx, "go", "build", "-overlay", filepath.Join(temporary, "overlay.json"), "-o", program, "./"+folder) //nolint:gosec // G204: the developer's own module
	command.Dir = p.Dir
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", p.explain(string(output), err)
	}
	return program, nil
}

// checkVendor says what to do in a module that vendors its dependencies without
// the commands.
func (p *Package) checkVendor() error {
	vendored := filepath.Join(p.module, "vendor", filepath.FromSlash(Library))
	if _, err := os.Stat(filepath.Join(p.module, "vendor", "modules.txt")); p.module == "" || err != nil {
		return nil
	}
	if strings.Contains(os.Getenv("GOFLAGS"), "-mod=mod") || strings.Contains(os.Getenv("GOFLAGS"), "-mod=readonly") {
		return nil
	}
	if _, err := os.Stat(filepath.Join(vendored, "runner")); err == nil {
		return nil
	}
	return fmt.Errorf(`this module vendors its dependencies, but not the commands. Add a file such as tools.go,

	//go:build tools

	package tools

	import _ %q

and run go mod vendor; or set GOFLAGS=-mod=readonly to use the module cache`, Runner)
}

// explain makes of the complaints of the compiler a message that says whose fault
// it is.
func (p *Package) explain(output string, err error) error {
	output = strings.TrimSpace(output)
	switch {
	case strings.Contains(output, Runner) && (strings.Contains(output, "no required module provides") || strings.Contains(output, "does not contain package") || strings.Contains(output, "is not in std") || strings.Contains(output, "cannot find")):
		return fmt.Errorf("the version of the library in go.mod has no commands; run: go get %s@latest\n%s", Library, output)
	case strings.Contains(output, "missing go.sum entry"):
		return fmt.Errorf("go.sum is not complete; run: go mod tidy\n%s", output)
	case output == "":
		return fmt.Errorf("build the program around %s: %w", p.Shown, err)
	}
	return fmt.Errorf("%s does not compile:\n%s", p.Shown, strings.ReplaceAll("\n"+output, "\n./", "\n"+p.Shown+"/")[1:])
}
