package core

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/ostiary/ostiary/broadcast"
)

// subject is what a change is about: a session, by a hash of its token, or a user,
// by the hash of the id.
type subject [32]byte

// setLink connects the nodes with each other.
func (k *Kernel) setLink() error {
	o, memory := &k.config.Broadcast, &k.config.Session.Memory
	lookup, err := k.newReplicaLookup()
	if err != nil {
		return err
	}
	if o.Channel == nil {
		if lookup != nil {
			return errors.New("Database: its replica needs Broadcast.Channel, by which the nodes tell each other of changes; for a single process give new(broadcast.Hub)")
		}
		if memory.Enabled {
			return errors.New("Session.Memory: needs Broadcast.Channel, by which the nodes tell each other of changes; for a single process give new(broadcast.Hub)")
		}
		return nil
	}
	if !k.stateful {
		return errors.New("Broadcast.Channel: has no use without a Database; remove it")
	}
	k.link = broadcast.NewLink(o.Channel, broadcast.LinkOptions{Lease: o.Lease, Keep: memory.MaxAge, Log: k.Log, Receive: k.hear})
	if memory.Enabled || lookup != nil {
		k.news = newNews(k.link, memory.MaxAge)
	}
	if memory.Enabled {
		k.memory = newSessionMemory(k.news, memory)
	}
	if lookup != nil {
		k.replica = newSessionReplica(k.news, lookup, k.Log)
	}
	return nil
}

// startLink runs the link until the kernel is closed.
func (k *Kernel) startLink() {
	if k.link == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	k.stopLink = func(within context.Context) error {
		cancel()
		select {
		case <-ended:
			return nil
		case <-within.Done():
			return fmt.Errorf("leave the channel between the nodes: %w", context.Cause(within))
		}
	}
	go func() {
		defer close(ended)
		k.link.Run(ctx)
	}()
}

// Linked reports whether this node knows at the moment that it hears of every
// change that others make, so that it may answer from memory. Without
// [BroadcastOptions].Channel it is false.
func (k *Kernel) Linked() bool { return k.link != nil && k.link.Fresh() }

// changed tells this node and all others of a change, when it can be seen in the
// store.
func (k *Kernel) changed(ctx context.Context, s subject, m mark) {
	_ = k.DB.AfterCommit(ctx, func(ctx context.Context) error { // fails only if the function does
		k.apply(s, m)
		if k.link != nil {
			if err := k.link.Announce(ctx, m.notice(s)); err != nil {
				k.Log.WarnContext(ctx, "a change was not announced to the other nodes in time", "error", err)
			}
		}
		return nil
	})
}

// apply makes what this node, or a replica, remembers of a changed session or user
// unusable.
func (k *Kernel) apply(s subject, m mark) {
	if k.news != nil {
		k.news.heard(s)
	}
	if k.config.Session.CookieCache.Strict || !m.ends() {
		k.watermarks.raise(s, m)
	}
}

// hear applies what a node has announced. What it does not understand may mean
// anything: then nothing that was remembered before is used any more.
func (k *Kernel) hear(message string) {
	s, m, err := parseNotice(message)
	if err != nil {
		k.Log.Warn("a message of another node is not understood; what is in memory is read anew. Do all nodes run the same version?", "error", err)
		k.link.Forget()
		return
	}
	k.apply(s, m)
}

// notice is a mark as the nodes tell it to each other.
func (m mark) notice(s subject) string {
	return fmt.Sprintf("%s %d %d", hex.EncodeToString(s[:]), m.revision, m.revoked)
}

func parseNotice(message string) (s subject, m mark, err error) {
	var name string
	if _, err := fmt.Sscanf(message, "%s %d %d", &name, &m.revision, &m.revoked); err != nil {
		return s, m, fmt.Errorf("parse notice: %w", err)
	}
	if n, err := hex.Decode(s[:], []byte(name[:min(len(name), 2*len(s))])); err != nil || n != len(s) {
		return s, m, errors.New("parse notice: no subject")
	}
	return s, m, nil
}

// trustsCache reports whether a strict cookie cache that was written at a time may
// be used: whether everything that was announced since then has arrived.
func (k *Kernel) trustsCache(written time.Time) bool {
	if k.link == nil || !k.config.Session.CookieCache.Strict {
		return true
	}
	return k.link.Fresh() && k.Now().Sub(written) < k.link.Unbroken()
}

func (k *Kernel) sessionChanged(ctx context.Context, s *Session) {
	k.changed(ctx, sessionSubject(s.Token), mark{revision: s.UpdatedAt.UnixMilli()})
}

func (k *Kernel) userChanged(ctx context.Context, u *User) {
	k.changed(ctx, userSubject(u.ID), mark{revision: u.UpdatedAt.UnixMilli()})
}

// sessionEnded makes the caches of a session unusable where caches are strict.
func (k *Kernel) sessionEnded(ctx context.Context, token string) {
	k.changed(ctx, sessionSubject(token), mark{revision: revokedRevision})
}

// sessionsEnded makes the caches of all sessions that a user has begun so far
// unusable where caches are strict, also of those that were begun on a node whose
// clock is ahead. Those that have not ended are read anew.
func (k *Kernel) sessionsEnded(ctx context.Context, userID string) {
	k.changed(ctx, userSubject(userID), mark{revoked: k.Now().UnixMilli() + clockSkew})
}

// Invalidate makes every node read a user and the user's sessions from the store
// with the next request of each session, whatever is in caches and memories. Call
// it after changing them by other means than this library.
func (k *Kernel) Invalidate(ctx context.Context, userID string) {
	k.changed(ctx, userSubject(userID), mark{revision: k.Now().UnixMilli()})
}
