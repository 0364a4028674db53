package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/internal/sqldb"
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
	return c, sqldb.CatalogQueries{Columns: columnsQuery, Indexes: indexesQuery, ForeignKeys: foreignKeysQuery}.Read(ctx, conn, c)
}
