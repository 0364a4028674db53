package sqldb

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ostiary/ostiary/migrate"
)

// CatalogQueries are the questions about what is in a database. Their rows come
// in order of the tables, and of what belongs together within them.
type CatalogQueries struct {
	// Columns returns the table, the column (empty for a table without any), its
	// type, whether it refuses null, and whether it is filled when no value is given.
	Columns string
	// Indexes returns the table, the index, whether it is unique, whether it leaves
	// rows out, and a column (empty for an expression).
	Indexes string
	// ForeignKeys returns the table, the foreign key, a column, the table and the
	// column that it references, and what becomes of it on deletion.
	ForeignKeys string
}

// Read adds what is in the database to a catalogue.
func (q CatalogQueries) Read(ctx context.Context, conn *sql.Conn, c *migrate.Catalog) error {
	if err := q.columns(ctx, conn, c); err != nil {
		return fmt.Errorf("list the columns: %w", err)
	}
	tables := make(map[string]*migrate.Table, len(c.Tables))
	for i := range c.Tables {
		tables[c.Tables[i].Name] = &c.Tables[i]
	}
	if err := q.indexes(ctx, conn, tables); err != nil {
		return fmt.Errorf("list the indexes: %w", err)
	}
	if err := q.foreignKeys(ctx, conn, tables); err != nil {
		return fmt.Errorf("list the foreign keys: %w", err)
	}
	return nil
}

func (q CatalogQueries) columns(ctx context.Context, conn *sql.Conn, c *migrate.Catalog) error {
	rows, err := conn.QueryContext(ctx, q.Columns)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		var column migrate.Column
		if err := rows.Scan(&table, &column.Name, &column.Type, &column.NotNull, &column.Filled); err != nil {
			return err
		}
		if n := len(c.Tables); n == 0 || c.Tables[n-1].Name != table {
			c.Tables = append(c.Tables, migrate.Table{Name: table})
		}
		if column.Name != "" {
			last := &c.Tables[len(c.Tables)-1]
			last.Columns = append(last.Columns, column)
		}
	}
	return rows.Err()
}

// indexes passes over tables that were made a moment ago, as foreignKeys does.
func (q CatalogQueries) indexes(ctx context.Context, conn *sql.Conn, tables map[string]*migrate.Table) error {
	rows, err := conn.QueryContext(ctx, q.Indexes)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		var index migrate.Index
		if err := rows.Scan(&table, &index.Name, &index.Unique, &index.Partial, &column); err != nil {
			return err
		}
		t := tables[table]
		if t == nil {
			continue
		}
		if n := len(t.Indexes); n == 0 || t.Indexes[n-1].Name != index.Name {
			t.Indexes = append(t.Indexes, index)
		}
		last := &t.Indexes[len(t.Indexes)-1]
		last.Columns = append(last.Columns, column)
		last.Partial = last.Partial || index.Partial
	}
	return rows.Err()
}

// foreignKeys keeps no columns of foreign keys over several.
func (q CatalogQueries) foreignKeys(ctx context.Context, conn *sql.Conn, tables map[string]*migrate.Table) error {
	rows, err := conn.QueryContext(ctx, q.ForeignKeys)
	if err != nil {
		return err
	}
	defer rows.Close()
	var table, name string
	for rows.Next() {
		var k migrate.ForeignKey
		tableBefore, nameBefore := table, name
		if err := rows.Scan(&table, &name, &k.Column, &k.Table, &k.To, &k.OnDelete); err != nil {
			return err
		}
		t := tables[table]
		switch {
		case t == nil:
		case table != tableBefore || name != nameBefore:
			t.ForeignKeys = append(t.ForeignKeys, k)
		case len(t.ForeignKeys) > 0:
			t.ForeignKeys[len(t.ForeignKeys)-1].Column = ""
		}
	}
	return rows.Err()
}
