package main

import (
	"context"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/server"
)

type serveCommand struct {
	fileFlags
	Listen string `short:"l" placeholder:"ADDRESS" help:"Address to listen on, for example localhost:8080 or :8080. Default: localhost:3000."`
}

// Run runs the server until it is told to stop.
func (s *serveCommand) Run(ctx context.Context, c *console.Console) error {
	config, err := s.load(c)
	if err != nil {
		return err
	}
	if s.Listen != "" {
		config.Server.Listen = s.Listen
	}
	srv, err := server.New(ctx, config, server.Streams{Out: c.Out, Log: c.Err})
	if err != nil {
		return err
	}
	return srv.Run(ctx)
}
