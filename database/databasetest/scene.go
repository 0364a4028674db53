package databasetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// scene is the database of one case, with what makes cases short. Its methods
// end the case when something fails that is not what the case is about.
type scene struct {
	*testing.T
	ctx  context.Context
	db   *database.DB
	raw  database.Adapter
	made int // rows made so far; tells fixtures apart
}

// noon is the time on the clock of the suite.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 123e6, time.UTC)

func newScene(t *testing.T, a database.Adapter, compiled *schema.Schema) *scene {
	t.Helper()
	newID := func(string) string { return rand.Text() }
	if compiled.IDs == schema.UUIDs {
		newID = func(string) string { return newUUID() }
	}
	db, err := database.New(a, compiled, database.Options{Now: func() time.Time { return noon }, NewID: newID})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return &scene{T: t, ctx: t.Context(), db: db, raw: a}
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// unknownID returns an id of the right form that no row has.
func (s *scene) unknownID() string {
	if s.db.Schema().IDs == schema.UUIDs {
		return newUUID()
	}
	return "100000"
}

// clear empties all tables, those first that reference others.
func (s *scene) clear() {
	s.Helper()
	for _, t := range slices.Backward(s.db.Schema().Tables) {
		_, err := s.raw.DeleteMany(s.ctx, t, nil)
		s.ok(err)
	}
}

func (s *scene) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("unexpected error: %v", err)
	}
}

// fails ends the case unless err is one of the kind.
func (s *scene) fails(err, kind error) {
	s.Helper()
	if !errors.Is(err, kind) {
		s.Fatalf("got error %v, want %v", err, kind)
	}
}

func (s *scene) table(key string) *schema.Table {
	s.Helper()
	t := s.db.Table(key)
	if t == nil {
		s.Fatalf("the suite has no model %q", key)
	}
	return t
}

// row returns a row of a model with fields set by name and value in turn.
func (s *scene) row(key string, set ...any) schema.Row {
	s.Helper()
	row := s.table(key).NewRow()
	for i := 0; i < len(set); i += 2 {
		row.Set(set[i].(string), set[i+1])
	}
	return row
}

// insert creates a row from the fixture of its model and what is set.
func (s *scene) insert(key string, set ...any) schema.Row {
	s.Helper()
	created, err := s.db.Create(s.ctx, s.fixture(key, set...))
	s.ok(err)
	return created
}

// fixture returns a row of a model with all its required fields, but for keys
// of other rows.
func (s *scene) fixture(key string, set ...any) schema.Row {
	s.Helper()
	s.made++
	row := s.table(key).NewRow()
	created := noon.Add(-time.Duration(s.made) * time.Hour)
	switch key {
	case schema.UserKey:
		name := fmt.Sprintf("user-%03d", s.made)
		row.Set("name", name).Set("email", name+"@email.com").Set("emailVerified", true).Set("createdAt", created).Set("updatedAt", noon)
	case schema.SessionKey:
		row.Set("token", rand.Text()+"-token").Set("expiresAt", noon).Set("createdAt", created).Set("updatedAt", noon).
			Set("ipAddress", "127.0.0.1").Set("userAgent", "suite")
	case schema.AccountKey:
		row.Set("accountId", rand.Text()).Set("providerId", "test").Set("accessToken", rand.Text()).Set("scope", "test").
			Set("accessTokenExpiresAt", noon).Set("refreshTokenExpiresAt", noon).Set("createdAt", created).Set("updatedAt", noon)
	case schema.VerificationKey:
		row.Set("identifier", "test:"+rand.Text()).Set("value", rand.Text()).Set("expiresAt", noon)
	case schema.RateLimitKey:
		row.Set("key", rand.Text()).Set("count", int64(0)).Set("lastRequest", noon.UnixMilli())
	case "organization":
		row.Set("name", "Acme")
	case "thing":
		row.Set("words", []string{"1", "2", "3"}).Set("numbers", []float64{1, 2, 3}).Set("document", json.RawMessage(`{"foo":"bar"}`))
	}
	row.Merge(s.row(key, set...))
	return row
}

func (s *scene) user(set ...any) schema.Row { s.Helper(); return s.insert(schema.UserKey, set...) }

// users creates users, the newest first.
func (s *scene) users(n int) []schema.Row {
	s.Helper()
	return s.times(n, func(int) schema.Row { return s.user() })
}

// ranked creates users whose rank counts up from -1.
func (s *scene) ranked(n int) []schema.Row {
	s.Helper()
	return s.times(n, func(i int) schema.Row { return s.user("rank", int64(i-1)) })
}

func (s *scene) times(n int, make func(i int) schema.Row) []schema.Row {
	s.Helper()
	var rows []schema.Row
	for i := range n {
		rows = append(rows, make(i))
	}
	return rows
}

// sessions and accounts create rows that belong to a user.
func (s *scene) sessions(of schema.Row, n int) []schema.Row {
	s.Helper()
	return s.times(n, func(int) schema.Row { return s.insert(schema.SessionKey, "userId", of.ID()) })
}

func (s *scene) accounts(of schema.Row, n int) []schema.Row {
	s.Helper()
	return s.times(n, func(int) schema.Row { return s.insert(schema.AccountKey, "userId", of.ID()) })
}

func (s *scene) badge(of schema.Row) schema.Row {
	s.Helper()
	return s.insert("badge", "holder", of.ID())
}

// query asks for rows of a model; the cases add to it.
func (s *scene) query(key string, where ...database.Where) database.Query {
	s.Helper()
	return database.Query{Table: s.table(key), Where: where}
}

// joining adds joins to a query, by the foreign keys between the models.
func (s *scene) joining(q database.Query, keys ...string) database.Query {
	s.Helper()
	for _, key := range keys {
		j, err := database.Relate(q.Table, s.table(key))
		s.ok(err)
		q.Joins = append(q.Joins, j)
	}
	return q
}

func (s *scene) find(q database.Query) *database.Record {
	s.Helper()
	found, err := s.db.FindOne(s.ctx, q)
	s.ok(err)
	return found
}

// must finds the one row that has to be there.
func (s *scene) must(q database.Query) database.Record {
	s.Helper()
	found := s.find(q)
	if found == nil {
		s.Fatalf("no row of %s was found", q.Table.Key)
	}
	return *found
}

func (s *scene) list(q database.Query) []database.Record {
	s.Helper()
	found, err := s.db.FindMany(s.ctx, q)
	s.ok(err)
	return found
}

// all returns every row of a model that matches.
func (s *scene) all(key string, where ...database.Where) []schema.Row {
	s.Helper()
	q := s.query(key, where...)
	q.Limit = 1000
	return rowsOf(s.list(q))
}

// usersWhere expects that exactly the given users match.
func (s *scene) usersWhere(want []schema.Row, where ...database.Where) {
	s.Helper()
	s.sameSet(s.all(schema.UserKey, where...), want)
}

func (s *scene) update(set schema.Row, where ...database.Where) *schema.Row {
	s.Helper()
	row, err := s.db.Update(s.ctx, set, where...)
	s.ok(err)
	return row
}

func (s *scene) updateMany(set schema.Row, where ...database.Where) int64 {
	s.Helper()
	n, err := s.db.UpdateMany(s.ctx, set, where...)
	s.ok(err)
	return n
}

func (s *scene) deleteMany(key string, where ...database.Where) int64 {
	s.Helper()
	n, err := s.db.DeleteMany(s.ctx, s.table(key), where...)
	s.ok(err)
	return n
}

func (s *scene) count(key string, where ...database.Where) int64 {
	s.Helper()
	n, err := s.db.Count(s.ctx, s.table(key), where...)
	s.ok(err)
	return n
}

// equal expects two values to be equal.
func (s *scene) equal(got, want any) {
	s.Helper()
	if d := gocmp.Diff(want, got, sameDocument); d != "" {
		s.Errorf("not as expected (-want +got):\n%s", d)
	}
}

// sameDocument compares JSON by its meaning: stores may write it anew.
var sameDocument = gocmp.Comparer(func(a, b json.RawMessage) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
})

// same expects two rows to be equal, and to have every field.
func (s *scene) same(got, want schema.Row) {
	s.Helper()
	s.equal(got.Map(), complete(want))
}

// complete returns the fields of a row, those that are absent as null.
func complete(row schema.Row) map[string]any {
	fields := map[string]any{}
	for i, f := range row.Table().Fields {
		fields[f.Name] = row.At(i)
	}
	return fields
}

// sameSet expects the same rows in any order, sameList in this one.
func (s *scene) sameSet(got, want []schema.Row) {
	s.Helper()
	byID := func(a, b schema.Row) int { return strings.Compare(a.ID(), b.ID()) }
	s.sameList(slices.SortedFunc(slices.Values(got), byID), slices.SortedFunc(slices.Values(want), byID))
}

func (s *scene) sameList(got, want []schema.Row) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("got %d rows, want %d", len(got), len(want))
	}
	for i := range got {
		s.same(got[i], want[i])
	}
}

func (s *scene) length(n, want int) {
	s.Helper()
	if n != want {
		s.Fatalf("got %d, want %d", n, want)
	}
}

// joinLengths expects how many rows were joined to a row, join by join.
func (s *scene) joinLengths(rec database.Record, want ...int) {
	s.Helper()
	var got []int
	for _, rows := range rec.Joined {
		got = append(got, len(rows))
	}
	s.equal(got, want)
}

func rowsOf(recs []database.Record) []schema.Row {
	var rows []schema.Row
	for _, rec := range recs {
		rows = append(rows, rec.Row)
	}
	return rows
}

func id(row schema.Row) database.Where { return database.Eq("id", row.ID()) }
