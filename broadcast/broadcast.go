// Package broadcast is how the nodes of one deployment tell each other what has
// changed, so that what one of them has in memory is dropped when another one
// changes it.
//
// A [Channel] carries short messages; PostgreSQL (package database/postgres) and
// Redis (package storage/redis) have one. A [Link] is a node's end of it: it
// knows at any time whether every message has arrived, which is what makes it
// safe to answer from memory.
package broadcast

import "context"

// MaxMessage is the longest message, in bytes, that every channel can carry.
const MaxMessage = 1024

// Channel carries messages between processes. Every subscriber receives every
// message, those of its own process included. Methods may be called from many
// goroutines at once.
type Channel interface {
	// Publish returns nil when the channel has taken a message. A message whose
	// Publish returned before another Publish was called is received before the
	// other one, by every subscriber.
	Publish(ctx context.Context, message string) error
	// Subscribe calls ready when it is connected, and then receive with every
	// message that is published from then on, one at a time. It returns when
	// the context ends or a message may have been lost, for example with the
	// connection; the error says why. It does not connect again.
	Subscribe(ctx context.Context, ready func(), receive func(message string)) error
}
