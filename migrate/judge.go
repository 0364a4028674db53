package migrate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// compare judges a column that exists.
func (p *planner) compare(want *desiredTable, c *desiredColumn, live *Column) {
	if !p.dialect.Accepts(c.ColumnField, live.Type) {
		p.report(Finding{
			Kind: TypeMismatch, Table: want.name, Column: live.Name,
			Message: fmt.Sprintf("Column %q of table %q has the type %s, but %s is expected. It is left as it is.",
				live.Name, want.name, live.Type, p.dialect.Type(c.ColumnField)),
		})
	}
	if !c.Optional && !c.PrimaryKey && !live.NotNull {
		p.report(Finding{
			Kind: NullableColumn, Table: want.name, Column: live.Name,
			Message: fmt.Sprintf("Column %q of table %q allows null although the field is required. It is left as it is; the library always fills it.",
				live.Name, want.name),
		})
	}
}

// compareReference judges the foreign key of a column that exists.
func (p *planner) compareReference(have *Table, c *desiredColumn) {
	k := c.reference
	if k == nil || !p.catalog.KnowsForeignKeys || p.catalog.references(have, k) {
		return
	}
	f := Finding{
		Kind: MissingForeignKey, Table: have.Name, Column: c.Column,
		Message: fmt.Sprintf("Column %q of table %q has no foreign key to %q of %q, so rows stay behind when what they belong to is deleted in the database directly. It is not added by itself, because it changes what deleting does.",
			c.Column, have.Name, k.To, k.Table),
	}
	if p.dialect.AddsForeignKeys {
		f.Remedy = fmt.Sprintf("alter table %s add foreign key (%s)%s;", p.dialect.table(have.Name), p.dialect.Quote(c.Column), p.dialect.references(k))
	} else {
		f.Message += " This database can only have it by creating the table anew."
	}
	p.report(f)
}

// completeIndexes plans the index or the uniqueness that a column which exists
// lacks.
func (p *planner) completeIndexes(ctx context.Context, want *desiredTable, c *desiredColumn, have *Table) error {
	if !c.Unique && !c.Index || p.isIndexed(have, c) {
		return nil
	}
	columns := []string{c.Column}
	return p.fieldIndex(ctx, want, desiredIndex{IndexName(want.name, columns, c.Unique), columns, c.Unique}, have)
}

// fieldIndex plans the index of a single field of a table that exists, or refuses
// it when its name is taken.
func (p *planner) fieldIndex(ctx context.Context, want *desiredTable, index desiredIndex, have *Table) error {
	if other := p.holder(have, index.name); other != nil {
		p.refuseIndex(want, index, fmt.Sprintf("the name %q belongs to another index, of table %q. Rename that index", index.name, other.Name))
		return nil
	}
	possible, err := p.canIndex(ctx, want, index)
	if possible {
		p.fieldIndexes = append(p.fieldIndexes, p.createIndex(want, index))
	}
	return err
}

// holder is the table with an index of a name, if that keeps another table from
// having one.
func (p *planner) holder(have *Table, name string) *Table {
	if slices.ContainsFunc(have.Indexes, func(i Index) bool { return strings.EqualFold(i.Name, name) }) {
		return have
	}
	if !p.dialect.SharedIndexNames {
		return nil
	}
	other, _ := p.catalog.index(name)
	return other
}

// isIndexed reports whether an index does what a field asks for: keeps it unique,
// or finds rows by it.
func (p *planner) isIndexed(have *Table, c *desiredColumn) bool {
	return slices.ContainsFunc(have.Indexes, func(live Index) bool {
		if c.Unique {
			return live.Unique && p.catalog.covers(&live, []string{c.Column})
		}
		return !live.Partial && len(live.Columns) > 0 && p.catalog.same(live.Columns[0], c.Column)
	})
}

func (p *planner) report(f Finding) { p.findings = append(p.findings, f) }

// refuseRequiredColumn reports a column that cannot be added, with the three
// statements that add it by hand.
func (p *planner) refuseRequiredColumn(want *desiredTable, table string, c *desiredColumn) {
	t, column := p.dialect.table(table), p.dialect.Quote(c.Column)
	reason := "there is no value to fill them with. Give the field a default, make it optional, or add and fill the column by hand"
	switch {
	case c.Unique:
		reason = "each of them needs a value of its own. Make the field optional, or add and fill the column by hand"
	case c.reference != nil:
		reason = "each of them needs something to refer to. Make the field optional, or add and fill the column by hand"
	}
	remedy := fmt.Sprintf("alter table %s add column %s %s%s; update %s set %s = …;", t, column, p.dialect.Type(c.ColumnField), p.dialect.references(c.reference), t, column)
	if c.Unique || c.Index {
		columns := []string{c.Column}
		remedy += " " + p.createIndex(want, desiredIndex{IndexName(want.name, columns, c.Unique), columns, c.Unique}).SQL + ";"
	}
	p.report(Finding{
		Kind: RequiredColumn, Table: table, Column: c.Column, Remedy: remedy,
		Message: fmt.Sprintf("Column %q of table %q is missing and required, but the table has rows and %s.", c.Column, table, reason),
	})
}

// refuseIndex reports an index that cannot be created.
func (p *planner) refuseIndex(want *desiredTable, index desiredIndex, reason string) {
	f := Finding{
		Kind: MissingIndex, Table: want.name, Column: strings.Join(index.columns, ", "), Remedy: p.createIndex(want, index).SQL + ";",
		Message: fmt.Sprintf("%s of table %q should have an index, because look-ups without one read the whole table, but %s; then create the index.",
			quoted(index.columns), want.name, reason),
	}
	if index.unique {
		f.Kind = MissingUnique
		f.Message = fmt.Sprintf("%s of table %q should be unique, but %s; then create the index.", quoted(index.columns), want.name, reason)
	}
	p.report(f)
}

// refuseDuplicates reports a unique index over values that are not unique.
func (p *planner) refuseDuplicates(want *desiredTable, index desiredIndex) {
	columns := make([]string, len(index.columns))
	for i, c := range index.columns {
		columns[i] = p.dialect.Quote(c)
	}
	list := strings.Join(columns, ", ")
	p.report(Finding{
		Kind: MissingUnique, Table: want.name, Column: strings.Join(index.columns, ", "),
		Message: fmt.Sprintf("%s of table %q should be unique, but there are rows with the same value. Look at them with: select %s, count(*) from %s group by %s having count(*) > 1; When only one of each is left, migrate again or create the index.",
			quoted(index.columns), want.name, list, p.dialect.table(want.name), list),
		Remedy: p.createIndex(want, index).SQL + ";",
	})
}

// quoted lists columns in a sentence.
func quoted(columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = strconv.Quote(c)
	}
	if len(list) == 1 {
		return "Column " + list[0]
	}
	return "The combination of " + strings.Join(list, " and ")
}

// guessRenamedColumn looks for a missing column under another spelling, or
// under the name of its field.
func (p *planner) guessRenamedColumn(want *desiredTable, c *desiredColumn, have *Table) bool {
	for i := range have.Columns {
		live := &have.Columns[i]
		if p.wanted(want, live.Name) || !p.dialect.Accepts(c.ColumnField, live.Type) {
			continue
		}
		if plain := spelling(live.Name); plain != spelling(c.Column) && plain != spelling(c.Name) {
			continue
		}
		table, from, to := p.dialect.table(have.Name), p.dialect.Quote(live.Name), p.dialect.Quote(c.Column)
		p.report(Finding{
			Kind: RenamedColumn, Table: have.Name, Column: c.Column,
			Message: fmt.Sprintf("Table %q has no column %q, but a column %q that nothing uses. Was it renamed? Nothing was added, so that the data stays in one place. Rename the column in the database (or in the options); if it is something else, add the new column by hand: alter table %s add column %s %s;",
				have.Name, c.Column, live.Name, table, to, p.dialect.Type(c.ColumnField)),
			Remedy: fmt.Sprintf("alter table %s rename column %s to %s;", table, from, to),
		})
		return true
	}
	return false
}

// guessRenamedTable looks for a missing table under another name: that of its
// model or another spelling, with all the required columns.
func (p *planner) guessRenamedTable(want *desiredTable) {
	for i := range p.catalog.Tables {
		live := &p.catalog.Tables[i]
		if p.isDesired(live.Name) || !p.looksLike(live, want) {
			continue
		}
		old, name := p.dialect.table(live.Name), p.dialect.table(want.name)
		p.report(Finding{
			Kind: RenamedTable, Table: want.name,
			Message: fmt.Sprintf("Table %q is created, but there is a table %q with the same columns. If its rows belong here, rename it before migrating.",
				want.name, live.Name),
			Remedy: fmt.Sprintf("alter table %s rename to %s;", old, name),
		})
		return
	}
}

func (p *planner) looksLike(live *Table, want *desiredTable) bool {
	plain := strings.TrimSuffix(spelling(live.Name), "s")
	if plain != strings.TrimSuffix(spelling(want.name), "s") && plain != strings.TrimSuffix(spelling(want.key), "s") {
		return false
	}
	for i := range want.columns {
		if c := &want.columns[i]; !c.Optional && p.catalog.column(live, c.Column) == nil {
			return false
		}
	}
	return true
}

func (p *planner) isDesired(table string) bool {
	for _, t := range p.desired {
		if p.catalog.sameTable(t.name, table) {
			return true
		}
	}
	return false
}

func (p *planner) wanted(t *desiredTable, column string) bool { return wanted(p.catalog, t, column) }

func wanted(c *Catalog, t *desiredTable, column string) bool {
	for i := range t.columns {
		if c.same(t.columns[i].Column, column) {
			return true
		}
	}
	return false
}

// spelling is what is left of a name when case and separators are ignored.
func spelling(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
}

// check compares names only: what would make statements fail.
func (m *Migrator) check(catalog *Catalog) []Finding {
	var findings []Finding
	for _, want := range m.desired {
		have := catalog.table(want.name)
		if have == nil {
			findings = append(findings, Finding{
				Kind: MissingTable, Table: want.name,
				Message: fmt.Sprintf("Table %q is missing. `ostiary migrate` adds it, and so does Auth.Migrate.", want.name),
			})
			continue
		}
		for i := range want.columns {
			name := want.columns[i].Column
			if catalog.column(have, name) == nil {
				findings = append(findings, Finding{
					Kind: MissingColumn, Table: want.name, Column: name,
					Message: fmt.Sprintf("Column %q of table %q is missing. `ostiary migrate` adds it, and so does Auth.Migrate.", name, want.name),
				})
			}
		}
		findings = append(findings, unexpected(catalog, m.db.Definition(), want, have)...)
	}
	return findings
}

// unexpected finds the columns that must have a value which nothing provides.
func unexpected(catalog *Catalog, d *Dialect, want *desiredTable, have *Table) []Finding {
	var findings []Finding
	var issuer *Column // which the library fills
	if want.key == schema.AccountKey {
		issuer = issuerColumn(catalog, want, have)
	}
	for i := range have.Columns {
		live := &have.Columns[i]
		if !live.NotNull || live.Filled || wanted(catalog, want, live.Name) || live == issuer {
			continue
		}
		message := fmt.Sprintf("Column %q of table %q must have a value, but the library does not know it, so every insert fails. Give it a default, allow null, or drop it if nothing needs it.",
			live.Name, have.Name)
		findings = append(findings, Finding{
			Kind: UnexpectedRequiredColumn, Table: have.Name, Column: live.Name, Message: message,
			Remedy: fmt.Sprintf("alter table %s drop column %s;", d.table(have.Name), d.Quote(live.Name)),
		})
	}
	return findings
}
