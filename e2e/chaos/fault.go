package main

import "context"

// fault is something that breaks under load. It has been repaired when inflict
// returns.
type fault struct {
	name    string
	inflict func(ctx context.Context, s *scene) error
}

// ofNodes are the faults of every scene.
var ofNodes = []fault{
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
}
