package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// ballastSize is memory that is asked for and never touched, so it costs none. The
// garbage collector counts it, and so runs when requests have left some megabytes
// behind rather than each time that a heap of few megabytes has doubled, which would
// be many times a second.
const ballastSize = 12 << 20

// Run serves requests until ctx ends, and then stops in this order: the server
// says that it is not ready, so that no new requests are sent to it; it stops
// accepting; it finishes what it has begun, the mails included; it closes the
// database. The error is nil when all of that could be done in time.
func (s *Server) Run(ctx context.Context) error {
	s.announce()
	ballast := make([]byte, ballastSize)
	defer runtime.KeepAlive(ballast)
	failed := make(chan error, len(s.listeners)+len(s.metrics))
	var serving sync.WaitGroup // the public listeners
	serve := func(server *http.Server, l net.Listener) {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
	}
	places := newPlaces(s.config.Server.MaxConnections)
	var listeners []net.Listener
	for _, l := range s.listeners {
		l := newBounded(l, places)
		listeners = append(listeners, l)
		serving.Go(func() { serve(s.public, l) })
	}
	for _, l := range s.metrics {
		go serve(s.private, l)
	}
	if s.outbox != nil {
		s.outbox.Start() // what an earlier process has left
	}
	cleaning, stopCleaning := context.WithCancel(ctx)
	var cleaner sync.WaitGroup
	cleaner.Go(func() { s.cleanUp(cleaning) })
	var err error
	var drain time.Duration
	select {
	case <-ctx.Done():
		s.log.Info("stopping")
		drain = *s.config.Server.DrainDelay
	case err = <-failed:
	}
	stopCleaning()
	cleaner.Wait()
	leave := func() {
		places.leaving.Store(true)
		for _, l := range listeners {
			_ = l.Close()
		}
		serving.Wait()
	}
	return errors.Join(err, s.stop(context.WithoutCancel(ctx), drain, places, leave))
}

// cleanUp removes expired rows now and then until ctx ends. Several nodes may do it
// at once.
func (s *Server) cleanUp(ctx context.Context) {
	interval := *s.config.Server.CleanupInterval
	if interval <= 0 {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n, err := s.auth.CleanUp(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.WarnContext(ctx, "expired rows were not removed; it is tried again later", "error", err)
		case n > 0:
			s.log.DebugContext(ctx, "expired rows removed", "rows", n)
		}
	}
}

// Close gives up a server that was never run.
func (s *Server) Close(ctx context.Context) error {
	return errors.Join(s.closeListeners(), s.auth.Close(ctx), s.closeChannel())
}

func (s *Server) closeChannel() error {
	if c, ok := s.channel.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (s *Server) closeListeners() error {
	var problems []error
	for _, list := range [][]net.Listener{s.listeners, s.metrics} {
		for _, l := range list {
			problems = append(problems, l.Close())
		}
	}
	return errors.Join(problems...)
}

// stop stops in the order that [Server.Run] tells of; leave stops accepting.
func (s *Server) stop(ctx context.Context, drain time.Duration, places *places, leave func()) error {
	s.health.draining.Store(true)
	if drain > 0 {
		<-time.After(drain)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Server.ShutdownTimeout)
	defer cancel()
	leave()
	s.public.SetKeepAlivesEnabled(false) // ends idle connections now, and others after their answer
	places.settle(ctx)
	err := s.public.Shutdown(ctx)
	if err == nil {
		err = places.wait(ctx)
	}
	if err != nil {
		places.leaving.Store(false)
		err = errors.Join(fmt.Errorf("wait for requests: %w", err), s.public.Close())
	}
	if closing := s.auth.Close(ctx); closing != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closing))
	}
	err = errors.Join(err, s.closeChannel(), s.private.Close())
	if err == nil {
		s.log.Info("stopped")
	}
	return err
}

// announce tells where to go.
func (s *Server) announce() {
	c := &s.config
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
	name := c.AppName
	if name == "" {
		name = "Ostiary"
	}
	say("%s is ready.\n", name)
	if enabled(c.Server.AccountPage) {
		say("  Account page  %s/", s.root())
	}
	say("  API           %s%s", s.root(), s.basePath())
	say("  Database      %s", c.Database.describe())
	if c.mails() && c.Mail.SMTP.Host == "" {
		say("  Mails         are printed here instead of being sent")
	}
	if s.secret != "" {
		say("\nWarning: this is a development server. Its secret is kept in %s;\nwhoever reads that file can sign in as anybody.", s.secret)
	}
	say("")
}

// root returns the address of the server without a path.
func (s *Server) root() string {
	path := s.basePath()
	if n := len(s.url) - len(path); n > 0 && s.url[n:] == path {
		return s.url[:n]
	}
	return s.url
}
