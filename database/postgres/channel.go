package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/broadcast"
)

// DefaultChannel is the name on which the nodes listen unless another is given.
const DefaultChannel = "ostiary"

// Channel is a [broadcast.Channel] of LISTEN and NOTIFY. It holds two connections
// of its own, which are opened when they are first needed: one to listen and one to
// notify. They must reach the server directly, or through a pooler in session
// mode. It is safe for concurrent use.
type Channel struct {
	config *pgx.ConnConfig
	name   string

	mu       sync.Mutex // held while the connection is in use
	notifier *pgx.Conn
}

var _ broadcast.Channel = (*Channel)(nil)

// NewChannel returns a channel through the database of a connection string. All
// nodes of a deployment must use the same database and name; empty means
// [DefaultChannel]. The error does not repeat the connection string.
func NewChannel(dsn, name string) (*Channel, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("postgres: the connection string of the channel is malformed")
	}
	if name == "" {
		name = DefaultChannel
	}
	config.RuntimeParams["application_name"] = "ostiary channel"
	// A notification that is lost with the server concerns nobody afterwards: all
	// who listened have lost their connection as well.
	config.RuntimeParams["synchronous_commit"] = "off"
	return &Channel{config: config, name: name}, nil
}

// Publish implements [broadcast.Channel]. A connection that turns out to be dead is
// replaced once: a message that arrives twice does no harm.
func (c *Channel) Publish(ctx context.Context, message string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	reused := c.notifier != nil
	err := c.notify(ctx, message)
	if err != nil && reused && ctx.Err() == nil {
		err = c.notify(ctx, message)
	}
	if err != nil {
		return fmt.Errorf("postgres: notify: %w", err)
	}
	return nil
}

func (c *Channel) notify(ctx context.Context, message string) error {
	if c.notifier == nil {
		conn, err := pgx.ConnectConfig(ctx, c.config)
		if err != nil {
			return err
		}
		c.notifier = conn
	}
	_, err := c.notifier.Exec(ctx, "select pg_notify($1, $2)", c.name, message)
	if err != nil {
		c.drop(ctx)
	}
	return err
}

// drop closes the connection for notifications.
func (c *Channel) drop(ctx context.Context) {
	if c.notifier == nil {
		return
	}
	hangUp(ctx, c.notifier)
	c.notifier = nil
}

// hangUp closes a connection, which may be dead, within a second.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// Subscribe implements [broadcast.Channel].
func (c *Channel) Subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	conn, err := pgx.ConnectConfig(ctx, c.config)
	if err != nil {
		return fmt.Errorf("postgres: connect the channel: %w", err)
	}
	defer hangUp(ctx, conn)
	if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{c.name}.Sanitize()); err != nil {
		return fmt.Errorf("postgres: listen: %w", err)
	}
	ready()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("postgres: wait for notifications: %w", err)
		}
		receive(n.Payload)
	}
}

// Close closes the connection for notifications. Subscriptions end with their
// contexts.
func (c *Channel) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(context.Background())
	return nil
}
