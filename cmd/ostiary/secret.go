package main

import (
	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/server"
)

type secretCommand struct {
	JSON bool `help:"Write it as JSON."`
}

// Run prints a fresh secret and nothing else, so that it can be piped.
func (s *secretCommand) Run(c *console.Console) error {
	value := server.NewSecret().Reveal()
	if s.JSON {
		return c.JSON(map[string]string{"secret": value})
	}
	c.Say("%s", value)
	return nil
}
