// Package definition knows how each kind of database spells the definition of
// tables: the column types are those of Better Auth 1.7. It needs no driver, so
// that scripts and models can be written for a database that is not there.
package definition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/migrate"
)

// Names are the kinds of databases.
func Names() []string { return []string{"sqlite", "postgres", "mysql", "mssql"} }

// Of returns the dialect of a kind of database.
func Of(name string) (*migrate.Dialect, error) {
	switch name {
	case "sqlite":
		return &migrate.Dialect{Quote: migrate.QuoteName, Type: SQLiteType, Boolean: digit, Text: migrate.QuoteText, SharedIndexNames: true}, nil
	case "postgres":
		return &migrate.Dialect{Quote: migrate.QuoteName, Type: PostgresType, Boolean: strconv.FormatBool, Text: migrate.QuoteText, Now: "CURRENT_TIMESTAMP", SharedIndexNames: true}, nil
	case "mysql":
		return &migrate.Dialect{Quote: quoteMySQL, Type: MySQLType, Boolean: strconv.FormatBool, Text: quoteMySQLText, Now: "CURRENT_TIMESTAMP(3)", SerialKey: " auto_increment"}, nil
	case "mssql":
		return SQLServer(), nil
	}
	return nil, fmt.Errorf("unknown kind of database %q; use one of %s", name, strings.Join(Names(), ", "))
}

// SQLServer is the dialect of Microsoft SQL Server.
func SQLServer() *migrate.Dialect {
	return &migrate.Dialect{
		Quote: quoteSQLServer, Type: SQLServerType, Boolean: digit, Text: quoteSQLServerText, Now: "SYSUTCDATETIME()",
		AddColumn: "add", OneNull: true, NoRestrict: true,
	}
}

// Known reports whether there is a dialect of a name.
func Known(name string) bool { return slices.Contains(Names(), name) }
