package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/server"
)

type migrateCommand struct {
	configFlags
	DryRun bool `help:"Only print what would be done."`
	Yes    bool `short:"y" help:"Do not ask."`
}

// Run brings the database up to the configuration.
func (m *migrateCommand) Run(ctx context.Context, c console) (err error) {
	config, err := m.load(c)
	if err != nil {
		return err
	}
	migration, err := server.NewMigration(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, migration.Close(context.WithoutCancel(ctx))) }()
	plan, err := migration.Plan(ctx)
	if err != nil {
		return err
	}
	for _, finding := range plan.Findings {
		c.say("Note: %s\n", finding)
	}
	if plan.Empty() {
		c.say("The database has everything that is needed; there is nothing to do.")
		return nil
	}
	c.say("%s\n", plan.SQL())
	if m.DryRun {
		return nil
	}
	if !m.Yes && !c.confirm("Run these statements?") {
		return errors.New("nothing was changed: answer yes, or pass --yes")
	}
	if _, err := migration.Apply(ctx); err != nil {
		return err
	}
	c.say("Done.")
	return nil
}

// confirm asks a question. Everything but yes means no, and so does the end of
// the input.
func (c console) confirm(question string) bool {
	_, _ = fmt.Fprintf(c.out, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	c.say("")
	return false
}
