package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// table holds the rows of a table in the order of their creation.
type table struct {
	layout  *schema.Table
	rows    []*entry
	dead    int // rows that are gone but still in the list
	indexes []*index
	created uint64
	serial  int64 // the highest numeric id given out or seen
}

// entry is a row: its values as everyone sees them, and as the writer does. Nil
// means that the row does not exist in that view. Values are never changed in
// place.
type entry struct {
	number    uint64 // by order of creation
	committed []any
	pending   []any
	dead      bool
}

func (e *entry) seen(byWriter bool) []any {
	if byWriter {
		return e.pending
	}
	return e.committed
}

func newTable(layout *schema.Table) *table {
	t := &table{layout: layout}
	for i := range layout.Fields {
		f := &layout.Fields[i]
		if i == 0 || f.Unique || f.Index || f.References != nil {
			t.indexes = append(t.indexes, newIndex(i == 0 || f.Unique, i))
		}
	}
	for _, declared := range layout.Indexes {
		if declared.Unique {
			t.indexes = append(t.indexes, newIndex(true, positions(layout, declared.Fields)...))
		}
	}
	return t
}

func positions(of *schema.Table, names []string) []int {
	at := make([]int, len(names))
	for i, name := range names {
		at[i] = of.Position(name)
	}
	return at
}

// become gives a row the versions that everyone and the writer see.
func (t *table) become(e *entry, committed, pending []any) {
	for _, ix := range t.indexes {
		ix.move(e, committed, pending)
	}
	e.committed, e.pending = committed, pending
}

// sweep drops a row from the list when it is gone in both views. The list is
// tidied when half of it is gone, so that deleting costs little.
func (t *table) sweep(e *entry) {
	if e.dead || e.committed != nil || e.pending != nil {
		return
	}
	e.dead = true
	t.dead++
	if t.dead > 32 && t.dead > len(t.rows)/2 {
		t.rows = slices.DeleteFunc(t.rows, func(e *entry) bool { return e.dead })
		t.dead = 0
	}
}

// insert adds a row and returns its values.
func (t *table) insert(log *journal, row schema.Row) ([]any, error) {
	values := make([]any, len(t.layout.Fields))
	for i := range values {
		values[i] = normalised(row.At(i))
	}
	if err := t.setID(values); err != nil {
		return nil, err
	}
	t.created++
	e := &entry{number: t.created}
	if err := t.check(e, values); err != nil {
		return nil, err
	}
	t.rows = append(t.rows, e)
	log.set(t, e, values)
	return values, nil
}

// setID counts up an id for a row that has none.
func (t *table) setID(values []any) error {
	switch id := values[0].(type) {
	case nil:
	case string:
		if id == "" {
			break
		}
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > t.serial {
			t.serial = n
		}
		return nil
	default:
		return fmt.Errorf("memory: the id of %s is a %T, not a string", t.layout.Key, id)
	}
	if t.serial == math.MaxInt64 {
		return fmt.Errorf("memory: no ids are left for %s", t.layout.Key)
	}
	t.serial++
	values[0] = strconv.FormatInt(t.serial, 10)
	return nil
}

// update sets the given fields of a row and returns its values.
func (t *table) update(log *journal, e *entry, set schema.Row) ([]any, error) {
	values := slices.Clone(e.pending)
	for i := range values {
		if set.Has(i) {
			values[i] = normalised(set.At(i))
		}
	}
	if _, ok := values[0].(string); !ok {
		return nil, fmt.Errorf("memory: the id of %s is a %T, not a string", t.layout.Key, values[0])
	}
	if err := t.check(e, values); err != nil {
		return nil, err
	}
	log.set(t, e, values)
	return values, nil
}

// check refuses values that break a constraint.
func (t *table) check(e *entry, values []any) error {
	for i := 1; i < len(values); i++ {
		if f := &t.layout.Fields[i]; values[i] == nil && !f.Optional {
			return fmt.Errorf("memory: %s.%s must not be null", t.layout.Key, f.Name)
		}
	}
	for _, ix := range t.indexes {
		if ix.taken(e, values) {
			return fmt.Errorf("%w: %s.%s", database.ErrDuplicate, t.layout.Key, t.layout.Fields[ix.positions[0]].Name)
		}
	}
	return nil
}

// add returns set with the sums of an increment.
func (t *table) add(values []any, add []database.Increment, set schema.Row) (schema.Row, error) {
	sum := set.Clone()
	for _, inc := range add {
		at := t.layout.Position(inc.Field)
		if at < 0 {
			return sum, unknownField(t.layout, inc.Field)
		}
		if t.layout.Fields[at].Type != schema.Number || sum.Has(at) {
			return sum, fmt.Errorf("memory: %s.%s cannot be incremented: it is no number or changed twice", t.layout.Key, inc.Field)
		}
		total, err := plus(values[at], inc.Delta)
		if err != nil {
			return sum, fmt.Errorf("memory: increment %s.%s: %w", t.layout.Key, inc.Field, err)
		}
		sum.SetAt(at, total)
	}
	return sum, nil
}

var errOverflow = errors.New("the sum does not fit 64 bits")

func plus(value any, delta int64) (any, error) {
	switch n := value.(type) {
	case nil:
		return delta, nil
	case int64:
		sum := n + delta
		if (sum > n) != (delta > 0) && delta != 0 {
			return nil, errOverflow
		}
		return sum, nil
	case float64:
		return n + float64(delta), nil
	}
	return nil, fmt.Errorf("the stored value is a %T", value)
}

// matches returns the rows that match in the view of the writer, at most limit
// of them unless it is 0.
func (t *table) matches(ctx context.Context, where []database.Where, limit int) ([]*entry, error) {
	var found []*entry
	err := t.scan(ctx, true, where, func(e *entry, _ []any) bool {
		found = append(found, e)
		return len(found) != limit
	})
	return found, err
}

// query returns the values of the rows that a query finds.
func (t *table) query(ctx context.Context, byWriter bool, q database.Query) ([][]any, error) {
	order, err := database.NewOrder(t.layout, q.Sort)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	sorted := len(q.Sort) > 0
	if q.Limit <= 0 {
		q.Limit = database.DefaultLimit
	}
	q.Offset = max(q.Offset, 0)
	var found [][]any
	err = t.scan(ctx, byWriter, q.Where, func(_ *entry, values []any) bool {
		found = append(found, values)
		return sorted || len(found)-q.Offset < q.Limit
	})
	if err != nil {
		return nil, err
	}
	if sorted {
		slices.SortStableFunc(found, func(a, b []any) int { return order(t.layout.RowOf(a), t.layout.RowOf(b)) })
	}
	found = found[min(q.Offset, len(found)):]
	return found[:min(q.Limit, len(found))], nil
}

// patience is how many rows are looked at before the context is asked again.
const patience = 1024

// scan calls yield for the rows that match, in order, until it returns false.
func (t *table) scan(ctx context.Context, byWriter bool, where []database.Where, yield func(*entry, []any) bool) error {
	f, err := database.NewFilter(t.layout, where)
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	for i, e := range t.candidates(f) {
		if i%patience == patience-1 && ctx.Err() != nil {
			return fmt.Errorf("memory: %w", ctx.Err())
		}
		values := e.seen(byWriter)
		if values != nil && f.Matches(t.layout.RowOf(values)) && !yield(e, values) {
			return nil
		}
	}
	return nil
}

// candidates returns rows among which all matches are: those that an index
// knows for one of the conditions that must hold, or else all.
func (t *table) candidates(f database.Filter) []*entry {
	for position, value := range f.Exact {
		for _, ix := range t.indexes {
			if len(ix.positions) == 1 && position == ix.positions[0] {
				return ix.entries[keyOf(value)]
			}
		}
	}
	return t.rows
}

func unknownField(t *schema.Table, name string) error {
	return fmt.Errorf("memory: model %q has no field %q", t.Key, name)
}
