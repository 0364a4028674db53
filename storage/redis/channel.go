package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/ostiary/ostiary/broadcast"
)

// DefaultChannel is the name of the channel between nodes unless another is given.
const DefaultChannel = "nodes"

// channel is a [broadcast.Channel] of publish and subscribe. In a Cluster it is a
// sharded one (Redis 7), which one node of the Cluster serves, so that messages
// stay in order.
type channel struct {
	store *Store
	name  string
}

// Channel returns the channel by which nodes tell each other of changes, over the
// server of the store. All nodes must use the same prefix and name; empty means
// [DefaultChannel]. Each subscription has a connection of its own.
func (s *Store) Channel(name string) broadcast.Channel {
	if name == "" {
		name = DefaultChannel
	}
	return &channel{store: s, name: s.prefix + "channel:" + name}
}

// Publish implements [broadcast.Channel].
func (c *channel) Publish(ctx context.Context, message string) error {
	return c.store.do(ctx, "publish", func(ctx context.Context, client rueidis.Client) error {
		if client.Mode() == rueidis.ClientModeCluster {
			return client.Do(ctx, client.B().Spublish().Channel(c.name).Message(message).Build()).Error()
		}
		return client.Do(ctx, client.B().Publish().Channel(c.name).Message(message).Build()).Error()
	})
}

var errUnsubscribed = errors.New("the server has ended the subscription")

// Subscribe implements [broadcast.Channel].
func (c *channel) Subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	err := c.subscribe(ctx, ready, receive)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("redis: subscription: %w", err)
}

func (c *channel) subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	client, err := c.store.connect(ctx)
	if err != nil {
		return err
	}
	connection, release := client.Dedicate()
	defer release()
	ended := make(chan struct{}, 1)
	lost := connection.SetPubSubHooks(rueidis.PubSubHooks{
		OnMessage: func(m rueidis.PubSubMessage) { receive(m.Message) },
		OnSubscription: func(s rueidis.PubSubSubscription) {
			switch s.Kind {
			case "subscribe", "ssubscribe":
				ready()
			default:
				select {
				case ended <- struct{}{}:
				default:
				}
			}
		},
	})
	defer func() {
		connection.Close() // it is subscribed and of no use to others
		for range lost {   // until nothing is received any more
		}
	}()
	bounded, cancel := context.WithTimeout(ctx, c.store.o.Timeout)
	defer cancel()
	command := connection.B().Subscribe().Channel(c.name).Build()
	if client.Mode() == rueidis.ClientModeCluster {
		command = connection.B().Ssubscribe().Channel(c.name).Build()
	}
	if err := connection.Do(bounded, command).Error(); err != nil {
		return err
	}
	select {
	case err := <-lost:
		if err == nil {
			err = errUnsubscribed
		}
		return err
	case <-ended:
		return errUnsubscribed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
