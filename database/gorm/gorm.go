// Package gorm stores authentication data in the database of an application that
// uses GORM.
//
// The adapter takes the connections of a *gorm.DB and speaks SQL to them itself,
// as the adapters for the databases do: models, callbacks, scopes and the naming
// strategy of GORM are not involved. The tables are those of Better Auth, which
// GORM models can be written for.
package gorm

import (
	"database/sql"
	"fmt"

	"gorm.io/gorm"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/sqldb"
	"github.com/ostiary/ostiary/internal/sqlitedialect"
)

// New returns an adapter over the connections of the application's *gorm.DB,
// which stay open when the adapter is closed. GORM's dialector says which database
// it is: SQLite, PostgreSQL, or MySQL and MariaDB. What the adapter of the database
// says of handles of the application's, in its function FromDB, holds here too.
//
// It fails for other databases, and within a transaction of GORM: what the library
// writes is not part of transactions of the application.
func New(db *gorm.DB) (database.Adapter, error) {
	if _, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter); inTransaction {
		return nil, fmt.Errorf("gorm: give the adapter the *gorm.DB itself, not a transaction of it")
	}
	pool, err := db.DB()
	if err != nil {
		return nil, fmt.Errorf("gorm: take the connections: %w", err)
	}
	name := db.Name()
	open, known := adapters[name]
	if !known {
		return nil, fmt.Errorf("gorm: there is no adapter for the dialector %q; there are sqlite, postgres and mysql", name)
	}
	return open(pool), nil
}

// adapters by the names of GORM's dialectors.
var adapters = map[string]func(pool *sql.DB) database.Adapter{
	"sqlite":   overSQLite,
	"postgres": func(pool *sql.DB) database.Adapter { return postgres.FromDB(pool) },
	"mysql":    func(pool *sql.DB) database.Adapter { return mysql.FromDB(pool) },
}

// overSQLite does not go by package sqlite: its driver and the one that GORM's
// users have cannot both be in a program.
func overSQLite(pool *sql.DB) database.Adapter {
	return sqldb.New(sqldb.Options{Dialect: sqlitedialect.Dialect(), Writer: pool, Close: func() error { return nil }})
}
