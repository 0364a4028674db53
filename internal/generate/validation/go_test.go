package validation_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary/internal/generate"
	"github.com/ostiary/ostiary/schema"
)

// The SQL is run by SQLite here; PostgreSQL, MySQL and MariaDB run the same
// statements in the tests of their adapters.
func TestSQLRuns(t *testing.T) {
	t.Parallel()
	for _, ids := range []schema.IDStrategy{schema.TextIDs, schema.SerialIDs, schema.UUIDs} {
		for _, target := range []string{"sql", "sqlc"} {
			db, err := sql.Open("sqlite", ":memory:")
			if err != nil {
				t.Fatal(err)
			}
			db.SetMaxOpenConns(1)
			if _, err := db.ExecContext(t.Context(), write(t, target, generate.Request{Schema: compile(t, ids), Dialect: "sqlite"})); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// wanted are the columns that a schema has, by table.
func wanted(s *schema.Schema) map[string][]string {
	all := map[string][]string{}
	for _, t := range s.Tables {
		for i := range t.Fields {
			if !t.Unmanaged {
				all[t.Name] = append(all[t.Name], t.Fields[i].Column)
			}
		}
		slices.Sort(all[t.Name])
	}
	delete(all, "foreign")
	return all
}

const gormProgram = `package main

import (
	"encoding/json"
	"os"
	"sort"
	"sync"

	"gorm.io/gorm/schema"

	"github.com/ostiary/ostiary/internal/generate/validation/FOLDER/models"
)

func main() {
	tables := map[string][]string{}
	var relations []string
	for _, model := range []any{&models.User{}, &models.Session{}, &models.Account{}, &models.Verification{}, &models.RateLimit{}, &models.Order{}, &models.UserProfile{}} {
		s, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			panic(err)
		}
		tables[s.Table] = append([]string{}, s.DBNames...)
		sort.Strings(tables[s.Table])
		for _, r := range s.Relationships.Relations {
			c := r.ParseConstraint()
			relations = append(relations, s.Table+"."+r.References[0].ForeignKey.DBName+" "+r.FieldSchema.Table+"."+r.References[0].PrimaryKey.DBName+" "+c.OnDelete)
		}
		s.ParseIndexes()
	}
	sort.Strings(relations)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"tables": tables, "relations": relations})
}
`

func TestGORMUnderstandsTheModels(t *testing.T) {
	t.Parallel()
	each(t, "gorm", func(t *testing.T, r generate.Request) {
		dir := folder(t)
		save(t, filepath.Join(dir, "models", "models.go"), write(t, "gorm", r))
		save(t, filepath.Join(dir, "main.go"), strings.ReplaceAll(gormProgram, "FOLDER", dir))
		got := decode(t, command(t, dir, "go", "run", "."))
		if diff := cmp.Diff(wanted(r.Schema), got.Tables); diff != "" {
			t.Error(diff)
		}
		want := []string{
			"account.userId user.id CASCADE", "order.invitedId user.id SET NULL", "order.inviterId user.id RESTRICT", "order.mail user.email NO ACTION",
			"session.userId user.id CASCADE", "user.bossId user.id SET NULL", "user_profile.userId user.id CASCADE",
		}
		if diff := cmp.Diff(want, got.Relations); diff != "" {
			t.Error(diff)
		}
	})
}

const bunProgram = `package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary/internal/generate/validation/FOLDER/models"
)

func main() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", os.Args[1])
	if err != nil {
		panic(err)
	}
	b := bun.NewDB(db, sqlitedialect.New())
	tables := map[string][]string{}
	for _, model := range []any{&[]models.User{}, &[]models.Session{}, &[]models.Account{}, &[]models.Verification{}, &[]models.RateLimit{}, &[]models.Order{}, &[]models.UserProfile{}} {
		if err := b.NewSelect().Model(model).Scan(ctx); err != nil {
			panic(err)
		}
	}
	var user models.User
	if err := b.NewSelect().Model(&user).Relation("Sessions").Relation("OrdersByInviterID").Relation("UserProfile").Relation("Boss").Where("\"user\".\"email\" = ?", "ada@example.com").Scan(ctx); err != nil {
		panic(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"tables": tables, "relations": []string{
		user.Name, user.Tags[1], user.Sessions[0].Token, user.OrdersByInviterID[0].Kind, user.Boss.Name, user.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
	}})
}
`

func TestBunReadsTheDatabase(t *testing.T) {
	t.Parallel()
	r := generate.Request{Schema: compile(t, schema.TextIDs), Dialect: "sqlite"}
	dir := folder(t)
	file := filepath.Join(t.TempDir(), "auth.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		write(t, "sql", r),
		`insert into user (id, name, email, "emailVerified", "createdAt", "updatedAt", role, plan, big, beta, tags, scores, "bossId") values
			('b', 'Boss', 'boss@example.com', 1, '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', 'user', 'free', 1, 1, null, '[]', null),
			('u', 'Ada', 'ada@example.com', 1, '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', 'user', 'free', 1, 1, '["a","b"]', '[1.5]', 'b')`,
		`insert into session (id, "expiresAt", token, "createdAt", "updatedAt", "userId") values ('s', '2026-01-02T03:04:05.678Z', 'tok', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', 'u')`,
		`insert into "order" (id, "inviterId", mail, kind, label) values ('o', 'u', 'ada@example.com', 'k', 'l')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, "models", "models.go"), write(t, "bun", r))
	save(t, filepath.Join(dir, "main.go"), strings.ReplaceAll(bunProgram, "FOLDER", dir))
	got := decode(t, command(t, dir, "go", "run", ".", file))
	if diff := cmp.Diff([]string{"Ada", "b", "tok", "k", "Boss", "2026-01-02T03:04:05.678Z"}, got.Relations); diff != "" {
		t.Error(diff)
	}
}

func TestBunModelsCompile(t *testing.T) {
	t.Parallel()
	each(t, "bun", func(t *testing.T, r generate.Request) {
		dir := folder(t)
		save(t, filepath.Join(dir, "models", "models.go"), write(t, "bun", r))
		command(t, dir, "go", "vet", "./...")
	})
}

func TestEntLoadsTheSchema(t *testing.T) {
	t.Parallel()
	var alone sync.Mutex // ent works in one folder
	each(t, "ent", func(t *testing.T, r generate.Request) {
		alone.Lock()
		defer alone.Unlock()
		dir := folder(t)
		save(t, filepath.Join(dir, "schema", "auth.go"), write(t, "ent", r))
		graph, err := entc.LoadGraph("./"+filepath.Join(dir, "schema"), &gen.Config{Package: "github.com/ostiary/ostiary/internal/generate/validation/" + dir, Target: dir})
		if err != nil {
			t.Fatal(err)
		}
		tables, err := graph.Tables()
		if err != nil {
			t.Fatal(err)
		}
		got, keys := map[string][]string{}, 0
		for _, table := range tables {
			for _, c := range table.Columns {
				got[table.Name] = append(got[table.Name], c.Name)
			}
			slices.Sort(got[table.Name])
			keys += len(table.ForeignKeys)
		}
		if diff := cmp.Diff(wanted(r.Schema), got); diff != "" {
			t.Error(diff)
		}
		if keys != 6 { // ent has none to a column other than the id
			t.Errorf("%d foreign keys", keys)
		}
		if r.Dialect == "postgres" && r.Schema.IDs == schema.TextIDs {
			if err := entc.Generate("./"+filepath.Join(dir, "schema"), &gen.Config{Package: graph.Package, Target: dir}); err != nil {
				t.Fatal(err)
			}
			command(t, dir, "go", "build", "./...")
		}
	})
}
