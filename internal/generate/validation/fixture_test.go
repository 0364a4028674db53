// Package validation_test gives what is generated to the tools that it is for:
// the Go compiler with GORM, ent and Bun, SQLite, TypeScript with Drizzle, and
// the schema parser of Prisma. It is a module of its own, because nobody else
// needs any of these.
package validation_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/internal/generate"
	"github.com/ostiary/ostiary/schema"
)

// everything has all that is hard to write down: lists, JSON, two
// references to one table, one to itself and one to no id, indexes over several
// fields, names that are no identifiers, and a table named like a word of SQL.
func everything() schema.Definition {
	return schema.Definition{
		Models: []schema.Model{schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel(), schema.RateLimitModel()},
		Additional: map[string][]schema.Field{"user": {
			{Name: "role", Default: "user"},
			{Name: "plan", Values: []string{"free", "it's \"paid\"", "a-b"}, Default: "free"},
			{Name: "level", Type: schema.Number, Optional: true, Default: 3},
			{Name: "big", Type: schema.Number, BigInt: true},
			{Name: "beta", Type: schema.Boolean, Default: true},
			{Name: "handle", Unique: true, Optional: true},
			{Name: "seenAt", Type: schema.Date, Optional: true, Default: schema.Now},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "scores", Type: schema.NumberArray},
			{Name: "extra", Type: schema.JSON, Optional: true},
			{Name: "city", Optional: true, Index: true, Column: "home town"},
			{Name: "bossId", Optional: true, References: &schema.Reference{Model: "user", OnDelete: schema.SetNull}},
		}},
		Plugins: []schema.Model{
			{
				Key: "invitation", Table: "order",
				Fields: []schema.Field{
					{Name: "inviterId", References: &schema.Reference{Model: "user", OnDelete: schema.Restrict}},
					{Name: "invitedId", Optional: true, References: &schema.Reference{Model: "user", OnDelete: schema.SetNull}},
					{Name: "mail", References: &schema.Reference{Model: "user", Field: "email", OnDelete: schema.NoAction}},
					{Name: "kind"},
					{Name: "label", Index: true},
				},
				Indexes: []schema.Index{{Fields: []string{"kind", "label"}, Unique: true}, {Fields: []string{"label", "kind"}, Name: "invitation_lookup"}},
			},
			{Key: "profile", Table: "user_profile", Fields: []schema.Field{{Name: "userId", Unique: true, References: &schema.Reference{Model: "user"}}}},
			{Key: "foreign", Unmanaged: true},
		},
	}
}

func compile(t *testing.T, ids schema.IDStrategy) *schema.Schema {
	t.Helper()
	d := everything()
	d.IDs = ids
	s, err := schema.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write writes a target for an empty file.
func write(t *testing.T, target string, r generate.Request) string {
	t.Helper()
	to, err := generate.TargetOf(target)
	if err != nil {
		t.Fatal(err)
	}
	text, err := to.Write(r, "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := to.Write(r, text)
	if err != nil || again != text {
		t.Errorf("%s: writing it again changes it: %v\n%s", target, err, again)
	}
	return text
}

// each calls fn for every database of a target, and for every strategy of ids: of
// what has to be compiled with one database only, since types of columns are text
// to Go.
func each(t *testing.T, target string, fn func(t *testing.T, r generate.Request)) {
	t.Helper()
	to, err := generate.TargetOf(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range to.Dialects {
		strategies := []schema.IDStrategy{schema.TextIDs, schema.SerialIDs, schema.UUIDs}
		if to.Package != "" && dialect != "postgres" {
			strategies = strategies[:1]
		}
		for _, ids := range strategies {
			t.Run(dialect+" "+string(ids), func(t *testing.T) {
				t.Parallel()
				fn(t, generate.Request{Schema: compile(t, ids), Dialect: dialect})
			})
		}
	}
}

// folder makes a folder in this module, so that what is written there finds the
// libraries.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "generated_")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Base(dir)
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs a program, and returns what it says.
func command(t *testing.T, dir, name string, arguments ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, arguments...)
	c.Dir = dir
	var complaints strings.Builder
	c.Stderr = &complaints
	answer, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), err, answer, complaints.String())
	}
	return string(answer)
}
