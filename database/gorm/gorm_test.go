package gorm_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	driver "gorm.io/gorm"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/gorm"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// open opens a database as an application does.
func open(t testing.TB, d driver.Dialector) *driver.DB {
	t.Helper()
	db, err := driver.Open(d, &driver.Config{PrepareStmt: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pool, err := db.DB(); err == nil {
			_ = pool.Close()
		}
	})
	return db
}

func sqliteFile(t testing.TB) driver.Dialector {
	t.Helper()
	return sqlite.Open("file:" + filepath.Join(t.TempDir(), "app.db") +
		"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_txlock=immediate")
}

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		databasetest.Run(t, over(sqliteFile))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		databasetest.Run(t, over(func(t testing.TB) driver.Dialector { return postgres.Open(testservice.Postgres(t)) }))
	})
	t.Run("mariadb", func(t *testing.T) {
		t.Parallel()
		const (
			longText  = "T05" // a column of type text holds 64 KiB
			fourBytes = "T07" // to the server's default collation such letters are equal
		)
		databasetest.Run(t, over(mariaDB), longText, fourBytes)
	})
}

func mariaDB(t testing.TB) driver.Dialector {
	t.Helper()
	config, err := mysqldriver.ParseDSN(testservice.MariaDB(t))
	if err != nil {
		t.Fatal(err)
	}
	config.ParseTime, config.Loc, config.ClientFoundRows = true, time.UTC, true
	config.Params = map[string]string{"time_zone": "'+00:00'"}
	return mysql.Open(config.FormatDSN())
}

// over opens an adapter over GORM for a round of the suite.
func over(dialector func(t testing.TB) driver.Dialector) databasetest.Open {
	return func(t testing.TB, s *schema.Schema) database.Adapter {
		t.Helper()
		a, err := gorm.New(open(t, dialector(t)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := migrate.For(a, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// user is a model of the application's for a table of the library's.
type user struct {
	ID        string
	Name      string
	Email     string
	CreatedAt time.Time `gorm:"column:createdAt"`
}

func (user) TableName() string { return "user" }

func TestApplicationAndLibraryShareTheDatabase(t *testing.T) {
	t.Parallel()
	db := open(t, sqliteFile(t))
	a, err := gorm.New(db)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{schema.UserModel()}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := migrate.For(a, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	row := s.Table(schema.UserKey).NewRow().Set("id", "u").Set("name", "Ada").Set("email", "ada@example.com").Set("emailVerified", true).
		Set("createdAt", time.Now()).Set("updatedAt", time.Now())
	if _, err := a.Create(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), row.Clone().Set("id", "v")); !errors.Is(err, database.ErrDuplicate) {
		t.Errorf("got error %v", err)
	}
	if err := db.Model(&user{}).Where("email = ?", "ada@example.com").Update("name", "Countess").Error; err != nil {
		t.Fatal(err)
	}
	found, err := a.FindOne(t.Context(), database.Query{Table: s.Table(schema.UserKey)})
	if err != nil || found.Get("name") != "Countess" {
		t.Errorf("found %v, %v", found, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec("SELECT 1").Error; err != nil {
		t.Errorf("the application's database was closed: %v", err)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, sqliteFile(t))
	err := db.Transaction(func(tx *driver.DB) error {
		_, err := gorm.New(tx)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "transaction") {
		t.Errorf("got error %v", err)
	}
	db.Dialector = renamed{db.Dialector}
	if _, err := gorm.New(db); err == nil || !strings.Contains(err.Error(), "oracle") {
		t.Errorf("got error %v", err)
	}
}

// renamed is a dialector of another database.
type renamed struct{ driver.Dialector }

func (renamed) Name() string { return "oracle" }
