package core

import (
	"context"
	"errors"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// sessionStore is where sessions are kept: the database, the secondary storage,
// or both. Before and after hooks of an update are the caller's; those of a
// creation and of deletions are run here, because they depend on the place.
type sessionStore interface {
	// create stores a new session. It returns [ErrAbort] when a hook aborted.
	create(ctx context.Context, row schema.Row) (schema.Row, error)
	// find returns the session of a token with its user, or nil.
	find(ctx context.Context, token string) (*Identity, error)
	// list returns the live sessions of a user, limit of them at most.
	list(ctx context.Context, userID string, limit int) ([]schema.Row, error)
	// byID returns the session of an id, or nil.
	byID(ctx context.Context, id string) (*schema.Row, error)
	// update changes the session of a token if a condition holds and returns it;
	// otherwise nil.
	update(ctx context.Context, token string, change schema.Row, when condition) (*schema.Row, error)
	// delete ends the session of a token, if it belongs to a user; userID may be
	// "" for any. It returns [ErrAbort] when a hook aborted.
	delete(ctx context.Context, token, userID string) (bool, error)
	// deleteOthers ends the sessions of a user but those of some tokens.
	deleteOthers(ctx context.Context, userID string, keep []string) error
	// deleteAll ends the sessions of a user in the database, for good or, in a
	// store that keeps rows of what has ended, only as far as that. What it
	// returns ends them everywhere else; it is called when it is certain that
	// they are to end. It is nil when a hook aborted, unless for good.
	deleteAll(ctx context.Context, userID string, forGood bool) (forget func(context.Context) error, err error)
	// userChanging is called before a user is changed, and userChanged after that
	// is committed, with the mark that the former returned: it hands the user to
	// the sessions that keep a copy.
	userChanging(ctx context.Context, userID string) (mark string, err error)
	userChanged(ctx context.Context, user schema.Row, mark string) error
}

// condition says when a session may be changed. The zero value is always.
type condition struct {
	live         time.Time // it must live at this time, unless zero
	from, before time.Time // its update time must be in this range; each end is optional
}

func (w condition) holds(row schema.Row) bool {
	updated := row.TimeAt(schema.SessionUpdatedAt)
	return (w.live.IsZero() || row.TimeAt(schema.SessionExpiresAt).After(w.live)) &&
		(w.from.IsZero() || !updated.Before(w.from)) &&
		(w.before.IsZero() || updated.Before(w.before))
}

func (w condition) where() []database.Where {
	var where []database.Where
	if !w.live.IsZero() {
		where = append(where, database.Compare("expiresAt", database.Greater, w.live))
	}
	if !w.from.IsZero() {
		where = append(where, database.Compare("updatedAt", database.GreaterOrEqual, w.from))
	}
	if !w.before.IsZero() {
		where = append(where, database.Compare("updatedAt", database.Less, w.before))
	}
	return where
}

// newReplicaLookup returns what reads sessions, with their users, from the replica of
// the database; nil when there is none.
func (k *Kernel) newReplicaLookup() (*database.ReplicaLookup, error) {
	if k.DB == nil {
		return nil, nil // the database is another problem
	}
	lookup := k.DB.NewReplicaLookup(k.Sessions.table, "token", withUser(k.Users.table))
	if lookup != nil && k.config.SecondaryStorage != nil {
		return nil, errors.New("Database: its replica has no use with SecondaryStorage, from which sessions are read; leave one of them out")
	}
	return lookup, nil
}

// withUser reads the user of a session along.
func withUser(users *schema.Table) database.Join {
	return database.Join{Table: users, From: "userId", On: "id", One: true}
}

func (k *Kernel) newSessionStore(sessions, users *schema.Table) sessionStore {
	rows := &databaseSessions{
		k: k, table: sessions,
		lookup: k.DB.NewLookup(sessions, "token", withUser(users)),
	}
	if k.config.SecondaryStorage == nil {
		return rows
	}
	cache := &storedSessions{
		k: k, store: k.config.SecondaryStorage, table: sessions, users: users,
		index: sessionIndex{k: k, store: k.config.SecondaryStorage},
	}
	cache.lookup = newStoredLookup(cache)
	if !k.config.Session.StoreInDatabase {
		return cache
	}
	return &mirroredSessions{k: k, rows: rows, cache: cache, preserve: k.config.Session.PreserveInDatabase}
}
