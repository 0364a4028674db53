// Package outbox keeps mails in the database until a mail server has taken them: a
// mail that was accepted survives the end of the process and hours without a mail
// server, and is sent again until it is delivered or given up.
//
// A [Plugin] is a [mail.Sender]. What is sent through it is written to a table,
// encrypted with the secret of the server, in the transaction of the context if
// there is one: when that is undone, there is no mail. Any number of nodes share the
// table. Each mail is leased by one of them at a time, and removed when it has been
// delivered.
//
// Delivery is at least once. A mail is delivered twice if a node dies, or loses the
// database, after the mail server took it and before that is noted.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/schema"
)

// Options of the plugin.
type Options struct {
	// Sender delivers the mails. Required. A failure is temporary, and is tried
	// again, unless its error has a method Temporary that says otherwise, as those
	// of package mail/smtp do.
	Sender mail.Sender
	// Capacity is how many mails may wait, about: nodes that write at the same
	// moment do not see each other. Beyond it [Plugin.Send] fails with [ErrFull].
	// Default 10000.
	Capacity int
	// Parallel is how many mails a node delivers at once. Default 8.
	Parallel int
	// SendTimeout bounds one attempt. Default 15 seconds; at most a minute.
	SendTimeout time.Duration
	// PollInterval is how often a node looks for mails that others have left.
	// Those of its own are sent at once. Default 5 seconds.
	PollInterval time.Duration
	// OnResult is called with what became of a mail, for metrics. Nil means that
	// nobody is told.
	OnResult func(r Result)
}

// Result is what became of a mail, or of an attempt to deliver it.
type Result string

// The results.
const (
	Sent    Result = "sent"    // the mail server has taken it
	Delayed Result = "delayed" // an attempt failed; there will be another
	Failed  Result = "failed"  // given up: a dead letter
	Dropped Result = "dropped" // never written: the outbox was full
)

// ErrFull is the error of [Plugin.Send] when too many mails wait. Those that wait
// are kept.
var ErrFull = errors.New("outbox: full; the mail server does not take as many mails as are written")

// Plugin is the plugin, and the sender; make it with [New].
type Plugin struct {
	options Options
	kernel  *core.Kernel
	table   *schema.Table
	box     *secret.Box

	wake    chan struct{} // has one when there may be something to deliver
	closing chan struct{} // closed when the plugin is to end

	mu        sync.Mutex
	started   bool
	closed    bool
	done      chan struct{} // closed when the work has ended
	abort     context.CancelFunc
	delivered map[string]bool // ids that are not removed yet: the database failed
}

var (
	_ mail.Sender      = (*Plugin)(nil)
	_ core.Modeler     = (*Plugin)(nil)
	_ core.Initializer = (*Plugin)(nil)
	_ core.Closer      = (*Plugin)(nil)

	_ core.SecretChecker = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	if o.Capacity == 0 {
		o.Capacity = 10000
	}
	if o.Parallel == 0 {
		o.Parallel = 8
	}
	if o.SendTimeout == 0 {
		o.SendTimeout = 15 * time.Second
	}
	if o.PollInterval == 0 {
		o.PollInterval = 5 * time.Second
	}
	if o.OnResult == nil {
		o.OnResult = func(Result) {}
	}
	return &Plugin{options: o, wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}), delivered: map[string]bool{}}
}

// ID returns "outbox".
func (*Plugin) ID() string { return "outbox" }

// Init checks the options.
func (p *Plugin) Init(k *core.Kernel) error {
	o := &p.options
	p.kernel, p.table, p.box = k, k.DB.Table(modelKey), k.Secrets.Purpose("mail-outbox")
	switch {
	case o.Sender == nil:
		return errors.New("outbox.Options.Sender: not set; give what delivers the mails, for example smtp.New(…)")
	case o.Capacity < 0, o.Parallel < 0, o.PollInterval < 0:
		return errors.New("outbox.Options: Capacity, Parallel and PollInterval must not be negative")
	case o.SendTimeout < 0, o.SendTimeout > lease/2:
		return fmt.Errorf("outbox.Options.SendTimeout: must not be negative, or more than %s", lease/2)
	}
	return nil
}

// Send writes a mail to the outbox. When it returns nil the mail will be delivered,
// also if this process ends; within a transaction that is true once the transaction
// is committed. It returns the error of [mail.Message.Validate], [ErrFull], or that
// of the database. It may be called before [Plugin.Start], which it implies.
func (p *Plugin) Send(ctx context.Context, m mail.Message) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	content, err := p.seal(m)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	p.Start()
	err = p.kernel.DB.InTransaction(ctx, func(ctx context.Context) error { return p.write(ctx, m.Kind, content) })
	switch {
	case errors.Is(err, ErrFull):
		p.options.OnResult(Dropped)
		p.log().ErrorContext(ctx, "a mail was dropped", "kind", m.Kind, "error", err)
		return err
	case err != nil:
		return fmt.Errorf("outbox: %w", err)
	}
	return p.kernel.DB.AfterCommit(ctx, func(context.Context) error {
		p.hurry()
		return nil
	})
}

// write adds a mail. In a transaction no other node can take the row before the
// database has answered what it wrote.
func (p *Plugin) write(ctx context.Context, kind mail.Kind, content string) error {
	waiting, err := p.kernel.DB.Count(ctx, p.table, waits)
	if err != nil {
		return err
	}
	if waiting >= int64(p.options.Capacity) {
		return ErrFull
	}
	now := database.Milliseconds(p.kernel.Now())
	row := p.table.NewRow().Set("kind", string(kind)).Set("content", content).Set("attempts", int64(0)).Set("createdAt", now).Set("dueAt", now)
	_, err = p.kernel.DB.Create(ctx, row)
	return err
}

// hurry tells the work that there is something to do.
func (p *Plugin) hurry() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *Plugin) log() *slog.Logger { return p.kernel.Log }

// Start begins to deliver what is in the outbox, also what other nodes and earlier
// processes have left there. The database must have its tables. Calls after the
// first one do nothing. [Plugin.Close] ends it.
func (p *Plugin) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started || p.closed {
		return
	}
	p.started = true
	ctx, cancel := context.WithCancel(context.Background())
	p.abort = cancel
	go func() {
		defer close(p.done)
		p.work(ctx)
	}()
}

// Close delivers what is due, as long as the context allows, and ends. What waits
// for another attempt stays in the database. The server calls it when it is closed.
func (p *Plugin) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		close(p.closing)
	}
	p.closed = true
	started := p.started
	p.mu.Unlock()
	if !started {
		return nil
	}
	defer p.abort()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	p.abort()
	select {
	case <-p.done:
		return nil // what was not sent waits in the database
	case <-time.After(noteTimeout):
		return fmt.Errorf("outbox: a sender does not give up: %w", context.Cause(ctx))
	}
}
