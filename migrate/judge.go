package migrate

import (
	"fmt"
	"strings"
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

// compareIndexes judges the indexes of a column that exists.
func (p *planner) compareIndexes(want *desiredTable, c *desiredColumn, have *Table) {
	if !c.Unique && !c.Index {
		return
	}
	for i := range have.Indexes {
		live := &have.Indexes[i]
		if c.Unique && live.Unique && p.catalog.covers(live, []string{c.Column}) {
			return
		}
		if !c.Unique && !live.Partial && len(live.Columns) > 0 && p.catalog.same(live.Columns[0], c.Column) {
			return
		}
	}
	columns := []string{c.Column}
	remedy := p.createIndex(want, desiredIndex{indexName(want.name, columns, c.Unique), columns, c.Unique}).SQL + ";"
	if c.Unique {
		p.report(Finding{
			Kind: MissingUnique, Table: want.name, Column: c.Column, Remedy: remedy,
			Message: fmt.Sprintf("Column %q of table %q should be unique, but the database would accept the same value twice. Remove duplicates, then create the index.",
				c.Column, want.name),
		})
		return
	}
	p.report(Finding{
		Kind: MissingIndex, Table: want.name, Column: c.Column, Remedy: remedy,
		Message: fmt.Sprintf("Column %q of table %q has no index; look-ups by it read the whole table.", c.Column, want.name),
	})
}

func (p *planner) report(f Finding) { p.findings = append(p.findings, f) }

func (p *planner) reportAddedNullable(table string, c *desiredColumn) {
	p.report(Finding{
		Kind: AddedNullable, Table: table, Column: c.Column,
		Message: fmt.Sprintf("Column %q of table %q is required, but the table has rows and there is no value to fill them with. It is added without NOT NULL; fill it in the existing rows.",
			c.Column, table),
		Remedy: fmt.Sprintf("update %s set %s = … where %s is null;", p.dialect.Quote(table), p.dialect.Quote(c.Column), p.dialect.Quote(c.Column)),
	})
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
		table, from, to := p.dialect.Quote(have.Name), p.dialect.Quote(live.Name), p.dialect.Quote(c.Column)
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
		old, name := p.dialect.Quote(live.Name), p.dialect.Quote(want.name)
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
		if p.catalog.same(t.name, table) {
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
				Message: fmt.Sprintf("Table %q is missing. Migrate the database.", want.name),
			})
			continue
		}
		for i := range want.columns {
			name := want.columns[i].Column
			if catalog.column(have, name) == nil {
				findings = append(findings, Finding{
					Kind: MissingColumn, Table: want.name, Column: name,
					Message: fmt.Sprintf("Column %q of table %q is missing. Migrate the database.", name, want.name),
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
	for i := range have.Columns {
		live := &have.Columns[i]
		if !live.NotNull || live.Filled || wanted(catalog, want, live.Name) {
			continue
		}
		message := fmt.Sprintf("Column %q of table %q must have a value, but the library does not know it, so every insert fails. Give it a default, allow null, or drop it if nothing needs it.",
			live.Name, have.Name)
		if strings.EqualFold(live.Name, "issuer") {
			message += " Better Auth 1.7.0 to 1.7.2 had such a column; later versions do not need it."
		}
		findings = append(findings, Finding{
			Kind: UnexpectedRequiredColumn, Table: have.Name, Column: live.Name, Message: message,
			Remedy: fmt.Sprintf("alter table %s drop column %s;", d.Quote(have.Name), d.Quote(live.Name)),
		})
	}
	return findings
}
