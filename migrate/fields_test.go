package migrate_test

import (
	"fmt"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

// everyField has a field for each way in which a field can be declared.
func everyField() (fields []schema.Field) {
	add := func(f schema.Field) {
		f.Name = fmt.Sprint("f", len(fields))
		f.Optional = true
		fields = append(fields, f)
	}
	for _, f := range []schema.Field{
		{},
		{Values: []string{"a", "b"}},
		{Type: schema.Number},
		{Type: schema.Number, BigInt: true},
		{Type: schema.Date},
		{Type: schema.Boolean},
		{References: &schema.Reference{Model: "other"}},
		{References: &schema.Reference{Model: "other", Field: "code"}},
	} {
		for _, unique := range []bool{false, true} {
			for _, index := range []bool{false, true} {
				for _, sortable := range []bool{false, true} {
					f.Unique, f.Index, f.Sortable = unique, index, sortable
					add(f)
				}
			}
		}
	}
	for _, t := range []schema.Type{schema.JSON, schema.StringArray, schema.NumberArray} {
		add(schema.Field{Type: t})
	}
	return fields
}

// Whatever a field is like, what was created for it is what is looked for later:
// in a table of its own, and in a table that had been there without it.
func TestEveryKindOfFieldIsMigratedOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) (database.Adapter, error){
		"sqlite":   func(t *testing.T) (database.Adapter, error) { return open(t, t.TempDir()+"/a.db"), nil },
		"postgres": func(t *testing.T) (database.Adapter, error) { return postgres.Open(testservice.Postgres(t)) },
		"mariadb":  func(t *testing.T) (database.Adapter, error) { return mysql.Open(testservice.MariaDB(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = a.Close() })
			other := schema.Model{Key: "other", Fields: []schema.Field{{Name: "code", Unique: true}}}
			apply(t, a, schema.Definition{Models: []schema.Model{other, {Key: "grown", Fields: []schema.Field{{Name: "x", Optional: true}}}}})
			d := schema.Definition{Models: []schema.Model{other, {Key: "grown", Fields: everyField()}, {Key: "made", Fields: everyField()}}}
			apply(t, a, d)
			plan := planFor(t, a, d)
			for _, s := range plan.Statements {
				t.Errorf("a second run wants %s", s.SQL)
			}
			for _, f := range plan.Refused() {
				t.Errorf("a second run says %v", f)
			}
		})
	}
}
