package migrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// Change is what a [Statement] does.
type Change string

// The changes: there are only additions.
const (
	CreateTable Change = "create-table"
	AddColumn   Change = "add-column"
	CreateIndex Change = "create-index"
)

// Statement is one statement of a [Plan].
type Statement struct {
	Change Change `json:"change"`
	SQL    string `json:"sql"`
	// Table is the table that is created or added to, Columns what is created
	// in it or indexed.
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	// Unique is true for a unique index.
	Unique bool `json:"unique,omitempty"`
}

// String says in words what the statement does.
func (s Statement) String() string {
	columns := strings.Join(s.Columns, ", ")
	switch s.Change {
	case CreateTable:
		return fmt.Sprintf("Create table %s with %s", s.Table, columns)
	case AddColumn:
		return fmt.Sprintf("Add column %s to table %s", columns, s.Table)
	}
	if s.Unique {
		return fmt.Sprintf("Make %s unique in table %s", columns, s.Table)
	}
	return fmt.Sprintf("Index %s in table %s", columns, s.Table)
}

// Plan is what is missing, in the order in which it has to be added, and what
// was found on the way.
type Plan struct {
	Statements []Statement `json:"statements"`
	Findings   []Finding   `json:"findings"`
}

// Empty reports whether there is nothing to add.
func (p *Plan) Empty() bool { return len(p.Statements) == 0 }

// Refused returns the findings that keep the database from becoming what the
// schema says: what [Migrator.Apply] will not do.
func (p *Plan) Refused() []Finding {
	var refused []Finding
	for _, f := range p.Findings {
		if f.Kind.Refused() {
			refused = append(refused, f)
		}
	}
	return refused
}

// SQL returns the statements as a script; "" when there are none.
func (p *Plan) SQL() string {
	var script strings.Builder
	for i, s := range p.Statements {
		if i > 0 {
			script.WriteString("\n\n")
		}
		script.WriteString(s.SQL)
		script.WriteString(";")
	}
	return script.String()
}

// planner makes one plan.
type planner struct {
	connection Connection
	dialect    *Dialect
	catalog    *Catalog
	desired    []*desiredTable

	added, created, fieldIndexes, newTableIndexes, indexes []Statement
	findings                                               []Finding
	rows                                                   map[string]int
}

func (m *Migrator) plan(ctx context.Context, c Connection) (*Plan, error) {
	catalog, err := c.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	p := &planner{connection: c, dialect: m.db.Definition(), catalog: catalog, desired: m.desired, rows: map[string]int{}}
	for _, want := range m.desired {
		if have := catalog.table(want.name); have != nil {
			err = p.extend(ctx, want, have)
		} else {
			p.create(want)
		}
		if err == nil {
			err = p.tableIndexes(ctx, want)
		}
		if err != nil {
			return nil, err
		}
	}
	return p.finished(), nil
}

func (p *planner) finished() *Plan {
	return &Plan{
		Statements: slices.Concat(p.added, p.created, p.fieldIndexes, p.newTableIndexes, p.indexes),
		Findings:   p.findings,
	}
}

// Script returns the plan for an empty database of a dialect: all the tables of a
// schema. It needs no database.
func Script(s *schema.Schema, d *Dialect) (*Plan, error) {
	desired, err := desire(s, d)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	p := &planner{dialect: d, catalog: &Catalog{}, desired: desired}
	for _, want := range desired {
		p.create(want)
		for _, index := range want.indexes {
			p.indexes = append(p.indexes, p.createIndex(want, index))
		}
	}
	return p.finished(), nil
}

// create plans a table that is missing.
func (p *planner) create(want *desiredTable) {
	p.guessRenamedTable(want)
	definitions := make([]string, len(want.columns))
	columns := make([]string, len(want.columns))
	for i := range want.columns {
		definitions[i] = p.definition(want, &want.columns[i])
		columns[i] = want.columns[i].Column
	}
	p.created = append(p.created, Statement{
		Change:  CreateTable,
		SQL:     "create table " + p.dialect.table(want.name) + " (" + strings.Join(definitions, ", ") + ")",
		Table:   want.name,
		Columns: columns,
	})
	for _, index := range want.fieldIndexes(nil) {
		p.newTableIndexes = append(p.newTableIndexes, p.createIndex(want, index))
	}
}

// definition is a column of a new table.
func (p *planner) definition(want *desiredTable, c *desiredColumn) string {
	text := p.dialect.Quote(c.Column) + " " + p.dialect.Type(c.ColumnField)
	if c.Default == schema.Now && p.dialect.Now != "" {
		text += " default " + p.dialect.Now
	}
	if !c.Optional {
		text += " not null"
	}
	if c.Unique && !want.filters(c) {
		text += " unique"
	}
	if c.PrimaryKey {
		text += " primary key"
		if c.IDs == schema.SerialIDs {
			text += p.dialect.SerialKey
		}
	}
	return text + p.dialect.references(c.reference)
}

// extend plans the columns that a table lacks and judges those it has.
func (p *planner) extend(ctx context.Context, want *desiredTable, have *Table) error {
	var added []string
	for i := range want.columns {
		c := &want.columns[i]
		if live := p.catalog.column(have, c.Column); live != nil {
			p.compare(want, c, live)
			p.compareReference(have, c)
			if err := p.completeIndexes(ctx, want, c, have); err != nil {
				return err
			}
			continue
		}
		ok, err := p.addColumn(ctx, want, c, have)
		if err != nil {
			return err
		}
		if ok {
			added = append(added, c.Column)
		}
	}
	for _, index := range want.fieldIndexes(added) {
		if slices.Contains(added, index.columns[0]) {
			if err := p.fieldIndex(ctx, want, index, have); err != nil {
				return err
			}
		}
	}
	p.findings = append(p.findings, unexpected(p.catalog, p.dialect, want, have)...)
	return nil
}

// addColumn plans a column, unless it seems to be there under another name or
// there is nothing to put into the rows that exist.
func (p *planner) addColumn(ctx context.Context, want *desiredTable, c *desiredColumn, have *Table) (bool, error) {
	rows, err := p.countRows(ctx, have.Name)
	if err != nil {
		return false, err
	}
	if rows > 0 && p.guessRenamedColumn(want, c, have) {
		return false, nil
	}
	text := "alter table " + p.dialect.table(have.Name) + " " + cmp.Or(p.dialect.AddColumn, "add column") + " " + p.dialect.Quote(c.Column) + " " + p.dialect.Type(c.ColumnField)
	fill, filled := p.defaultOf(c)
	switch {
	case rows > 0 && c.reference != nil, rows > 1 && c.Unique:
		filled = false // one value for all rows would break the constraint
	}
	if filled {
		text += " default " + fill
	}
	if !c.Optional {
		if !filled && rows > 0 {
			p.refuseRequiredColumn(want, have.Name, c)
			return false, nil
		}
		text += " not null"
	}
	p.added = append(p.added, Statement{Change: AddColumn, SQL: text + p.dialect.references(c.reference), Table: have.Name, Columns: []string{c.Column}})
	return true, nil
}

// countRows counts the rows of a table up to two: none, one, or several.
func (p *planner) countRows(ctx context.Context, table string) (int, error) {
	if n, known := p.rows[table]; known {
		return n, nil
	}
	n, err := p.connection.CountRows(ctx, table, 2)
	if err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", table, err)
	}
	p.rows[table] = n
	return n, nil
}

// defaultOf is the default of a column that is added to an existing table.
func (p *planner) defaultOf(c *desiredColumn) (string, bool) {
	if c.Unique && c.Optional {
		return "", false
	}
	switch v := c.Default.(type) {
	case string:
		return p.dialect.Text(v), true
	case bool:
		return p.dialect.Boolean(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	if c.Default == schema.Now && p.dialect.Now != "" {
		return p.dialect.Now, true
	}
	return "", false
}

// tableIndexes plans the indexes over several fields.
func (p *planner) tableIndexes(ctx context.Context, want *desiredTable) error {
	for _, index := range want.indexes {
		if err := p.planIndex(ctx, want, index, &p.indexes); err != nil {
			return err
		}
	}
	return nil
}

// planIndex plans an index unless the database has it. An index of its name
// that is something else is an error: it would have to be replaced.
func (p *planner) planIndex(ctx context.Context, want *desiredTable, index desiredIndex, into *[]Statement) error {
	if have := p.catalog.table(want.name); have != nil {
		for i := range have.Indexes {
			live := &have.Indexes[i]
			if !strings.EqualFold(live.Name, index.name) {
				continue
			}
			if live.Unique == index.unique && p.catalog.covers(live, index.columns) {
				return nil
			}
			return fmt.Errorf("index %q of table %q does not match its definition: rename or replace it", index.name, want.name)
		}
	}
	if other, _ := p.catalog.index(index.name); other != nil && p.dialect.SharedIndexNames {
		return fmt.Errorf("index %q belongs to the table %q, but table %q needs one of that name: rename it", index.name, other.Name, want.name)
	}
	if !p.hasColumns(want, index.columns) {
		return nil
	}
	possible, err := p.canIndex(ctx, want, index)
	if possible {
		*into = append(*into, p.createIndex(want, index))
	}
	return err
}

// canIndex reports whether an index can be created over what the table holds,
// and otherwise reports why it cannot.
func (p *planner) canIndex(ctx context.Context, want *desiredTable, index desiredIndex) (bool, error) {
	have := p.catalog.table(want.name)
	if have == nil {
		return true, nil
	}
	var differ []string // the columns in which rows can differ: those that exist
	for _, name := range index.columns {
		live := p.catalog.column(have, name)
		if live == nil {
			continue
		}
		if p.dialect.Indexable != nil && !p.dialect.Indexable(live.Type) {
			p.refuseIndex(want, index, fmt.Sprintf("a column of the type %s cannot be indexed as it is. Change the type of %q to %s by hand",
				live.Type, name, p.typeOf(want, name)))
			return false, nil
		}
		differ = append(differ, name)
	}
	// A column that is unique by itself is added without values, others of unique
	// indexes with one value for all rows.
	if !index.unique || len(index.columns) == 1 && len(differ) == 0 {
		return true, nil
	}
	duplicates, err := p.hasDuplicates(ctx, have.Name, differ)
	if err != nil {
		return false, err
	}
	if duplicates {
		p.refuseDuplicates(want, index)
	}
	return !duplicates, nil
}

// hasDuplicates reports whether rows agree in all of these columns; of none, that
// is whether there are several.
func (p *planner) hasDuplicates(ctx context.Context, table string, columns []string) (bool, error) {
	if len(columns) == 0 {
		rows, err := p.countRows(ctx, table)
		return rows > 1, err
	}
	duplicates, err := p.connection.HasDuplicates(ctx, table, columns)
	if err != nil {
		return false, fmt.Errorf("look for duplicates in %s: %w", table, err)
	}
	return duplicates, nil
}

func (p *planner) typeOf(want *desiredTable, column string) string {
	for i := range want.columns {
		if want.columns[i].Column == column {
			return p.dialect.Type(want.columns[i].ColumnField)
		}
	}
	return ""
}

// hasColumns is false when a column was held back because it seems renamed.
func (p *planner) hasColumns(want *desiredTable, columns []string) bool {
	have := p.catalog.table(want.name)
	if have == nil {
		return true
	}
	for _, name := range columns {
		planned := slices.ContainsFunc(p.added, func(s Statement) bool { return s.Table == have.Name && s.Columns[0] == name })
		if !planned && p.catalog.column(have, name) == nil {
			return false
		}
	}
	return true
}

func (p *planner) createIndex(want *desiredTable, index desiredIndex) Statement {
	kind := "create index "
	if index.unique {
		kind = "create unique index "
	}
	quoted := make([]string, len(index.columns))
	filter := ""
	for i, name := range index.columns {
		quoted[i] = p.dialect.Quote(name)
		at := slices.IndexFunc(want.columns, func(c desiredColumn) bool { return c.Column == name })
		if index.unique && at >= 0 && want.filters(&want.columns[at]) {
			filter = " where " + quoted[i] + " is not null"
		}
	}
	return Statement{
		Change:  CreateIndex,
		SQL:     kind + p.dialect.Quote(index.name) + " on " + p.dialect.table(want.name) + " (" + strings.Join(quoted, ", ") + ")" + filter,
		Table:   want.name,
		Columns: index.columns,
		Unique:  index.unique,
	}
}
