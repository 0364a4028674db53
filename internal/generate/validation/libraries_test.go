package validation_test

// The programs that the tests write need these.
import (
	_ "entgo.io/ent"
	_ "entgo.io/ent/dialect/entsql"
	_ "entgo.io/ent/dialect/sql/sqlgraph"
	_ "entgo.io/ent/schema/edge"
	_ "entgo.io/ent/schema/field"
	_ "entgo.io/ent/schema/index"
	_ "github.com/uptrace/bun"
	_ "github.com/uptrace/bun/dialect/sqlitedialect"
	_ "gorm.io/gorm/schema"
)
