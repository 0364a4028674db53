package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/migrate"
)

const columnsQuery = `SELECT c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE = 'NO',
	c.COLUMN_DEFAULT IS NOT NULL OR c.EXTRA LIKE '%auto_increment%' OR c.EXTRA LIKE '%DEFAULT_GENERATED%' OR COALESCE(c.GENERATION_EXPRESSION, '') <> ''
	FROM information_schema.COLUMNS AS c WHERE c.TABLE_SCHEMA = DATABASE() ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`

// An index that is switched off (ALTER TABLE … DISABLE KEYS) says so in its comment.
const indexesQuery = `SELECT s.TABLE_NAME, s.INDEX_NAME, s.NON_UNIQUE = 0, s.SUB_PART IS NOT NULL OR s.COMMENT = 'disabled', COALESCE(s.COLUMN_NAME, '')
	FROM information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA = DATABASE() ORDER BY s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX`

const foreignKeysQuery = `SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, LOWER(r.DELETE_RULE)
	FROM information_schema.KEY_COLUMN_USAGE AS k
	JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
	ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
	WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_SCHEMA = DATABASE() ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`

// catalog reads the tables of the database.
func catalog(ctx context.Context, conn *sql.Conn) (*migrate.Catalog, error) {
	// Names of columns are folded; those of tables where the file system does it.
	var tableNames string
	if err := conn.QueryRowContext(ctx, "SELECT @@lower_case_table_names").Scan(&tableNames); err != nil {
		return nil, fmt.Errorf("read the server's settings: %w", err)
	}
	c := &migrate.Catalog{FoldsNames: true, ExactTables: strings.TrimSpace(tableNames) == "0", KnowsForeignKeys: true}
	if err := columns(ctx, conn, c); err != nil {
		return nil, fmt.Errorf("list the columns: %w", err)
	}
	tables := make(map[string]*migrate.Table, len(c.Tables))
	for i := range c.Tables {
		tables[c.Tables[i].Name] = &c.Tables[i]
	}
	if err := indexes(ctx, conn, tables); err != nil {
		return nil, fmt.Errorf("list the indexes: %w", err)
	}
	if err := foreignKeys(ctx, conn, tables); err != nil {
		return nil, fmt.Errorf("list the foreign keys: %w", err)
	}
	return c, nil
}

func columns(ctx context.Context, conn *sql.Conn, c *migrate.Catalog) error {
	rows, err := conn.QueryContext(ctx, columnsQuery)
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
		last := &c.Tables[len(c.Tables)-1]
		last.Columns = append(last.Columns, column)
	}
	return rows.Err()
}

func indexes(ctx context.Context, conn *sql.Conn, tables map[string]*migrate.Table) error {
	rows, err := conn.QueryContext(ctx, indexesQuery)
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
			continue // made a moment ago
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

// foreignKeys reads the foreign keys over one column.
func foreignKeys(ctx context.Context, conn *sql.Conn, tables map[string]*migrate.Table) error {
	rows, err := conn.QueryContext(ctx, foreignKeysQuery)
	if err != nil {
		return err
	}
	defer rows.Close()
	var table, name string
	for rows.Next() {
		var k migrate.ForeignKey
		before, nameBefore := table, name
		if err := rows.Scan(&table, &name, &k.Column, &k.Table, &k.To, &k.OnDelete); err != nil {
			return err
		}
		t := tables[table]
		switch {
		case t == nil:
		case table != before || name != nameBefore:
			t.ForeignKeys = append(t.ForeignKeys, k)
		case len(t.ForeignKeys) > 0: // another column of the last one
			t.ForeignKeys[len(t.ForeignKeys)-1].Column = ""
		}
	}
	return rows.Err()
}
