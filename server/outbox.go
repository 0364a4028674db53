package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ostiary/ostiary/mail"
)

// outbox writes and sends mails in the background, so that the time of an
// answer does not tell whether there was anybody to write to. What a mail
// server refuses for the moment is tried again later, while other mails go out.
type outbox struct {
	sender mail.Sender
	log    *slog.Logger
	count  func(result string) // of a mail: "sent", "failed" or "dropped"
	delays []time.Duration     // before the second attempt, the third, …

	sending chan struct{} // one for each mail that is being sent
	letters sync.WaitGroup
	hurry   context.Context // ends when there is no time for another attempt later
	rush    context.CancelFunc

	mu      sync.Mutex
	waiting int
	closed  bool
}

const (
	maxSending = 8
	maxWaiting = 1000
	sendTime   = 15 * time.Second
)

// retryDelays are about as patient as the links are valid.
var retryDelays = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute}

func newOutbox(sender mail.Sender, log *slog.Logger, count func(string)) *outbox {
	o := &outbox{sender: sender, log: log, count: count, delays: retryDelays, sending: make(chan struct{}, maxSending)}
	o.hurry, o.rush = context.WithCancel(context.Background())
	return o
}

// post sends what write writes, some time soon. It outlives the context, which
// only tells the log which request caused it.
func (o *outbox) post(ctx context.Context, kind mail.Kind, write func() (mail.Message, error)) {
	ctx = context.WithoutCancel(ctx)
	if !o.admit() {
		o.count("dropped")
		o.log.ErrorContext(ctx, "a mail was dropped: too many are waiting, or the server has stopped", "kind", kind)
		return
	}
	go func() {
		defer o.leave()
		if err := o.deliver(ctx, write); err != nil {
			o.count("failed")
			o.log.ErrorContext(ctx, "a mail could not be sent", "kind", kind, "error", err)
			return
		}
		o.count("sent")
	}()
}

func (o *outbox) admit() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.waiting >= maxWaiting {
		return false
	}
	o.waiting++
	o.letters.Add(1)
	return true
}

func (o *outbox) leave() {
	o.mu.Lock()
	o.waiting--
	o.mu.Unlock()
	o.letters.Done()
}

// queued returns how many mails are being sent or wait.
func (o *outbox) queued() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting
}

func (o *outbox) deliver(ctx context.Context, write func() (mail.Message, error)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	m, err := write()
	if err != nil {
		return err
	}
	for _, delay := range o.delays {
		if err = o.send(ctx, m); err == nil || !temporary(err) {
			return err
		}
		if !o.wait(delay) {
			break
		}
	}
	return o.send(ctx, m)
}

func (o *outbox) send(ctx context.Context, m mail.Message) error {
	o.sending <- struct{}{}
	defer func() { <-o.sending }()
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return o.sender.Send(ctx, m)
}

// wait waits, unless there is no time.
func (o *outbox) wait(delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-o.hurry.Done():
		return false
	}
}

// temporary reports whether it is worth trying again.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// close waits for the mails that are under way; those that wait for another
// attempt get it at once.
func (o *outbox) close(ctx context.Context) error {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.rush()
	done := make(chan struct{})
	go func() {
		o.letters.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("send the remaining mails: %w", context.Cause(ctx))
	}
}
