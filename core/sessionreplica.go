package core

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
)

// sessionReplica reads sessions from a replica of the database. Nil reads none.
//
// Every now and then this node sounds how far the database is. An answer of the
// replica from a place that includes a sounding is as good as one that the database
// itself gave when the sounding was begun, so it is subject to the rule of [news]:
// it counts unless a change of its session or user was heard of since then. How far
// the replica lags does not matter for what has not changed; what has changed is
// read from the database until the replica has caught up with a later sounding.
//
// Everything else is the database's business: what the replica does not have, what
// would lead to a write, and whatever is in doubt.
type sessionReplica struct {
	news   *news
	lookup *database.ReplicaLookup // by token, with the user
	log    *slog.Logger

	turn      sync.Mutex                 // held by the one that takes a sounding
	soundings atomic.Pointer[[]sounding] // the latest first; what is pointed to is never changed
	resting   atomic.Int64               // until when the replica is not asked, by the clock of the news
	failing   atomic.Bool
}

// errStranger is what is said of a server with another history: a primary, a replica
// of other data, or one that is just following its primary into a new timeline.
var errStranger = errors.New("it is no replica of this database at the moment")

// sounding is where the database was at a moment, or later.
type sounding struct {
	at       moment
	position database.Position
}

const (
	// soundingPause is the time between soundings. A change is read from the
	// database for as long as that at least.
	soundingPause = 100 * time.Millisecond
	// restOfLagging and restOfFailing are how long a replica is spared that lags
	// behind all soundings, or that cannot be used.
	restOfLagging = soundingPause
	restOfFailing = time.Second
	// maxSoundings bounds what is kept. A replica that lags behind all of them is
	// of no use.
	maxSoundings = 64
)

func newSessionReplica(n *news, lookup *database.ReplicaLookup, log *slog.Logger) *sessionReplica {
	r := &sessionReplica{news: n, lookup: lookup, log: log}
	r.soundings.Store(new([]sounding))
	return r
}

// find returns the session of a token with its user as the replica has it, and the
// moment for which that holds; nil when the database has to be asked.
func (r *sessionReplica) find(ctx context.Context, token string, now moment) (*Identity, moment) {
	if r == nil || !now.fresh || int64(now.at) < r.resting.Load() {
		return nil, moment{}
	}
	soundings := r.sound(ctx, now)
	session := sessionSubject(token)
	if len(soundings) == 0 || !r.news.reaches(soundings[0].at, now) || r.news.since(soundings[0].at, session) {
		return nil, moment{}
	}
	rec, position, err := r.lookup.Find(ctx, token)
	if err == nil && position.History != soundings[0].position.History {
		err = errStranger
	}
	if err != nil {
		if ctx.Err() == nil {
			r.rest(ctx, restOfFailing, err)
		}
		return nil, moment{}
	}
	at := r.latest(soundings, position, now)
	if at == nil {
		r.rest(ctx, restOfLagging, nil)
		return nil, moment{}
	}
	r.recovered(ctx)
	if rec == nil || len(rec.Joined[0]) == 0 {
		return nil, moment{}
	}
	id := &Identity{Session: sessionOf(rec.Row), User: userOf(rec.Joined[0][0])}
	if r.news.since(*at, session, userSubject(id.User.ID)) {
		return nil, moment{}
	}
	return id, *at
}

// latest returns the moment of the latest sounding that a position includes, if
// every change since then has been heard of; else nil.
func (r *sessionReplica) latest(soundings []sounding, position database.Position, now moment) *moment {
	for i := range soundings {
		s := &soundings[i]
		if position.Includes(s.position) && r.news.reaches(s.at, now) {
			return &s.at
		}
	}
	return nil
}

// sound returns the soundings. If the latest is not recent, and nobody else is at
// it, it takes another one before.
func (r *sessionReplica) sound(ctx context.Context, now moment) []sounding {
	known := *r.soundings.Load()
	if recent(known, now) || !r.turn.TryLock() {
		return known
	}
	defer r.turn.Unlock()
	if known = *r.soundings.Load(); recent(known, now) {
		return known
	}
	at := r.news.now()
	position, err := r.lookup.Position(ctx)
	if err != nil {
		r.log.DebugContext(ctx, "the position of the database was not found", "error", err)
		return known
	}
	taken := []sounding{{at, position}}
	for _, s := range known {
		if r.news.reaches(s.at, at) && len(taken) < maxSoundings {
			taken = append(taken, s)
		}
	}
	r.soundings.Store(&taken)
	return taken
}

// recent reports whether no other sounding is needed yet.
func recent(soundings []sounding, now moment) bool {
	return len(soundings) > 0 && soundings[0].at.epoch == now.epoch && now.at-soundings[0].at.at < soundingPause
}

// rest spares the replica for a while.
func (r *sessionReplica) rest(ctx context.Context, d time.Duration, err error) {
	r.resting.Store(int64(r.news.now().at + d))
	if err != nil && r.failing.CompareAndSwap(false, true) {
		r.log.WarnContext(ctx, "the replica cannot be used; sessions are read from the database", "error", err)
	}
}

func (r *sessionReplica) recovered(ctx context.Context) {
	if r.failing.Load() && r.failing.CompareAndSwap(true, false) {
		r.log.InfoContext(ctx, "the replica is used again")
	}
}

// findAtReplica asks the replica, if there is one, on behalf of a request that only
// reads. It returns nil when the database has to be asked, which also decides
// whether a session has ended or is due to be prolonged.
func (c *Context) findAtReplica(token string, o ReadOptions, asked moment) (*Identity, moment) {
	if c.replica == nil || c.Method != http.MethodGet && c.Method != http.MethodHead {
		return nil, moment{}
	}
	id, at := c.replica.find(c, token, asked)
	if id == nil || !id.Session.ExpiresAt.After(c.Now()) || c.isDue(id) && !o.SkipRefresh && !c.dontRemember() {
		return nil, moment{}
	}
	return id, at
}
