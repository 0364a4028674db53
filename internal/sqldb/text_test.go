package sqldb

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// numbered is a dialect with all that SQLite does not need: numbered parameters
// and nulls whose place in the order must be said.
func numbered() *Dialect {
	return &Dialect{
		Quote:         migrate.QuoteName,
		Placeholder:   func(text []byte, n int) []byte { return strconv.AppendInt(append(text, '$'), int64(n), 10) },
		MaxParameters: 100,
		Page: func(text []byte, limit, offset string) []byte {
			if offset != "" {
				text = append(text, " OFFSET "+offset...)
			}
			return append(text, " LIMIT "+limit...)
		},
		SortNulls: true,
		Fold:      func(e string) string { return "lower(" + e + ")" },
		Match: func(column, placeholder string, insensitive bool) string {
			if insensitive {
				return column + " ILIKE " + placeholder + " ESCAPE '!'"
			}
			return column + " LIKE " + placeholder + " ESCAPE '!'"
		},
		Pattern: func(op database.Operator, value string, _ bool) string { return string(op) + ":" + value },
		Boolean: func(b bool) any {
			if b {
				return int64(1)
			}
			return int64(0)
		},
		Time: ISOTime,
		JSON: func(text []byte) any { return string(text) },
	}
}

func testTables(t *testing.T) (*Adapter, *table, *table) {
	t.Helper()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{
		{Key: "p", Table: `pe"ople`, Fields: []schema.Field{{Name: "name"}, {Name: "age", Type: schema.Number}, {Name: "born", Type: schema.Date}}},
		{Key: "q", Fields: []schema.Field{{Name: "pId", References: &schema.Reference{Model: "p"}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a := New(Options{Dialect: numbered()})
	return a, a.table(s.Table("p")), a.table(s.Table("q"))
}

func TestConditions(t *testing.T) {
	t.Parallel()
	or, fold := database.Or, func(w database.Where) database.Where { w.Insensitive = true; return w }
	is, eq := database.Compare, database.Eq
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name  string
		where []database.Where
		text  string
		args  []any
	}{
		{"none", nil, "", nil},
		{"equal", []database.Where{eq("name", "x")}, `"name" = $1`, []any{"x"}},
		{"operator left out", []database.Where{{Field: "name", Value: "x"}}, `"name" = $1`, []any{"x"}},
		{"null", []database.Where{eq("name", nil), is("age", database.NotEqual, nil)}, `"name" IS NULL AND "age" IS NOT NULL`, nil},
		{"order", []database.Where{is("age", database.Less, 3), is("born", database.GreaterOrEqual, at)}, `"age" < $1 AND "born" >= $2`, []any{int64(3), "2026-01-02T03:04:05.000Z"}},
		{"less than null", []database.Where{is("age", database.Less, nil)}, `1=0`, nil},
		{"or", []database.Where{or(eq("name", "a")), eq("age", 1), or(eq("name", "b"))}, `"age" = $1 AND ("name" = $2 OR "name" = $3)`, []any{int64(1), "a", "b"}},
		{"lone or", []database.Where{or(eq("name", "a"))}, `("name" = $1)`, []any{"a"}},
		{"in", []database.Where{database.OneOf("name", "a", "b", "c")}, `"name" IN ($1, $2, $3, $4)`, []any{"a", "b", "c", "c"}},
		{"in nothing", []database.Where{is("name", database.In, []any{})}, `1=0`, nil},
		{"not in nothing", []database.Where{is("name", database.NotIn, []any{})}, `1=1`, nil},
		{"in with null", []database.Where{is("name", database.In, []any{nil, "a"})}, `("name" IS NULL OR "name" IN ($1))`, []any{"a"}},
		{"in null", []database.Where{is("name", database.In, []any{nil})}, `"name" IS NULL`, nil},
		{"not in null", []database.Where{is("name", database.NotIn, []any{nil})}, `"name" IS NOT NULL`, nil},
		{"not in with null", []database.Where{is("name", database.NotIn, []any{nil, "a"})}, `"name" NOT IN ($1)`, []any{"a"}},
		{"insensitive", []database.Where{fold(eq("name", "X"))}, `lower("name") = lower($1)`, []any{"X"}},
		{"insensitive number", []database.Where{fold(eq("age", 1))}, `"age" = $1`, []any{int64(1)}},
		{"insensitive in", []database.Where{fold(database.OneOf("name", "A", "B"))}, `lower("name") IN (lower($1), lower($2))`, []any{"A", "B"}},
		{"contains", []database.Where{is("name", database.Contains, "x")}, `"name" LIKE $1 ESCAPE '!'`, []any{"contains:x"}},
		{"insensitive end", []database.Where{fold(is("name", database.EndsWith, "x"))}, `"name" ILIKE $1 ESCAPE '!'`, []any{"ends_with:x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, p, _ := testTables(t)
			conditions, err := a.resolve(p, tt.where)
			if err != nil {
				t.Fatal(err)
			}
			b := builder{dialect: a.dialect}
			b.where(p, conditions, "")
			if diff := cmp.Diff(tt.text, strings.TrimPrefix(string(b.text), " WHERE ")); diff != "" {
				t.Error(diff)
			}
			args := appendValues(nil, conditions)
			if diff := cmp.Diff(tt.args, args); diff != "" {
				t.Error(diff)
			}
			if b.params != len(args) {
				t.Errorf("%d parameters, %d values", b.params, len(args))
			}
		})
	}
}

func TestRefusedConditions(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]database.Where{
		"unknown field":    database.Eq(`name" = "name`, "x"),
		"unknown operator": database.Compare("name", "= 1 OR", "x"),
		"in without list":  database.Compare("name", database.In, "x"),
		"number":           database.Compare("name", database.Contains, 1),
		"wrong type":       database.Eq("born", 1),
		"too many":         database.OneOf("age", make([]int, 101)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, p, _ := testTables(t)
			if _, err := a.resolve(p, []database.Where{w}); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	a, p, q := testTables(t)
	resolve := func(where ...database.Where) []condition {
		conditions, err := a.resolve(p, where)
		if err != nil {
			t.Fatal(err)
		}
		return conditions
	}
	byID, byName := resolve(database.Eq("id", "1")), resolve(database.Eq("name", "x"))
	build := func(write func(b *builder)) string {
		b := builder{dialect: a.dialect}
		write(&b)
		return string(b.text)
	}
	join := []join{{table: q, from: 0, on: 1}}
	tests := []struct{ name, got, want string }{
		{
			"insert", string(a.insert(p, []int{0, 2})),
			`INSERT INTO "pe""ople" ("id", "age") VALUES ($1, $2) RETURNING "id", "name", "age", "born"`,
		},
		{
			"insert nothing", string(a.insert(p, nil)),
			`INSERT INTO "pe""ople" DEFAULT VALUES RETURNING "id", "name", "age", "born"`,
		},
		{"one by id", build(func(b *builder) { b.one(p, byID) }), ` WHERE "id" = $1`},
		{
			"one by name", build(func(b *builder) { b.one(p, byName) }),
			` WHERE "id" = (SELECT "id" FROM "pe""ople" WHERE "name" = $1 LIMIT 1) AND "name" = $2`,
		},
		{
			"increment", string(a.increment(p, []int{2}, []int{1}, byID)),
			`UPDATE "pe""ople" SET "age" = COALESCE("age", 0) + $1, "name" = $2 WHERE "id" = $3 RETURNING "id", "name", "age", "born"`,
		},
		{
			"find one", string(a.selectText(&selection{table: p, one: true, conditions: byID})),
			`SELECT "id", "name", "age", "born" FROM "pe""ople" WHERE "id" = $1 LIMIT 1`,
		},
		{
			"find page", string(a.selectText(&selection{table: q, offset: true, sort: []order{{1, true}, {0, false}}})),
			`SELECT "id", "pId" FROM "q" ORDER BY "pId" DESC NULLS LAST, "id" NULLS FIRST OFFSET $2 LIMIT $1`,
		},
		{
			"find joined", string(a.selectText(&selection{table: p, one: true, conditions: byID, joins: join})),
			`SELECT t."id", t."name", t."age", t."born", j0."id", j0."pId" FROM "pe""ople" AS t LEFT JOIN "q" AS j0 ON j0."pId" = t."id" WHERE t."id" = $1 LIMIT 1`,
		},
		{
			"joined rows of one", string(a.joinedText(join[0], byID, true)),
			`SELECT "id", "pId" FROM "q" WHERE "id" = $1 LIMIT $2`,
		},
		{
			"joined rows of several", string(a.joinedText(join[0], byID, false)),
			`SELECT "id", "pId" FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY "pId" ORDER BY "pId") AS "ostiary row number" FROM "q" WHERE "id" = $1) AS t WHERE "ostiary row number" <= $2`,
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestShapesHaveKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	a, p, q := testTables(t)
	seen := map[string]string{}
	add := func(name string, k key) {
		if other, taken := seen[string(k)]; taken {
			t.Errorf("%s and %s share a key", name, other)
		}
		seen[string(k)] = name
	}
	for _, t1 := range []*table{p, q} {
		for _, op := range operators {
			for _, or := range []bool{false, true} {
				for _, fold := range []bool{false, true} {
					var value any = "x"
					if op == database.In || op == database.NotIn {
						value = []any{"x"}
					}
					w := database.Where{Field: "id", Operator: op, Value: value, Or: or, Insensitive: fold}
					conditions, err := a.resolve(t1, []database.Where{w})
					if err != nil {
						t.Fatal(err)
					}
					add(fmt.Sprint(t1.Key, op, or, fold), appendConditions(newKey(nil, opCount, t1), conditions))
				}
			}
		}
		for _, sel := range []selection{
			{table: t1},
			{table: t1, one: true},
			{table: t1, offset: true},
			{table: t1, sort: []order{{0, false}}},
			{table: t1, sort: []order{{0, true}}},
			{table: t1, sort: []order{{1, false}}},
			{table: t1, joins: []join{{q, 0, 1}}},
			{table: t1, joins: []join{{q, 1, 0}}},
			{table: t1, joins: []join{{p, 0, 1}}},
		} {
			add(fmt.Sprintf("%s %+v", t1.Key, sel.sort), sel.key(nil))
		}
	}
}

func BenchmarkSelectText(b *testing.B) {
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{schema.UserModel()}})
	if err != nil {
		b.Fatal(err)
	}
	a := New(Options{Dialect: numbered()})
	t := a.table(s.Table("user"))
	where := []database.Where{database.Eq("name", "a"), database.Or(database.Eq("email", "b")), database.Or(database.Eq("image", nil)), database.Compare("createdAt", database.Greater, time.Unix(0, 0))}
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			conditions, _ := a.resolve(t, where)
			a.selectText(&selection{table: t, conditions: conditions, sort: []order{{1, true}}})
		}
	})
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var buffer [keySize]byte
			conditions, _ := a.resolve(t, where)
			sel := selection{table: t, conditions: conditions}
			sel.key(buffer[:0])
		}
	})
}
