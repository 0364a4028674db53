package mysql_test

import (
	"database/sql"
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	const (
		longText  = "T05" // a column of type text holds 64 KiB
		fourBytes = "T07" // unique values in which only such letters differ are the same to the collation
	)
	for _, tt := range []struct {
		name      string
		open      func(testing.TB, string) *mysql.Adapter
		collation string
		leaveOut  []string
	}{
		{"url", fromURL, "utf8mb4_general_ci", []string{longText, fourBytes}}, // the default of MariaDB until 11.5
		{"unicode", fromURL, "utf8mb4_unicode_520_ci", []string{longText}},
		{"binary", fromURL, "utf8mb4_nopad_bin", []string{longText}},
		{"db", fromDB, "utf8mb4_unicode_520_ci", []string{longText}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
				url := testservice.MariaDB(t)
				execute(t, behind(t, url), "ALTER DATABASE COLLATE "+tt.collation)
				a := tt.open(t, url)
				migrateTo(t, a, s)
				return a
			}, tt.leaveOut...)
		})
	}
}

// behind opens a database for what happens behind an adapter's back.
func behind(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func fromURL(t testing.TB, url string) *mysql.Adapter {
	t.Helper()
	a, err := mysql.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func fromDB(t testing.TB, url string) *mysql.Adapter {
	t.Helper()
	db, err := sql.Open("mysql", url+"?parseTime=true&clientFoundRows=true&time_zone=%27%2B00%3A00%27")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(20)
	return mysql.FromDB(db)
}

func migrateTo(t testing.TB, a *mysql.Adapter, s *schema.Schema) {
	t.Helper()
	m, err := migrate.For(a, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func coreSchema(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel(),
	}, Plugins: []schema.Model{schema.RateLimitModel()}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
