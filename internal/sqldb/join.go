package sqldb

import (
	"context"
	"fmt"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// join is a join resolved against its tables.
type join struct {
	table    *table
	from, on int
}

func (a *Adapter) join(from *table, j *database.Join) (join, error) {
	to := a.table(j.Table)
	fromAt, err := from.position(j.From)
	if err != nil {
		return join{}, fmt.Errorf("join %s: %w", j.Table.Key, err)
	}
	onAt, err := to.position(j.On)
	if err != nil {
		return join{}, fmt.Errorf("join %s: %w", j.Table.Key, err)
	}
	return join{to, fromAt, onAt}, nil
}

// joinsOfOne resolves joins for one statement, or returns none when a join may
// find several rows: those would multiply the rows of the query.
func (a *Adapter) joinsOfOne(from *table, joins []database.Join) ([]join, error) {
	if len(joins) == 0 {
		return nil, nil
	}
	resolved := make([]join, len(joins))
	for i := range joins {
		j, err := a.join(from, &joins[i])
		if err != nil {
			return nil, err
		}
		if j.on != 0 && !(joins[i].One && j.table.Fields[j.on].Unique) {
			return nil, nil
		}
		resolved[i] = j
	}
	return resolved, nil
}

// parentsAtOnce bounds the list of parents in one statement that reads joined
// rows.
const parentsAtOnce = 256

// attach reads the joined rows of all records, one statement for each join.
func (a *Adapter) attach(ctx context.Context, joins []database.Join, records []database.Record) error {
	for i := range records {
		records[i].Joined = make([][]schema.Row, len(joins))
	}
	for i := range joins {
		for start := 0; start < len(records); start += parentsAtOnce {
			part := records[start:min(start+parentsAtOnce, len(records))]
			if err := a.attachOne(ctx, &joins[i], i, part); err != nil {
				return fmt.Errorf("join %s: %w", joins[i].Table.Key, err)
			}
		}
	}
	return nil
}

func (a *Adapter) attachOne(ctx context.Context, j *database.Join, at int, records []database.Record) error {
	resolved, err := a.join(a.table(records[0].Table()), j)
	if err != nil {
		return err
	}
	parents := make(map[any][]int, len(records))
	values := make([]any, 0, len(records))
	for i := range records {
		v := records[i].At(resolved.from)
		if v == nil || !hashable(v) {
			continue
		}
		if _, known := parents[v]; !known {
			values = append(values, v)
		}
		parents[v] = append(parents[v], i)
	}
	if len(values) == 0 {
		return nil
	}
	rows, err := a.joined(ctx, resolved, j, values)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for n, i := range parents[row.At(resolved.on)] {
			if n > 0 {
				row = row.Clone() // each record has rows of its own
			}
			records[i].Joined[at] = append(records[i].Joined[at], row)
		}
	}
	return nil
}

func hashable(v any) bool {
	switch v.(type) {
	case string, int64, float64, bool, time.Time:
		return true
	}
	return false
}

// joined reads the rows whose field has one of the values, up to the join's
// limit for each value.
func (a *Adapter) joined(ctx context.Context, j join, declared *database.Join, values []any) ([]schema.Row, error) {
	on := []database.Where{{Field: declared.On, Operator: database.In, Value: values}}
	conditions, err := a.resolve(j.table, on)
	if err != nil {
		return nil, err
	}
	limit := declared.Limit
	switch {
	case declared.One:
		limit = 1
	case limit <= 0:
		limit = database.DefaultLimit
	}
	single := len(values) == 1
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opJoined, j.table).flags(single), conditions)
	s := a.statements.get(k, func() []byte { return a.joinedText(j, conditions, single) })
	var rows []schema.Row
	width := len(j.table.columns)
	err = a.read(ctx, s, append(appendValues(nil, conditions), int64(limit)), width, func(values []any) error {
		row, err := j.table.row(values)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// joinedText numbers the rows of each parent to cut them at the limit; a single
// parent needs no numbers.
func (a *Adapter) joinedText(j join, conditions []condition, single bool) []byte {
	b := builder{dialect: a.dialect}
	b.add("SELECT ")
	b.results(j.table, "")
	if single {
		b.add(" FROM ", j.table.name)
		b.where(j.table, conditions, "")
		b.page(false, b.placeholder(), "")
		return b.text
	}
	number := b.dialect.Quote(rowNumber)
	b.add(" FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ", j.table.columns[j.on], " ORDER BY ", j.table.columns[j.on], ") AS ", number, " FROM ", j.table.name)
	b.where(j.table, conditions, "")
	b.add(") AS t WHERE ", number, " <= ", b.placeholder())
	return b.text
}

// rowNumber is a column name that no table has.
const rowNumber = "ostiary row number"
