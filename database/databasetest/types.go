package databasetest

import (
	"encoding/json"
	"math"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// typeCases are about lists and JSON, under any names and ids.
func typeCases() []testCase {
	return []testCase{
		{"A107 lists", func(s *scene) {
			s.roundTrips(s.insert("thing", "moreWords", []string{"", "ü\n", `"quoted"`, "a,b"}, "moreNumbers", []float64{1.5, -2, 0, 1e21}))
			s.roundTrips(s.insert("thing", "words", []string{}, "numbers", []float64{}))
			s.roundTrips(s.insert("thing", "moreWords", nil, "moreNumbers", nil))
		}},
		{"A108 json", func(s *scene) {
			for _, document := range []string{
				`{"foo":"bar"}`, `{}`, `[]`, `[1,"2",null,{"a":[true]}]`, `"text"`, `"2026-01-01T00:00:00.000Z"`, `5`, `false`,
				`{"q":"\" \\ ' é \ud83d\ude00","deep":{"deeper":{"x":1.25}}}`,
			} {
				s.roundTrips(s.insert("thing", "document", json.RawMessage(document)))
			}
			s.roundTrips(s.insert("thing", "moreDocument", nil))
		}},
		{"J11,J12,J13,J14,J15 create and update return the values they were given", func(s *scene) {
			at := noon.Add(-1234567 * time.Millisecond)
			user := s.user("flag", true, "birthday", at)
			s.equal([]any{user.Get("flag"), user.Get("birthday")}, []any{true, at})
			changed := s.update(s.row(schema.UserKey, "flag", false, "birthday", noon), id(user))
			s.equal([]any{changed.Get("flag"), changed.Get("birthday")}, []any{false, noon})
			s.roundTrips(*changed)

			given := []any{"words", []string{"a", "b"}, "numbers", []float64{1, 2}, "document", json.RawMessage(`{"a":1}`)}
			thing := s.insert("thing", given...)
			s.same(thing, s.fixture("thing", given...).Set("id", thing.ID()))
			given = []any{"words", []string{"c"}, "numbers", []float64{3}, "document", json.RawMessage(`{"b":2}`)}
			s.same(*s.update(s.row("thing", given...), id(thing)), s.fixture("thing", given...).Set("id", thing.ID()))
		}},
		{"A107 lists and json can be changed", func(s *scene) {
			row := s.insert("thing")
			set := s.row("thing", "words", []string{"x"}, "numbers", []float64{9}, "document", json.RawMessage(`[1]`))
			want := row.Clone()
			want.Merge(set)
			s.same(*s.update(set, id(row)), want)
			s.same(s.must(s.query("thing")).Row, want)
		}},
	}
}

// roundTrips expects to find a row as it was when it was created.
func (s *scene) roundTrips(row schema.Row) {
	s.Helper()
	s.same(s.must(database.Query{Table: row.Table(), Where: []database.Where{id(row)}}).Row, row)
}

// valueCases are about the limits of what can be stored.
func valueCases() []testCase {
	return []testCase{
		{"V01 times are kept in UTC to the millisecond", func(s *scene) {
			kathmandu := time.FixedZone("", 5*3600+45*60)
			given := time.Date(2024, 2, 29, 23, 59, 59, 987654321, kathmandu)
			want := time.Date(2024, 2, 29, 18, 14, 59, 987e6, time.UTC)
			row := s.user("birthday", given)
			for _, got := range []schema.Row{row, s.must(s.query(schema.UserKey, id(row))).Row, s.must(s.query(schema.UserKey, database.Eq("birthday", want))).Row} {
				s.equal(got.Get("birthday"), want)
				s.equal(got.Get("birthday").(time.Time).Location().String(), "UTC")
			}
		}},
		{"V02 times far away", func(s *scene) {
			for _, at := range []time.Time{time.Date(1971, 1, 1, 0, 0, 0, 1e6, time.UTC), time.Date(2037, 12, 31, 23, 59, 59, 999e6, time.UTC)} {
				s.equal(s.user("birthday", at).Get("birthday"), at)
			}
		}},
		{"V03 64-bit numbers", func(s *scene) {
			for _, n := range []int64{math.MaxInt64, math.MinInt64, 1<<53 + 1, -1, 0} {
				row := s.user("huge", n)
				s.equal(row.Get("huge"), n)
				s.roundTrips(row)
				s.usersWhere([]schema.Row{row}, database.Eq("huge", n))
			}
			s.usersWhere(nil, database.Eq("huge", int64(1<<53)))
		}},
		{"V04 32-bit numbers", func(s *scene) {
			for _, n := range []int64{math.MaxInt32, math.MinInt32} {
				s.roundTrips(s.user("rank", n))
			}
		}},
		{"V08 numbers at their limits are compared, sorted and added to", func(s *scene) {
			low, high := s.user("huge", int64(math.MinInt64)), s.user("huge", int64(math.MaxInt64-1))
			s.usersWhere([]schema.Row{low}, database.Compare("huge", database.Less, int64(math.MinInt64+1)))
			s.usersWhere([]schema.Row{high}, database.Compare("huge", database.Greater, int64(math.MaxInt64-2)))
			s.usersWhere([]schema.Row{low, high}, database.OneOf("huge", int64(math.MinInt64), int64(math.MaxInt64-1)))
			s.page("huge", 10, 0, []schema.Row{low, high})
			s.equal(s.increment(s.row(schema.UserKey), by("huge", 1), id(high)).Get("huge"), int64(math.MaxInt64))
			// One more does not fit: whatever the store answers, no other number appears.
			_, err := s.db.IncrementOne(s.ctx, s.row(schema.UserKey), by("huge", 1), id(high))
			s.refused(err)
			s.equal(s.must(s.query(schema.UserKey, id(high))).Get("huge"), int64(math.MaxInt64))
		}},
		{"V10 a number without a place in its column is refused or kept as it is", func(s *scene) {
			for field, numbers := range map[string][]any{
				"huge": {1e300, -1e300, 1e19, -1e19}, "rank": {1e300, -1e10, int64(math.MaxInt32 + 1), int64(math.MinInt64)},
			} {
				for _, n := range numbers {
					created, err := s.db.Create(s.ctx, s.fixture(schema.UserKey, field, n))
					if err != nil {
						continue
					}
					given, _ := s.row(schema.UserKey, field, n).Get(field).(float64)
					if whole, ok := n.(int64); ok {
						given = float64(whole)
					}
					kept, ok := created.Get(field).(float64)
					if whole, isWhole := created.Get(field).(int64); isWhole {
						kept, ok = float64(whole), true
					}
					if !ok || kept != given {
						s.Errorf("%v in %s became %v", n, field, created.Get(field))
					}
				}
			}
		}},
		{"V11 whole numbers are compared with those between and beyond them", func(s *scene) {
			one, two := s.user("huge", int64(1)), s.user("huge", int64(2))
			both := []schema.Row{one, two}
			s.usersWhere(nil, database.Eq("huge", 1.5))
			s.usersWhere(both, database.Compare("huge", database.NotEqual, 1.5))
			s.usersWhere([]schema.Row{one}, database.Compare("huge", database.Less, 1.5))
			s.usersWhere([]schema.Row{one}, database.Compare("huge", database.LessOrEqual, 1.5))
			s.usersWhere([]schema.Row{two}, database.Compare("huge", database.Greater, 1.5))
			s.usersWhere([]schema.Row{two}, database.Compare("huge", database.GreaterOrEqual, 1.5))
			s.usersWhere([]schema.Row{two}, database.OneOf("huge", 1.5, 2.0, 1e300))
			s.usersWhere(both, database.Compare("huge", database.Less, 1e300))
			s.usersWhere(nil, database.Compare("huge", database.Less, -1e300))
			s.usersWhere(both, database.Compare("huge", database.Greater, -1e300))
			s.usersWhere(nil, database.Compare("huge", database.GreaterOrEqual, 1e300))
			s.usersWhere(nil, database.Eq("huge", -1e300))
		}},
		{"V05 booleans, and null as a third", func(s *scene) {
			yes, no, unknown := s.user("flag", true), s.user("flag", false), s.user("flag", nil)
			s.usersWhere([]schema.Row{yes}, database.Eq("flag", true))
			s.usersWhere([]schema.Row{no}, database.Eq("flag", false))
			s.usersWhere([]schema.Row{unknown}, database.Eq("flag", nil))
		}},
		{"V09 times are compared as times, whatever zone they are given in", func(s *scene) {
			west, east := time.FixedZone("", -11*3600), time.FixedZone("", 13*3600)
			at := time.Date(2026, 3, 29, 1, 59, 59, 999e6, time.UTC)
			before, after := s.user("birthday", at.In(east)), s.user("birthday", at.Add(time.Millisecond).In(west))
			s.usersWhere([]schema.Row{before}, database.Eq("birthday", at.In(west)))
			s.usersWhere([]schema.Row{after}, database.Compare("birthday", database.Greater, at.In(east)))
			s.usersWhere([]schema.Row{before}, database.Compare("birthday", database.Less, at.Add(time.Millisecond).In(east)))
			s.usersWhere([]schema.Row{before, after}, database.OneOf("birthday", at.In(east), at.Add(time.Millisecond)))
			s.page("birthday", 10, 0, []schema.Row{before, after}, database.Compare("birthday", database.NotEqual, nil))
			moved := s.update(s.row(schema.UserKey, "birthday", at.Add(123*time.Microsecond).In(west)), id(after))
			s.equal(moved.Get("birthday"), at)
		}},
		{"V06 what was read cannot change what is stored", func(s *scene) {
			row := s.insert("thing")
			first := s.must(s.query("thing", id(row)))
			first.Get("words").([]string)[0] = "changed"
			first.Get("numbers").([]float64)[0] = 99
			first.Get("document").(json.RawMessage)[2] = 'X'
			s.same(s.must(s.query("thing", id(row))).Row, s.fixture("thing", "id", row.ID()))
		}},
		{"V07 what was written can be changed afterwards", func(s *scene) {
			words := []string{"1", "2", "3"}
			row := s.insert("thing", "words", words)
			words[0] = "changed"
			s.same(s.must(s.query("thing", id(row))).Row, s.fixture("thing", "id", row.ID()))
		}},
	}
}
