package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/migrate"
)

// A table of the schema that new tables are made in goes by its name, any other
// by those of its schema and its own.
const named = `CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END`

const ownSchemas = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'`

const columnsQuery = `SELECT ` + named + `, coalesce(a.attname, ''), coalesce(format_type(a.atttypid, a.atttypmod), ''), coalesce(a.attnotnull, false),
	coalesce(a.atthasdef OR a.attidentity <> '', false)
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND ` + ownSchemas + `
	ORDER BY n.nspname, c.relname, a.attnum`

const indexesQuery = `SELECT ` + named + `, i.relname, x.indisunique, x.indpred IS NOT NULL OR NOT x.indisvalid, coalesce(a.attname, '')
	FROM pg_catalog.pg_index x
	JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
	JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k (attnum, place)
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0
	WHERE k.place <= x.indnkeyatts AND ` + ownSchemas + `
	ORDER BY n.nspname, c.relname, i.relname, k.place`

const foreignKeysQuery = `SELECT ` + named + `, a.attname, ` + referencedTable + `, r.attname,
	CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' WHEN 'r' THEN 'restrict' ELSE 'no action' END
	FROM pg_catalog.pg_constraint k
	JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
	JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
	JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
	JOIN pg_catalog.pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = k.confkey[1]
	WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND ` + ownSchemas

const referencedTable = `CASE WHEN fn.nspname = current_schema() THEN fc.relname ELSE fn.nspname || '.' || fc.relname END`

// catalog reads the tables of all schemas.
func catalog(ctx context.Context, conn *sql.Conn) (*migrate.Catalog, error) {
	var current sql.NullString
	if err := conn.QueryRowContext(ctx, "SELECT current_schema()").Scan(&current); err != nil {
		return nil, fmt.Errorf("find the schema: %w", err)
	}
	if !current.Valid {
		return nil, errors.New("none of the schemas in the search_path exists: create the schema first (create schema …;)")
	}
	c := &migrate.Catalog{KnowsForeignKeys: true}
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
		if column.Name != "" { // a table may have no columns
			last := &c.Tables[len(c.Tables)-1]
			last.Columns = append(last.Columns, column)
		}
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
	for rows.Next() {
		var table string
		var k migrate.ForeignKey
		if err := rows.Scan(&table, &k.Column, &k.Table, &k.To, &k.OnDelete); err != nil {
			return err
		}
		if t := tables[table]; t != nil {
			t.ForeignKeys = append(t.ForeignKeys, k)
		}
	}
	return rows.Err()
}
