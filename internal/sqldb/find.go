package sqldb

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// selection is a query resolved against its tables.
type selection struct {
	table      *table
	conditions []condition
	sort       []order
	one        bool
	offset     bool
	lock       bool
	joins      []join // read along by the same statement
}

// FindOne returns the first row that matches, or nil.
func (a *Adapter) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	q.Limit = 1
	var found *database.Record
	err := a.find(ctx, q, true, func(r database.Record) { found = &r })
	if err != nil || found == nil {
		return nil, err
	}
	if found.Joined == nil && len(q.Joins) > 0 {
		records := []database.Record{*found}
		if err := a.attach(ctx, q.Joins, records); err != nil {
			return nil, err
		}
		return &records[0], nil
	}
	return found, nil
}

// FindMany returns the rows that match.
func (a *Adapter) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	if q.Limit <= 0 {
		q.Limit = database.DefaultLimit
	}
	var found []database.Record
	err := a.find(ctx, q, false, func(r database.Record) { found = append(found, r) })
	if err != nil {
		return nil, err
	}
	if len(found) > 0 && found[0].Joined == nil && len(q.Joins) > 0 {
		return found, a.attach(ctx, q.Joins, found)
	}
	return found, nil
}

// find reads the rows of a query. When every join finds one row at most it
// reads them along; otherwise Joined stays nil.
func (a *Adapter) find(ctx context.Context, q database.Query, one bool, add func(database.Record)) error {
	t := a.table(q.Table)
	sel := selection{table: t, one: one, offset: q.Offset > 0, lock: q.ForUpdate && a.tx != nil}
	var err error
	if sel.conditions, err = a.resolve(t, q.Where); err != nil {
		return err
	}
	if sel.sort, err = t.orders(q.Sort); err != nil {
		return err
	}
	if sel.joins, err = a.joinsOfOne(t, q.Joins); err != nil {
		return err
	}
	var buffer [keySize]byte
	s := a.statements.get(sel.key(buffer[:0]), func() []byte { return a.selectText(&sel) })
	args := make([]any, 0, len(sel.conditions)+2)
	args = appendValues(args, sel.conditions)
	if !one {
		args = append(args, int64(q.Limit))
	}
	if sel.offset {
		args = append(args, int64(q.Offset))
	}
	return a.read(ctx, s, args, sel.width(), func(values []any) error {
		record, err := sel.record(values)
		if err == nil {
			add(record)
		}
		return err
	})
}

func (sel *selection) width() int {
	width := len(sel.table.columns)
	for i := range sel.joins {
		width += len(sel.joins[i].table.columns)
	}
	return width
}

func (sel *selection) key(buffer []byte) key {
	k := newKey(buffer, opFind, sel.table).flags(sel.one, sel.offset, sel.lock)
	k = appendConditions(k, sel.conditions).orders(sel.sort).number(len(sel.joins))
	for i := range sel.joins {
		j := &sel.joins[i]
		k = k.number(int(j.table.number)).number(j.from).number(j.on)
	}
	return k
}

func (a *Adapter) selectText(sel *selection) []byte {
	b := builder{dialect: a.dialect}
	alias := ""
	if len(sel.joins) > 0 {
		alias = "t"
	}
	b.add("SELECT ")
	b.results(sel.table, alias)
	for i := range sel.joins {
		b.add(", ")
		b.results(sel.joins[i].table, joinAlias(i))
	}
	b.add(" FROM ", sel.table.name)
	if alias != "" {
		b.add(" AS ", alias)
	}
	for i := range sel.joins {
		j := &sel.joins[i]
		as := joinAlias(i)
		b.add(" LEFT JOIN ", j.table.name, " AS ", as, " ON ", qualified(as, j.table.columns[j.on]),
			" = ", qualified(alias, sel.table.columns[j.from]))
	}
	if sel.lock {
		b.add(b.dialect.LockHint)
	}
	b.where(sel.table, sel.conditions, alias)
	b.sort(sel.table, sel.sort, alias)
	limit, offset := "1", ""
	if !sel.one {
		limit = b.placeholder()
	}
	if sel.offset {
		offset = b.placeholder()
	}
	b.page(len(sel.sort) > 0, limit, offset)
	if sel.lock {
		b.add(b.dialect.Lock)
	}
	return b.text
}

func joinAlias(i int) string { return "j" + strconv.Itoa(i) }

// record makes a record of the raw values of a row and the rows joined to it.
func (sel *selection) record(values []any) (database.Record, error) {
	n := len(sel.table.columns)
	row, err := sel.table.row(values[:n:n])
	if err != nil {
		return database.Record{}, err
	}
	record := database.Record{Row: row}
	if len(sel.joins) == 0 {
		return record, nil
	}
	record.Joined = make([][]schema.Row, len(sel.joins))
	for i := range sel.joins {
		t := sel.joins[i].table
		values = values[n:]
		n = len(t.columns)
		if values[0] == nil { // no id: nothing was joined
			continue
		}
		row, err := t.row(values[:n:n])
		if err != nil {
			return database.Record{}, err
		}
		record.Joined[i] = []schema.Row{row}
	}
	return record, nil
}

// Count returns how many rows match.
func (a *Adapter) Count(ctx context.Context, table *schema.Table, where []database.Where) (int64, error) {
	t := a.table(table)
	conditions, err := a.resolve(t, where)
	if err != nil {
		return 0, err
	}
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opCount, t), conditions)
	s := a.statements.get(k, func() []byte {
		b := builder{dialect: a.dialect}
		b.add("SELECT COUNT(*) FROM ", t.name)
		b.where(t, conditions, "")
		return b.text
	})
	var count int64
	err = a.read(ctx, s, appendValues(nil, conditions), 1, func(values []any) error {
		n, err := decodeNumber(values[0])
		if err != nil {
			return fmt.Errorf("count: %w", err)
		}
		count = n.(int64)
		return nil
	})
	return count, err
}
