package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ostiary/ostiary/schema"
)

// store is the data that all adapters of one database share. Of every row there
// are at most two versions: what was committed last, which everyone sees, and
// what the one writer at work has made of it.
type store struct {
	writer chan struct{} // holds a token while someone writes

	mu     sync.RWMutex
	tables map[*schema.Table]*table
	order  []*table // by first use
}

func newStore() *store {
	return &store{writer: make(chan struct{}, 1), tables: map[*schema.Table]*table{}}
}

// acquire makes the caller the only writer.
func (s *store) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	select {
	case s.writer <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("memory: wait for another transaction: %w", ctx.Err())
	}
}

func (s *store) release() { <-s.writer }

var errNoTable = errors.New("memory: no table given")

// table returns the rows of a table, which it creates on first use. The store
// must be locked for writing.
func (s *store) table(of *schema.Table) (*table, error) {
	if t := s.tables[of]; t != nil {
		return t, nil
	}
	at := slices.IndexFunc(s.order, func(t *table) bool { return t.layout.Name == of.Name })
	if at < 0 {
		t := newTable(of)
		s.order = append(s.order, t)
		s.tables[of] = t
		return t, nil
	}
	t := s.order[at]
	if !slices.EqualFunc(t.layout.Fields, of.Fields, sameColumn) {
		return nil, fmt.Errorf("memory: table %q is in use with other columns", of.Name)
	}
	s.tables[of] = t
	return t, nil
}

func sameColumn(a, b schema.Field) bool { return a.Column == b.Column && a.Type == b.Type }

// know makes tables known that are used for the first time.
func (s *store) know(tables ...*schema.Table) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range tables {
		if _, err := s.table(of); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether all tables have been used before.
func (s *store) knows(tables ...*schema.Table) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !slices.ContainsFunc(tables, func(of *schema.Table) bool { return s.tables[of] == nil })
}

// read calls fn while the rows of some tables stay as they are.
func (a *adapter) read(ctx context.Context, tables []*schema.Table, fn func() error) error {
	if slices.Contains(tables, nil) {
		return errNoTable
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	if !a.store.knows(tables...) {
		if err := a.store.know(tables...); err != nil {
			return err
		}
	}
	a.store.mu.RLock()
	defer a.store.mu.RUnlock()
	if a.tx != nil && a.tx.done {
		return errFinished
	}
	return fn()
}

// write calls fn to change a table. What it did is undone when it fails.
func (a *adapter) write(ctx context.Context, of *schema.Table, fn func(*table, *journal) error) error {
	if of == nil {
		return errNoTable
	}
	if a.tx != nil {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("memory: %w", err)
		}
		return a.statement(of, &a.tx.log, fn)
	}
	if err := a.store.acquire(ctx); err != nil {
		return err
	}
	defer a.store.release()
	var log journal
	defer a.store.finish(&log)
	return a.statement(of, &log, fn)
}

// statement runs one write operation, which happens entirely or not at all.
func (a *adapter) statement(of *schema.Table, log *journal, fn func(*table, *journal) error) error {
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	if a.tx != nil && a.tx.done {
		return errFinished
	}
	t, err := a.store.table(of)
	if err != nil {
		return err
	}
	start, done := len(log.changes), false
	defer func() {
		if !done {
			log.undo(start)
		}
	}()
	err = fn(t, log)
	done = err == nil
	return err
}
