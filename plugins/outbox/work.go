package outbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ostiary/ostiary/mail"
)

// The attempts: ten over two hours, each after about three times the wait of the
// one before. Links in mails are seldom good for longer.
const (
	maxAttempts = 10
	firstDelay  = 5 * time.Second
	maxDelay    = 30 * time.Minute
)

// delay is the wait after an attempt: it grows threefold, with up to a quarter more
// or less, so that what failed together is not tried again together.
func (p *Plugin) delay(attempts int64) time.Duration {
	d := firstDelay
	for range attempts - 1 {
		d = min(3*d, maxDelay)
	}
	return time.Duration(float64(d) * (0.75 + p.random()/2))
}

// random returns a number from 0 up to but not including 1.
func (p *Plugin) random() float64 {
	return float64(binary.NativeEndian.Uint64(p.kernel.Random.Bytes(8))>>11) / (1 << 53)
}

// work delivers mails until the plugin is closed and nothing is due any more, or
// the context ends.
func (p *Plugin) work(ctx context.Context) {
	var attempts sync.WaitGroup
	defer attempts.Wait()
	slots := make(chan struct{}, p.options.Parallel)
	var tidied time.Time
	for failures := 0; ; {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if now := p.kernel.Now(); now.Sub(tidied) >= tidyInterval || now.Before(tidied) {
			tidied = now
			p.tidy(ctx)
		}
		p.removeDelivered(ctx)
		l, wait, err := p.claim(ctx)
		if l != nil {
			failures = 0
			attempts.Go(func() {
				defer func() { <-slots }()
				p.attempt(ctx, l)
			})
			continue
		}
		<-slots
		if err != nil {
			failures++
			if failures == 1 && ctx.Err() == nil {
				p.log().ErrorContext(ctx, "no mails are delivered: the database does not say which there are", "error", err)
			}
			wait = p.options.PollInterval
		} else {
			failures = 0
		}
		if !p.rest(ctx, wait) {
			return
		}
	}
}

// rest waits until there may be something to do. It returns false when there will
// not be: the plugin is being closed.
func (p *Plugin) rest(ctx context.Context, wait time.Duration) bool {
	select {
	case <-p.closing:
		return wait == 0
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.wake:
	case <-timer.C:
	case <-p.closing:
	case <-ctx.Done():
		return false
	}
	return true
}

// attempt tries to deliver a mail and notes what became of it.
func (p *Plugin) attempt(ctx context.Context, l *leased) {
	if p.wasDelivered(l.id) {
		p.remove(ctx, l.id)
		return
	}
	m, err := p.open(l.kind, l.content)
	if err == nil {
		err = p.send(ctx, m)
	}
	switch {
	case err == nil:
		p.remove(ctx, l.id)
		p.options.OnResult(Sent)
	case ctx.Err() != nil:
		// The process ends: the attempt does not count.
		p.put(ctx, l, p.table.NewRow().Set("attempts", l.attempts-1).Set("dueAt", p.kernel.Now()))
	case l.attempts >= maxAttempts || !temporary(err):
		reason := m.Redact(err.Error())
		p.log().ErrorContext(ctx, "a mail could not be delivered and is given up", "kind", l.kind, "attempts", l.attempts, "error", reason)
		p.put(ctx, l, p.table.NewRow().Set("dueAt", nil).Set("error", reason))
		p.options.OnResult(Failed)
	default:
		reason, delay := m.Redact(err.Error()), p.delay(l.attempts)
		p.log().WarnContext(ctx, "a mail could not be delivered; it is tried again later", "kind", l.kind, "attempts", l.attempts, "in", delay.Round(time.Second), "error", reason)
		p.put(ctx, l, p.table.NewRow().Set("dueAt", p.kernel.Now().Add(delay)).Set("error", reason))
		p.options.OnResult(Delayed)
	}
}

// send makes one attempt. A sender that panics has failed.
func (p *Plugin) send(ctx context.Context, m mail.Message) (err error) {
	ctx, cancel := context.WithTimeout(ctx, p.options.SendTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			p.log().ErrorContext(ctx, "the sender of mails panicked", "kind", m.Kind, "panic", m.Redact(fmt.Sprint(v)), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return p.options.Sender.Send(ctx, m)
}

// temporary reports whether it is worth trying again: unless the error says that it
// is not.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return !errors.As(err, &t) || t.Temporary()
}
