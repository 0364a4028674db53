package main

import (
	"context"
	"time"
)

// fault is something that breaks under load. It has been repaired when inflict
// returns.
type fault struct {
	name    string
	inflict func(ctx context.Context, s *scene) error
}

var faults = []fault{
	{"nothing", func(ctx context.Context, s *scene) error {
		wait(ctx, s.phase/2)
		return nil
	}},
	{"a node is killed and comes back", func(ctx context.Context, s *scene) error {
		s.nodes[0].kill()
		wait(ctx, s.phase/2)
		return s.nodes[0].start(ctx)
	}},
	{"all nodes are replaced, one after the other", func(ctx context.Context, s *scene) error {
		for _, n := range s.nodes {
			if err := n.stop(ctx); err != nil {
				return err
			}
			if err := n.start(ctx); err != nil {
				return err
			}
		}
		return nil
	}},
	{"PostgreSQL is killed and comes back", func(ctx context.Context, s *scene) error {
		s.engine.kill()
		wait(ctx, s.phase/2)
		return s.engine.start(ctx)
	}},
	{"PostgreSQL is restarted", func(ctx context.Context, s *scene) error {
		if err := s.engine.stop(ctx); err != nil {
			return err
		}
		return s.engine.start(ctx)
	}},
	{"connections to the database are cut at random", func(ctx context.Context, s *scene) error {
		for end := time.Now().Add(s.phase / 2); time.Now().Before(end) && ctx.Err() == nil; {
			s.proxy.CutOne()
			wait(ctx, 20*time.Millisecond)
		}
		return nil
	}},
	{"the database is slow (3 s each way)", func(ctx context.Context, s *scene) error {
		s.proxy.Slow(3 * time.Second)
		wait(ctx, s.phase/2)
		s.proxy.Slow(0)
		return nil
	}},
	{"the network to the database swallows everything", func(ctx context.Context, s *scene) error {
		s.proxy.Swallow(true)
		wait(ctx, s.phase/2)
		s.proxy.Swallow(false)
		s.proxy.CutAll()
		return nil
	}},
}
