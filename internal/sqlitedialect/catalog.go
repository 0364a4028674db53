package sqlitedialect

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/migrate"
)

// catalog reads the tables of the main database.
func catalog(ctx context.Context, conn *sql.Conn) (*migrate.Catalog, error) {
	names, err := texts(ctx, conn, `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	c := &migrate.Catalog{FoldsNames: true, KnowsForeignKeys: true}
	for _, name := range names {
		t := migrate.Table{Name: name}
		if t.Columns, err = columns(ctx, conn, name); err != nil {
			return nil, fmt.Errorf("list the columns of %s: %w", name, err)
		}
		if t.Indexes, err = indexes(ctx, conn, name); err != nil {
			return nil, fmt.Errorf("list the indexes of %s: %w", name, err)
		}
		if t.ForeignKeys, err = foreignKeys(ctx, conn, name); err != nil {
			return nil, fmt.Errorf("list the foreign keys of %s: %w", name, err)
		}
		c.Tables = append(c.Tables, t)
	}
	return c, nil
}

func columns(ctx context.Context, conn *sql.Conn, table string) ([]migrate.Column, error) {
	rows, err := conn.QueryContext(ctx, `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []migrate.Column
	for rows.Next() {
		var c migrate.Column
		var hasDefault bool
		var key, hidden int
		if err := rows.Scan(&c.Name, &c.Type, &c.NotNull, &hasDefault, &key, &hidden); err != nil {
			return nil, err
		}
		rowID := key > 0 && strings.EqualFold(c.Type, "integer")
		c.Filled = hasDefault || hidden != 0 || rowID
		found = append(found, c)
	}
	return found, rows.Err()
}

func indexes(ctx context.Context, conn *sql.Conn, table string) ([]migrate.Index, error) {
	rows, err := conn.QueryContext(ctx, `SELECT name, "unique", partial FROM pragma_index_list(?)`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []migrate.Index
	for rows.Next() {
		var i migrate.Index
		if err := rows.Scan(&i.Name, &i.Unique, &i.Partial); err != nil {
			return nil, err
		}
		found = append(found, i)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Columns, err = texts(ctx, conn, `SELECT coalesce(name, '') FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno`, found[i].Name)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// foreignKeys reads the foreign keys over one column.
func foreignKeys(ctx context.Context, conn *sql.Conn, table string) ([]migrate.ForeignKey, error) {
	// Without a column of the other table its primary key is meant.
	rows, err := conn.QueryContext(ctx, `SELECT k."from", k."table", coalesce(k."to", (SELECT name FROM pragma_table_info(k."table") WHERE pk = 1), ''), lower(k.on_delete)
		FROM pragma_foreign_key_list(?) AS k GROUP BY k.id HAVING count(*) = 1`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []migrate.ForeignKey
	for rows.Next() {
		var k migrate.ForeignKey
		if err := rows.Scan(&k.Column, &k.Table, &k.To, &k.OnDelete); err != nil {
			return nil, err
		}
		found = append(found, k)
	}
	return found, rows.Err()
}

func texts(ctx context.Context, conn *sql.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, rows.Err()
}
