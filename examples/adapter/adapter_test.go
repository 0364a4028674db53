package adapter_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/examples/adapter"
	"github.com/ostiary/ostiary/ostiarytest"
	"github.com/ostiary/ostiary/schema"
)

func open(t testing.TB, path string) *adapter.Adapter {
	t.Helper()
	a, err := adapter.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConformance(t *testing.T) {
	t.Parallel()
	databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
		a := open(t, filepath.Join(t.TempDir(), "rows.json"))
		a.Prepare(s) // database.New does this, unless an adapter is wrapped as the suite wraps it
		return a
	})
}

func TestUsersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rows.json")
	first := ostiarytest.New(t, ostiary.Options{Database: open(t, path)})
	ada := first.SignUp(t, "ada@example.com")
	if ada.Session() == nil {
		t.Fatal("nobody is signed in after the sign-up")
	}
	second := ostiarytest.New(t, ostiary.Options{Database: open(t, path)})
	second.SignIn(t, "ada@example.com", ostiarytest.Password)
	_, err := second.API.SignUpEmail(t.Context(), api.SignUpEmailInput{Name: "Eve", Email: "ada@example.com", Password: ostiarytest.Password})
	if err == nil {
		t.Error("an address was taken twice")
	}
}

func TestAFailedCommitChangesNothing(t *testing.T) {
	t.Parallel()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{schema.RateLimitModel()}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rows.json")
	a := open(t, path)
	if err := os.Mkdir(path+".new", 0o700); err != nil { // where the next commit is written
		t.Fatal(err)
	}
	row := s.Table(schema.RateLimitKey).NewRow().Set("id", "1").Set("key", "k").Set("count", int64(1)).Set("lastRequest", int64(2))
	if _, err := a.Create(t.Context(), row); !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("got error %v, want %v", err, database.ErrUnavailable)
	}
	if n, err := a.Count(t.Context(), row.Table(), nil); n != 0 || err != nil {
		t.Errorf("there are %d rows after a commit that failed, error %v", n, err)
	}
}

// The guide promises it.
func TestTheAdapterIsShort(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("adapter.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(source, []byte("\n")); lines >= 300 {
		t.Errorf("the adapter has %d lines, want less than 300", lines)
	}
}
