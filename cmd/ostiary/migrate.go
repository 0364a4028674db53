package main

import (
	"context"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/runner"
)

type migrateCommand struct {
	configFlags
	runner.Migrate
}

// Run brings the database up to the configuration.
func (m *migrateCommand) Run(ctx context.Context, c *console.Console) error {
	return m.run(ctx, c, &m.Migrate)
}

type generateCommand struct {
	configFlags
	runner.Generate
}

// Run writes the tables as the source of another tool.
func (g *generateCommand) Run(ctx context.Context, c *console.Console) error {
	return g.run(ctx, c, &g.Generate)
}

type infoCommand struct {
	configFlags
	runner.Info
}

// Run prints what a report of a problem needs to say.
func (i *infoCommand) Run(ctx context.Context, c *console.Console) error {
	found, err := i.find(ctx)
	if err != nil {
		return err
	}
	i.Info.Tool, i.Info.From = version(), i.where(found)
	return i.run(ctx, c, &i.Info)
}
