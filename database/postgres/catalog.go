package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/internal/sqldb"
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

const foreignKeysQuery = `SELECT ` + named + `, k.conname, a.attname, ` + referencedTable + `, r.attname,
	CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' WHEN 'r' THEN 'restrict' ELSE 'no action' END
	FROM pg_catalog.pg_constraint k
	JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
	JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
	JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
	JOIN pg_catalog.pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = k.confkey[1]
	WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND ` + ownSchemas + `
	ORDER BY n.nspname, c.relname, k.conname`

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
	return c, sqldb.CatalogQueries{Columns: columnsQuery, Indexes: indexesQuery, ForeignKeys: foreignKeysQuery}.Read(ctx, conn, c)
}
