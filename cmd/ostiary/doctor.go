package main

import (
	"context"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/runner"
	"github.com/ostiary/ostiary/server"
)

type doctorCommand struct {
	configFlags
	runner.Doctor
}

// Run explains what is risky, and fails when something must be done about it.
func (d *doctorCommand) Run(ctx context.Context, c *console.Console) error {
	found, err := d.find(ctx)
	if err != nil {
		return err
	}
	if found != nil {
		return d.runGo(ctx, c, found, &d.Doctor)
	}
	config, err := d.file().load(c)
	if err != nil {
		return err
	}
	risks, err := server.Examine(ctx, config)
	if err != nil {
		return err
	}
	return d.Report(c, risks)
}
