package main

import "github.com/ostiary/ostiary/server"

type secretCommand struct{}

// Run prints a fresh secret and nothing else, so that it can be piped.
func (*secretCommand) Run(c console) error {
	c.say("%s", server.NewSecret().Reveal())
	return nil
}
