package main

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/server"
)

type doctorCommand struct {
	configFlags
}

// Run prints what is risky, and fails when something would keep the server from
// working.
func (d *doctorCommand) Run(ctx context.Context, c console) error {
	config, err := d.load(c)
	if err != nil {
		return err
	}
	report, err := server.Examine(ctx, config)
	if err != nil {
		return err
	}
	serious := 0
	for _, r := range report {
		c.say("%s: %s", r.Severity, r.Text)
		if r.Severity == server.Serious {
			serious++
		}
	}
	switch {
	case serious > 0:
		return fmt.Errorf("found %d serious problems", serious)
	case len(report) == 0:
		c.say("Nothing to complain about.")
	}
	return nil
}
