package outbox

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

const (
	// lease is how long a node has a mail to itself. It is long enough for an
	// attempt and for clocks that are half a minute apart.
	lease = 2 * time.Minute
	// candidates are how many mails a node looks at to find one that no other
	// node takes at the same moment.
	candidates = 4
	// noteTimeout bounds the statement that notes what became of an attempt.
	noteTimeout = 5 * time.Second
)

// Which mails a statement is about. Dead letters are never due.
var (
	waits = database.Compare("dueAt", database.NotEqual, nil)
	dead  = database.Eq("dueAt", nil)
)

// leased is a mail that this node has to itself. The number of attempts tells the
// lease from later ones.
type leased struct {
	id, kind, content string
	attempts          int64
}

// claim leases a mail that is due. It returns nil when there is none, and then how
// long there will be none that it knows of.
func (p *Plugin) claim(ctx context.Context) (*leased, time.Duration, error) {
	now := database.Milliseconds(p.kernel.Now())
	found, err := p.kernel.DB.FindMany(ctx, database.Query{Table: p.table, Where: []database.Where{waits}, Sort: []database.Sort{{Field: "dueAt"}}, Limit: candidates})
	if err != nil {
		return nil, 0, err
	}
	due := 0
	for due < len(found) && !dueAt(found[due].Row).After(now) {
		due++
	}
	if due == 0 {
		return nil, p.untilDue(found, now), nil
	}
	first := int(p.random() * float64(due)) // so that nodes do not all want the same one
	for i := range due {
		l, err := p.take(ctx, found[(first+i)%due].Row, now)
		if l != nil || err != nil {
			return l, 0, err
		}
	}
	return nil, 0, nil // others were faster; there may be more
}

func (p *Plugin) untilDue(found []database.Record, now time.Time) time.Duration {
	if len(found) == 0 {
		return p.options.PollInterval
	}
	return min(dueAt(found[0].Row).Sub(now), p.options.PollInterval)
}

func dueAt(row schema.Row) time.Time {
	at, _ := row.Get("dueAt").(time.Time)
	return at
}

// take leases a mail unless somebody else has done so since it was read.
func (p *Plugin) take(ctx context.Context, row schema.Row, now time.Time) (*leased, error) {
	attempts := row.IntAt(p.table.Position("attempts"))
	set := p.table.NewRow().Set("dueAt", now.Add(lease))
	taken, err := p.kernel.DB.IncrementOne(ctx, set, []database.Increment{{Field: "attempts", Delta: 1}},
		database.Eq("id", row.ID()), database.Eq("attempts", attempts), database.Compare("dueAt", database.LessOrEqual, now))
	if err != nil || taken == nil {
		return nil, err
	}
	text := func(name string) string {
		s, _ := taken.Get(name).(string)
		return s
	}
	return &leased{id: taken.ID(), kind: text("kind"), content: text("content"), attempts: attempts + 1}, nil
}

// mine are the conditions of a statement about a mail while its lease lasts.
func (l *leased) mine() []database.Where {
	return []database.Where{database.Eq("id", l.id), database.Eq("attempts", l.attempts)}
}

// remove removes a mail that was delivered. While the database does not answer, the
// mail is remembered, so that at least this node does not send it again.
func (p *Plugin) remove(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	_, err := p.kernel.DB.DeleteMany(ctx, p.table, database.Eq("id", id))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.delivered, id)
		return
	}
	if !p.delivered[id] {
		p.log().ErrorContext(ctx, "a mail was delivered but could not be removed; that is tried again, and if this process ends before, it is delivered twice", "error", err)
	}
	p.delivered[id] = true
}

// removeDelivered tries again what [Plugin.remove] could not do.
func (p *Plugin) removeDelivered(ctx context.Context) {
	p.mu.Lock()
	again := slices.Collect(maps.Keys(p.delivered))
	p.mu.Unlock()
	for _, id := range again {
		p.remove(ctx, id)
	}
}

// wasDelivered reports whether this node has delivered a mail already.
func (p *Plugin) wasDelivered(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delivered[id]
}

// put changes a mail whose lease this node holds. If that fails, the lease ends by
// itself.
func (p *Plugin) put(ctx context.Context, l *leased, set schema.Row) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if _, err := p.kernel.DB.UpdateMany(ctx, set, l.mine()...); err != nil {
		p.log().ErrorContext(ctx, "the attempt to deliver a mail was not noted", "kind", l.kind, "error", err)
	}
}
