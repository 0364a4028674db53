package main

import (
	"context"
	"fmt"
	"time"
)

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

// killInterval is the time from one kill of a loop to the next.
const killInterval = 10 * time.Second

// killLoop kills one node after the other, as crashes do, each of which is started
// again at once.
func killLoop(total time.Duration) fault {
	kills := max(1, int(total/killInterval))
	return fault{fmt.Sprintf("a node is killed every %v, %d times", killInterval, kills), func(ctx context.Context, s *scene) error {
		for i := range kills {
			next := time.Now().Add(killInterval)
			n := s.nodes[i%len(s.nodes)]
			n.kill()
			if err := n.start(ctx); err != nil {
				return err
			}
			wait(ctx, time.Until(next))
		}
		return nil
	}}
}
