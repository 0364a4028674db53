package main

import (
	"context"
	"path/filepath"
	"time"
)

// onPostgres lets the nodes share a PostgreSQL server behind a proxy.
func (s *scene) onPostgres() error {
	e, err := s.newEngine()
	if err != nil {
		return err
	}
	s.settings = "session: {memory: {enabled: true}}\nrateLimit: {enabled: false}\n"
	s.faults = append(s.faults, ofNodes...)
	s.faults = append(s.faults, ofPostgres(e)...)
	return nil
}

func (s *scene) newEngine() (*engine, error) {
	e, err := newEngine(filepath.Join(s.folder, "postgres"))
	if err != nil {
		return nil, err
	}
	s.database = e
	s.ends = append(s.ends, e.kill, e.proxy.Close)
	return e, nil
}

func ofPostgres(e *engine) []fault {
	return []fault{
		{"PostgreSQL is killed and comes back", func(ctx context.Context, s *scene) error {
			e.kill()
			wait(ctx, s.phase/2)
			return e.start(ctx)
		}},
		{"PostgreSQL is restarted", func(ctx context.Context, _ *scene) error {
			if err := e.stop(ctx); err != nil {
				return err
			}
			return e.start(ctx)
		}},
		{"connections to the database are cut at random", func(ctx context.Context, s *scene) error {
			for end := time.Now().Add(s.phase / 2); time.Now().Before(end) && ctx.Err() == nil; {
				e.proxy.CutOne()
				wait(ctx, 20*time.Millisecond)
			}
			return nil
		}},
		{"the database is slow (3 s each way)", func(ctx context.Context, s *scene) error {
			e.proxy.Slow(3 * time.Second)
			wait(ctx, s.phase/2)
			e.proxy.Slow(0)
			return nil
		}},
		{"the network to the database swallows everything", func(ctx context.Context, s *scene) error {
			e.proxy.Swallow(true)
			wait(ctx, s.phase/2)
			e.proxy.Swallow(false)
			e.proxy.CutAll()
			return nil
		}},
	}
}
