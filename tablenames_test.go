package ostiary_test

import (
	"context"
	"database/sql"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

// Forms of ids, as clients see them.
var (
	textForm   = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
	uuidForm   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	serialForm = regexp.MustCompile(`^[1-9][0-9]*$`)
)

// storeLayouts are names and ids that an application can choose, with what is then
// seen in the database and by clients.
var storeLayouts = map[string]struct {
	set                    setting
	tables                 []string // user, session, account, verification
	users, sessions, other *regexp.Regexp
}{
	"custom names": {
		set: func(_ *server, o *ostiary.Options) {
			o.User.Table, o.User.Columns = "members", map[string]string{"email": "email_address", "name": "order"}
			o.Session.Table, o.Session.Columns = "logins", map[string]string{"userId": "member_id", "token": "secret"}
			o.Account.Table, o.Account.Columns = "ways in", map[string]string{"password": "hash", "userId": "member_id"}
			o.Verification.Table = "codes"
		},
		tables: []string{"members", "logins", "ways in", "codes"}, users: textForm, sessions: textForm, other: textForm,
	},
	"a model that has the name of another one's table": {
		set: func(_ *server, o *ostiary.Options) {
			o.User.Table, o.Account.Table = "account", "identity"
		},
		tables: []string{"account", "session", "identity", "verification"}, users: textForm, sessions: textForm, other: textForm,
	},
	"plural names": {
		set: func(_ *server, o *ostiary.Options) {
			o.PluralTables, o.User.Table = true, "member"
		},
		tables: []string{"members", "sessions", "accounts", "verifications"}, users: textForm, sessions: textForm, other: textForm,
	},
	"UUIDs":      {set: func(_ *server, o *ostiary.Options) { o.IDs = schema.UUIDs }, users: uuidForm, sessions: uuidForm, other: uuidForm},
	"serial ids": {set: func(_ *server, o *ostiary.Options) { o.IDs = schema.SerialIDs }, users: serialForm, sessions: serialForm, other: serialForm},
	"ids by model": {
		set: func(_ *server, o *ostiary.Options) {
			o.ModelIDs = map[string]schema.IDStrategy{schema.UserKey: schema.SerialIDs, schema.SessionKey: schema.UUIDs}
		},
		users: serialForm, sessions: uuidForm, other: textForm,
	},
	"text ids for users under serial ones": {
		set: func(_ *server, o *ostiary.Options) {
			o.IDs, o.ModelIDs = schema.SerialIDs, map[string]schema.IDStrategy{schema.UserKey: schema.TextIDs}
		},
		users: textForm, sessions: serialForm, other: serialForm,
	},
	"ids of a function": {
		set: func(_ *server, o *ostiary.Options) {
			next := 0
			o.GenerateID = func(model string) string {
				next++
				return model + "-" + string(rune('a'+next))
			}
		},
		users: regexp.MustCompile(`^user-.$`), sessions: regexp.MustCompile(`^session-.$`), other: regexp.MustCompile(`^account-.$`),
	},
}

func TestNamesAndIDsOfTheApplication(t *testing.T) {
	t.Parallel()
	for name, layout := range storeLayouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, open := range rawDatabases {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					a, db := open(t)
					s := newServer(t, layout.set, func(_ *server, o *ostiary.Options) { o.Database = a })
					c := s.signUp("ada@example.com")
					used := layout.tables
					if used == nil {
						used = []string{"user", "session", "account", "verification"}
					}
					for _, table := range used {
						var rows int
						if err := db.QueryRowContext(t.Context(), `select count(*) from "`+table+`"`).Scan(&rows); err != nil {
							t.Error(err)
						}
					}
					s.ownIDs(c, layout.users, layout.sessions, layout.other)
					s.everydayLife(c)
				})
			}
		})
	}
}

// ownIDs: ids are strings of a form, and references are the ids of what they mean.
func (s *server) ownIDs(c *client, users, sessions, accounts *regexp.Regexp) {
	t := s.t
	t.Helper()
	var out struct{ User, Session map[string]any }
	c.get("/get-session").ok(t).decode(t, &out)
	user, _ := out.User["id"].(string)
	session, _ := out.Session["id"].(string)
	if !users.MatchString(user) || !sessions.MatchString(session) || out.Session["userId"] != user {
		t.Errorf("ids of user and session: %q, %q of %q", user, session, out.Session["userId"])
	}
	var list []map[string]any
	c.get("/list-accounts").ok(t).decode(t, &list)
	account := ""
	if len(list) == 1 {
		account, _ = list[0]["id"].(string)
	}
	if !accounts.MatchString(account) || list[0]["userId"] != user || list[0]["accountId"] != user {
		t.Errorf("accounts of %s: %v", user, list)
	}
	found, err := s.Kernel().DB.FindMany(t.Context(), database.Query{
		Table: s.Kernel().DB.Table(schema.UserKey),
		Where: []database.Where{{Field: "id", Operator: database.In, Value: []any{user, "100000"}}},
	})
	if err != nil || len(found) != 1 {
		t.Errorf("found by id: %v, %v", found, err)
	}
}

// everydayLife runs through what users do.
func (s *server) everydayLife(c *client) {
	t := s.t
	t.Helper()
	if in := s.client().signIn("ada@example.com", goodPassword); in.status != 200 {
		t.Fatalf("sign-in: %v", in)
	}
	c.post("/update-user", fields{"name": "Ada L."}).ok(t)
	var sessions []map[string]any
	c.get("/list-sessions").ok(t).decode(t, &sessions)
	if len(sessions) != 2 {
		t.Errorf("%d sessions", len(sessions))
	}
	c.post("/revoke-other-sessions", nil).ok(t)
	c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
	c.post("/reset-password", fields{"token": s.mails.last(t, "reset").token, "newPassword": goodPassword + "!"}).ok(t)
	again := s.client()
	again.signIn("ada@example.com", goodPassword+"!").ok(t)
	if id := again.session(); id == nil || id.User.Name != "Ada L." {
		t.Fatalf("signed in as %+v", id)
	}
	again.post("/delete-user", fields{"password": goodPassword + "!"}).ok(t)
	s.wantRows(0, 0, 0)
	s.signUp("ada@example.com")
}

// The tables are where the search path leads, and nothing is in "public".
func TestPostgreSQLSearchPath(t *testing.T) {
	t.Parallel()
	dsn := testservice.Postgres(t)
	db := rawDatabase(t, "pgx", dsn)
	execute(t, db, `create schema "auth"`, `create table public."user" ("id" integer)`) // which is somebody else's
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("search_path", "auth")
	address.RawQuery = query.Encode()
	for name, open := range map[string]func() (database.Adapter, error){
		"by URL":    func() (database.Adapter, error) { return postgres.Open(address.String()) },
		"by option": func() (database.Adapter, error) { return postgres.OpenWith(postgres.Options{URL: dsn, Schema: "auth"}) },
	} {
		s := newServer(t, func(_ *server, o *ostiary.Options) { o.Database = opened(t, open) })
		s.everydayLife(s.signUp("ada@example.com"))
		if got := tablesIn(t, db, "auth"); !slices.Equal(got, []string{"account", "session", "user", "verification"}) {
			t.Errorf("%s, the schema has the tables %v", name, got)
		}
		if got := tablesIn(t, db, "public"); !slices.Equal(got, []string{"user"}) {
			t.Errorf("%s, public has the tables %v", name, got)
		}
		s.client().signIn("ada@example.com", goodPassword).ok(t)
		if err := s.Kernel().Users.Delete(context.Background(), s.userByEmail("ada@example.com").ID); err != nil {
			t.Fatal(err)
		}
	}
}

func tablesIn(t *testing.T, db *sql.DB, name string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `select table_name from information_schema.tables where table_schema = $1 order by table_name`, name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return tables
}
