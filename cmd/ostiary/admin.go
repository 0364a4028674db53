package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/runner"
)

type adminCommand struct {
	configFlags
	runner.CreateAdmin
}

// Run asks for what was not given, and creates the user.
func (a *adminCommand) Run(ctx context.Context, c *console.Console) error {
	found, err := a.find(ctx)
	if err != nil {
		return err
	}
	if err := a.ask(c); err != nil {
		return err
	}
	if found == nil {
		return a.run(ctx, c, &a.CreateAdmin)
	}
	secret := a.Password
	if secret == "" {
		return a.runGo(ctx, c, found, &a.CreateAdmin)
	}
	a.Password = "" // no list of processes shows it
	return a.runGo(ctx, c, found, &a.CreateAdmin, runner.PasswordVariable+"="+secret)
}

// ask asks for e-mail address and password where there is somebody to answer.
func (a *adminCommand) ask(c *console.Console) error {
	if !c.Interactive || a.JSON {
		return nil
	}
	if a.Email == "" {
		_, _ = fmt.Fprint(c.Out, "E-mail address: ")
		line, err := bufio.NewReader(c.In).ReadString('\n')
		if err != nil {
			return errors.New("nothing was changed: no e-mail address was given")
		}
		a.Email = strings.TrimSpace(line)
	}
	if a.Password == "" && c.Env(runner.PasswordVariable) == "" {
		_, _ = fmt.Fprint(c.Out, "Password: ")
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		c.Say("")
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		a.Password = string(typed)
	}
	return nil
}
