package mssql

import "github.com/ostiary/ostiary/database"

// Pattern is the value of a parameter that is searched for.
func Pattern(op database.Operator, value string) string { return pattern(op, value, false) }
