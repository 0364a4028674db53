package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// More shapes than are kept, from many goroutines: statements are dropped and
// closed while others use them.
func TestMoreShapesThanAreKept(t *testing.T) {
	t.Parallel()
	fields := make([]schema.Field, 20)
	for i := range fields {
		fields[i] = schema.Field{Name: fmt.Sprint("f", i), Optional: true}
	}
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: "wide", Fields: fields}}})
	if err != nil {
		t.Fatal(err)
	}
	a := migrated(t, filepath.Join(t.TempDir(), "wide.db"), s)
	wide := s.Table("wide")
	if _, err := a.Create(t.Context(), wide.NewRow().Set("id", "1")); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 400 {
				x, y := (i+worker)%20, i/20
				where := []database.Where{database.Eq(fmt.Sprint("f", x), nil), database.Eq(fmt.Sprint("f", y), nil)}
				found, err := a.FindOne(t.Context(), database.Query{Table: wide, Where: where})
				if err != nil || found == nil {
					t.Error(found, err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// Within a transaction every statement must get by with the one connection that
// writes.
func TestNewStatementsInATransaction(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := migrated(t, filepath.Join(t.TempDir(), "auth.db"), s)
	for round := range 3 {
		err := a.Transaction(t.Context(), func(tx database.Adapter) error {
			id := fmt.Sprint(round)
			if _, err := tx.Create(t.Context(), newUser(s, id, id+"@example.com")); err != nil {
				return err
			}
			n, err := tx.Count(t.Context(), s.Table("user"), nil)
			if err == nil && n != int64(round+1) {
				err = fmt.Errorf("%d users in round %d", n, round)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
