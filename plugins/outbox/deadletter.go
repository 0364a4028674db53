package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/schema"
)

const (
	// keepDead is how long dead letters are kept, and maxDead how many.
	keepDead = 7 * 24 * time.Hour
	maxDead  = 1000
	// tidyInterval is how often a node removes those that are too old or too many.
	tidyInterval = 10 * time.Minute
)

// Stats are what is in the outbox.
type Stats struct {
	// Waiting are mails that are to be delivered, Dead those that were given up.
	Waiting, Dead int64
	// Oldest is when the oldest that waits was written; zero when none does.
	Oldest time.Time
	// LastError is why that one was not delivered yet; "" when it was not tried.
	LastError string
}

// Stats returns what is in the outbox.
func (p *Plugin) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	var err error
	if s.Waiting, err = p.kernel.DB.Count(ctx, p.table, waits); err != nil {
		return s, fmt.Errorf("outbox: %w", err)
	}
	if s.Dead, err = p.kernel.DB.Count(ctx, p.table, dead); err != nil {
		return s, fmt.Errorf("outbox: %w", err)
	}
	oldest, err := p.find(ctx, waits, false, 1, 0)
	if err != nil || len(oldest) == 0 {
		return s, err
	}
	s.Oldest, s.LastError = oldest[0].PostedAt, oldest[0].Error
	return s, nil
}

// DeadLetter is a mail that was given up. What it says stays encrypted.
type DeadLetter struct {
	ID       string
	Kind     mail.Kind
	PostedAt time.Time
	Attempts int64
	// Error is why the last attempt failed, without what is secret.
	Error string
}

// DeadLetters returns the mails that were given up, the newest first, at most
// limit of them. They are kept for a week, and a thousand of them.
func (p *Plugin) DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error) {
	return p.find(ctx, dead, true, limit, 0)
}

func (p *Plugin) find(ctx context.Context, which database.Where, newest bool, limit, offset int) ([]DeadLetter, error) {
	found, err := p.kernel.DB.FindMany(ctx, database.Query{
		Table: p.table, Where: []database.Where{which}, Sort: []database.Sort{{Field: "createdAt", Descending: newest}}, Limit: limit, Offset: offset,
	})
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	letters := make([]DeadLetter, len(found))
	for i := range found {
		letters[i] = p.deadLetter(found[i].Row)
	}
	return letters, nil
}

func (p *Plugin) deadLetter(row schema.Row) DeadLetter {
	text := func(name string) string { return row.StringAt(p.table.Position(name)) }
	return DeadLetter{
		ID: row.ID(), Kind: mail.Kind(text("kind")), Error: text("error"),
		PostedAt: row.TimeAt(p.table.Position("createdAt")), Attempts: row.IntAt(p.table.Position("attempts")),
	}
}

// Revive gives the dead letters all their attempts again, and returns how many there
// were: for when what was wrong has been put right. Links in them may have expired.
func (p *Plugin) Revive(ctx context.Context) (int64, error) {
	set := p.table.NewRow().Set("attempts", int64(0)).Set("dueAt", database.Milliseconds(p.kernel.Now()))
	n, err := p.kernel.DB.UpdateMany(ctx, set, dead)
	if err != nil {
		return 0, fmt.Errorf("outbox: %w", err)
	}
	p.hurry()
	return n, nil
}

// tidy removes dead letters that are too old or too many. Nobody waits for it, and
// what fails now is done the next time.
func (p *Plugin) tidy(ctx context.Context) {
	if err := p.removeDead(ctx); err != nil && ctx.Err() == nil {
		p.log().WarnContext(ctx, "old dead letters were not removed", "error", err)
	}
}

func (p *Plugin) removeDead(ctx context.Context) error {
	old := database.Compare("createdAt", database.Less, database.Milliseconds(p.kernel.Now().Add(-keepDead)))
	if _, err := p.kernel.DB.DeleteMany(ctx, p.table, dead, old); err != nil {
		return err
	}
	for {
		surplus, err := p.find(ctx, dead, true, 500, maxDead)
		if err != nil || len(surplus) == 0 {
			return err
		}
		ids := make([]string, len(surplus))
		for i := range surplus {
			ids[i] = surplus[i].ID
		}
		if _, err := p.kernel.DB.DeleteMany(ctx, p.table, dead, database.OneOf("id", ids...)); err != nil {
			return err
		}
	}
}
