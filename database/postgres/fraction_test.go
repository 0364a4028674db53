package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

func TestFractionsAreKeptWhereThereIsRoomAndElseRefused(t *testing.T) {
	t.Parallel()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: "scale", Fields: []schema.Field{
		{Name: "whole", Type: schema.Number, Optional: true},
		{Name: "wide", Type: schema.Number, BigInt: true, Optional: true},
		{Name: "exact", Type: schema.Number, Optional: true},
		{Name: "double", Type: schema.Number, Optional: true},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(testing.TB, string) *postgres.Adapter{"url": fromURL, "pool": fromPool, "db": fromDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := testservice.Postgres(t)
			a := open(t, url)
			t.Cleanup(func() { _ = a.Close() })
			migrateTo(t, a, s)
			db, err := sql.Open("pgx", url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			// As an application may have made them.
			if _, err := db.Exec(`ALTER TABLE "scale" ALTER "exact" TYPE numeric, ALTER "double" TYPE double precision`); err != nil {
				t.Fatal(err)
			}
			create := func(id, field string, n float64) (any, error) {
				row, err := a.Create(t.Context(), s.Table("scale").NewRow().Set("id", id).Set(field, n))
				if err != nil {
					return nil, err
				}
				return row.Get(field), nil
			}
			for _, field := range []string{"exact", "double"} {
				if got, err := create(field, field, 1.5); err != nil || got != 1.5 {
					t.Errorf("1.5 in %s became %v, %v", field, got, err)
				}
				for _, where := range []database.Where{
					database.Eq(field, 1.5), database.OneOf(field, 1.5, 2), database.Compare(field, database.Less, 1.75), database.Compare(field, database.Greater, 1.25),
				} {
					if n, err := a.Count(t.Context(), s.Table("scale"), []database.Where{where}); err != nil || n != 1 {
						t.Errorf("%s: found by %s %v: %d, %v", field, where.Operator, where.Value, n, err)
					}
				}
				if n, err := a.Count(t.Context(), s.Table("scale"), []database.Where{database.Compare(field, database.Greater, 1.5)}); err != nil || n != 0 {
					t.Errorf("%s: more than 1.5 are %d, %v", field, n, err)
				}
			}
			for _, field := range []string{"whole", "wide"} {
				if got, err := create(field, field, 1.5); err == nil {
					t.Errorf("1.5 in %s became %v", field, got)
				}
			}
			if got, err := create("large", "wide", 1<<60); err != nil || got != int64(1<<60) {
				t.Errorf("2 to the power of 60 became %v, %v", got, err)
			}
		})
	}
}
