package databasetest

import (
	"encoding/json"
	"strings"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// hostile are strings that mean something where strings are put together
// carelessly.
var hostile = []string{
	`' OR '1'='1`, `'; DROP TABLE user; --`, `"; DROP TABLE "user"; --`, "`", `\`, `\'`, `\\`, `''`, `"`, `%`, `_`, `[a-z]`, `*`, `?`, `.*`, `^$`,
	`$1`, `?1`, `:name`, `@p1`, `%s`, `{{.}}`, `${x}`, `/* */`, `--`, `#`, `;`, `NULL`, `null`, `true`, `0`, `007`, `1e5`, `-1`,
	`{"$ne":null}`, `{"$gt":""}`, `$where`, `id`, `2026-01-01T00:00:00.000Z`, `[]`, `{}`, `["a"]`, "line\nline\r\n\ttab", "\u2028", "\x7f",
	" leading", "trailing ", "  ", "İıſK", "e\u0301", "\u00e9", "\u202e", "\ufeff", "😀👩‍👩‍👧‍👦", "𝒳", "中文", "שלום",
}

// textCases are about what strings may contain.
func textCases() []testCase {
	return []testCase{
		{"T01 every string is only a value", func(s *scene) {
			for _, text := range hostile {
				row := s.user("name", text, "image", text)
				s.roundTrips(row)
				s.usersWhere([]schema.Row{row}, database.Eq("image", text))
				s.usersWhere([]schema.Row{row}, database.OneOf("image", text))
				s.usersWhere([]schema.Row{row}, id(row), database.Compare("image", database.Contains, text))
				s.usersWhere([]schema.Row{row}, id(row), database.Compare("image", database.StartsWith, text))
				s.usersWhere([]schema.Row{row}, id(row), database.Compare("image", database.EndsWith, text))
				s.usersWhere([]schema.Row{row}, id(row), database.Where{Field: "image", Operator: database.Contains, Value: text, Insensitive: true})
				s.equal(s.update(s.row(schema.UserKey, "role", text), database.Eq("image", text)).Get("role"), text)
				s.equal(s.deleteMany(schema.UserKey, database.Compare("image", database.NotEqual, text)), int64(0))
				s.equal(s.deleteMany(schema.UserKey, database.Eq("image", text)), int64(1))
			}
		}},
		{"T02 every string is only an id", func(s *scene) {
			user := s.user()
			for _, text := range hostile {
				s.equal(s.find(s.query(schema.UserKey, database.Eq("id", text))) == nil, true)
				s.equal(s.deleteMany(schema.UserKey, database.Eq("id", text)), int64(0))
			}
			s.usersWhere([]schema.Row{user})
		}},
		{"T03 no string is a pattern", func(s *scene) {
			plain := s.user("image", "abc")
			for _, text := range hostile {
				s.usersWhere(nil, database.Compare("image", database.Contains, text))
			}
			s.usersWhere([]schema.Row{plain})
		}},
		{"T04 spaces and composition of letters count", func(s *scene) {
			s.user("email", "a@x.com", "name", "\u00e9")
			for _, other := range []string{"a@x.com ", " a@x.com", "e\u0301"} {
				s.usersWhere(nil, database.Eq("email", other))
				s.usersWhere(nil, database.Eq("name", other))
			}
		}},
		{"T05 long text", func(s *scene) {
			long := strings.Repeat("0123456789abcdeé", 1<<16)
			row := s.user("image", long)
			s.equal(row.Get("image") == long, true)
			s.equal(s.must(s.query(schema.UserKey, id(row))).Get("image") == long, true)
			s.equal(s.update(s.row(schema.UserKey, "image", long+"!"), id(row)).Get("image") == long+"!", true)
		}},
		{"T07 letters of four bytes are kept, found and counted as such", func(s *scene) {
			row := s.user("name", "\U0001F600\U00020BB7\U0001D4B3", "image", strings.Repeat("\U0001F600", 200))
			s.roundTrips(row)
			s.usersWhere([]schema.Row{row}, database.Compare("name", database.Contains, "\U00020BB7"))
			s.usersWhere([]schema.Row{row}, database.Compare("name", database.StartsWith, "\U0001F600"))
			s.usersWhere([]schema.Row{row}, database.Eq("image", strings.Repeat("\U0001F600", 200)))
			s.usersWhere(nil, database.Eq("name", "\U0001F601\U00020BB7\U0001D4B3"))
			_, err := s.db.Create(s.ctx, s.fixture(schema.UserKey, "email", "\U0001F600@x.com"))
			s.ok(err)
			_, err = s.db.Create(s.ctx, s.fixture(schema.UserKey, "email", "\U0001F601@x.com"))
			s.ok(err)
		}},
		{"T08 every string is only a value in a list, a list of fields and JSON", func(s *scene) {
			for _, text := range hostile {
				document, err := json.Marshal(map[string]string{text: text})
				s.ok(err)
				row := s.insert("thing", "words", []string{text, text}, "document", json.RawMessage(document))
				s.roundTrips(row)
				s.equal(s.deleteMany("thing", id(row)), int64(1))
			}
		}},
		{"T06 what is not text is refused or kept as it is", func(s *scene) {
			for _, odd := range []string{"a\x00b", "\x00", "a\xffb", "\xed\xa0\x80"} {
				row, err := s.db.Create(s.ctx, s.fixture(schema.UserKey, "image", odd))
				if err != nil {
					continue
				}
				s.equal(row.Get("image") == odd, true)
				s.equal(s.must(s.query(schema.UserKey, id(row))).Get("image") == odd, true)
				found, err := s.db.FindMany(s.ctx, s.query(schema.UserKey, database.Eq("image", "a")))
				s.ok(err)
				s.length(len(found), 0)
			}
		}},
	}
}
