package mssql

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ostiary/ostiary/internal/sqldb"
	"github.com/ostiary/ostiary/migrate"
)

const foldsQuery = `SELECT CAST(CASE WHEN N'a' COLLATE DATABASE_DEFAULT = N'A' THEN 1 ELSE 0 END AS bit)`

// Length -1 is that of (max). A column of the type timestamp is filled by the server.
const columnsQuery = `SELECT t.name, c.name, y.name + CASE WHEN c.max_length = -1 THEN '(max)' ELSE '' END, ~c.is_nullable,
	CAST(CASE WHEN c.default_object_id <> 0 OR c.is_identity = 1 OR c.is_computed = 1 OR y.name = 'timestamp' THEN 1 ELSE 0 END AS bit)
	FROM sys.tables AS t JOIN sys.columns AS c ON c.object_id = t.object_id JOIN sys.types AS y ON y.user_type_id = c.user_type_id
	WHERE t.schema_id = SCHEMA_ID() ORDER BY t.name, c.column_id`

// An index that leaves nulls out is one of the adapter's own: it covers all that
// can be equal.
const indexesQuery = `SELECT t.name, i.name, i.is_unique,
	CAST(CASE WHEN i.is_disabled = 1 OR i.is_hypothetical = 1 OR i.filter_definition <> N'(' + QUOTENAME(c.name) + N' IS NOT NULL)' THEN 1 ELSE 0 END AS bit), c.name
	FROM sys.tables AS t JOIN sys.indexes AS i ON i.object_id = t.object_id
	JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.is_included_column = 0
	JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
	WHERE t.schema_id = SCHEMA_ID() AND i.type IN (1, 2) ORDER BY t.name, i.name, k.key_ordinal`

const foreignKeysQuery = `SELECT t.name, f.name, c.name, r.name, o.name, LOWER(REPLACE(f.delete_referential_action_desc, '_', ' '))
	FROM sys.tables AS t JOIN sys.foreign_keys AS f ON f.parent_object_id = t.object_id
	JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id
	JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id
	JOIN sys.tables AS r ON r.object_id = f.referenced_object_id
	JOIN sys.columns AS o ON o.object_id = k.referenced_object_id AND o.column_id = k.referenced_column_id
	WHERE t.schema_id = SCHEMA_ID() AND f.is_disabled = 0 ORDER BY t.name, f.name, k.constraint_column_id`

// catalog reads the tables of the user's default schema.
func catalog(ctx context.Context, conn *sql.Conn) (*migrate.Catalog, error) {
	c := &migrate.Catalog{KnowsForeignKeys: true}
	if err := conn.QueryRowContext(ctx, foldsQuery).Scan(&c.FoldsNames); err != nil {
		return nil, fmt.Errorf("read the collation of the database: %w", err)
	}
	return c, sqldb.CatalogQueries{Columns: columnsQuery, Indexes: indexesQuery, ForeignKeys: foreignKeysQuery}.Read(ctx, conn, c)
}
