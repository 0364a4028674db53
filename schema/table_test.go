package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/schema"
)

func compile(t testing.TB, d schema.Definition) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(d)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return s
}

func names(t *schema.Table) []string {
	var list []string
	for _, f := range t.Fields {
		list = append(list, f.Name)
	}
	return list
}

func keys(s *schema.Schema) []string {
	var list []string
	for _, t := range s.Tables {
		list = append(list, t.Key)
	}
	return list
}

func TestCompileMergesInOrder(t *testing.T) {
	t.Parallel()
	s := compile(t, schema.Definition{
		Models: []schema.Model{{Key: "user", Fields: []schema.Field{{Name: "name"}, {Name: "email", Unique: true}}}, {Key: "session"}},
		Plugins: []schema.Model{
			{Key: "passkey", Fields: []schema.Field{{Name: "key"}}},
			{Key: "user", Fields: []schema.Field{{Name: "role", Optional: true}, {Name: "banned", Type: schema.Boolean, Optional: true}}},
			{Key: "user", Fields: []schema.Field{{Name: "role", Optional: true, Default: "user"}}},
		},
		Additional: map[string][]schema.Field{
			"user":    {{Name: "plan"}, {Name: "banned", Type: schema.Boolean}},
			"passkey": {{Name: "label"}},
		},
	})
	if d := cmp.Diff([]string{"user", "session", "passkey"}, keys(s)); d != "" {
		t.Errorf("tables: %s", d)
	}
	if d := cmp.Diff([]string{"id", "name", "email", "role", "banned", "plan"}, names(s.Table("user"))); d != "" {
		t.Errorf("user: %s", d)
	}
	if role := s.Table("user").Field("role"); !role.Optional || role.Default != "user" {
		t.Errorf("the later plugin does not win: %+v", role)
	}
	if banned := s.Table("user").Field("banned"); banned.Type != schema.Boolean || banned.Optional {
		t.Errorf("the application does not win, or attributes are mixed: %+v", banned)
	}
	if d := cmp.Diff([]string{"id", "key", "label"}, names(s.Table("passkey"))); d != "" {
		t.Errorf("passkey: %s", d)
	}
}

func TestCompileOfTheCoreModelsMatchesTheirPositions(t *testing.T) {
	t.Parallel()
	s := compile(t, schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel(), schema.RateLimitModel(),
	}})
	for _, want := range []struct {
		model, field string
		position     int
	}{
		{"user", "id", schema.UserID},
		{"user", "email", schema.UserEmail},
		{"user", "updatedAt", schema.UserUpdatedAt},
		{"session", "token", schema.SessionToken},
		{"session", "userId", schema.SessionUserID},
		{"account", "providerId", schema.AccountProviderID},
		{"account", "password", schema.AccountPassword},
		{"account", "updatedAt", schema.AccountUpdatedAt},
		{"verification", "value", schema.VerificationValue},
		{"verification", "updatedAt", schema.VerificationUpdatedAt},
		{"rateLimit", "key", schema.RateLimitKeyField},
		{"rateLimit", "lastRequest", schema.RateLimitLastRequest},
	} {
		if got := s.Table(want.model).Position(want.field); got != want.position {
			t.Errorf("%s.%s is at %d, want %d", want.model, want.field, got, want.position)
		}
	}
	for key, n := range map[string]int{
		"user": schema.UserCoreFields, "session": schema.SessionCoreFields, "account": schema.AccountCoreFields, "verification": schema.VerificationCoreFields,
	} {
		if got := len(s.Table(key).Fields); got != n {
			t.Errorf("%s has %d fields, want %d", key, got, n)
		}
	}
}

func TestCompileAppliesNames(t *testing.T) {
	t.Parallel()
	definition := schema.Definition{
		Models: []schema.Model{
			{Key: "user", Table: "people", Fields: []schema.Field{{Name: "email"}, {Name: "name", Column: "full_name"}}},
			{Key: "account"},
			{Key: "session"},
		},
		Plugins: []schema.Model{{Key: "user", Table: "ignored"}, {Key: "jwks", Table: "keys"}, {Key: "jwks"}},
		Renames: map[string]schema.Rename{
			"user":    {Table: "account", Columns: map[string]string{"email": "email_address", "name": ""}},
			"account": {Table: "identity"},
			"session": {},
		},
	}
	tables := func(s *schema.Schema) map[string]string {
		m := map[string]string{}
		for _, t := range s.Tables {
			m[t.Key] = t.Name
		}
		return m
	}
	s := compile(t, definition)
	if d := cmp.Diff(map[string]string{"user": "account", "account": "identity", "session": "session", "jwks": "keys"}, tables(s)); d != "" {
		t.Error(d)
	}
	user := s.Table("user")
	if user.Field("email").Column != "email_address" || user.Field("name").Column != "full_name" || user.Field("id").Column != "id" {
		t.Errorf("columns: %+v", user.Fields)
	}
	if s.Table("account").Name != "identity" || s.Table("identity") != nil {
		t.Error("a key must win over the table name of another model")
	}

	definition.PluralNames = true
	if d := cmp.Diff(map[string]string{"user": "accounts", "account": "identitys", "session": "sessions", "jwks": "keyss"}, tables(compile(t, definition))); d != "" {
		t.Error(d)
	}
}

func TestPositionPrefersTheLogicalName(t *testing.T) {
	t.Parallel()
	s := compile(t, schema.Definition{Models: []schema.Model{{Key: "m", Fields: []schema.Field{
		{Name: "a", Column: "b"}, {Name: "b", Column: "c"}, {Name: "d"},
	}}}})
	table := s.Table("m")
	for name, want := range map[string]int{"id": 0, "a": 1, "b": 2, "c": 2, "d": 3, "e": -1, "": -1, "A": -1} {
		if got := table.Position(name); got != want {
			t.Errorf("%q is at %d, want %d", name, got, want)
		}
	}
	if table.Field("nothing") != nil || table.Field("c").Name != "b" {
		t.Error("Field does not agree with Position")
	}
}

func TestCompileMergesEqualIndexesOnce(t *testing.T) {
	t.Parallel()
	index := schema.Index{Fields: []string{"a", "b"}, Unique: true}
	fields := []schema.Field{{Name: "a"}, {Name: "b"}}
	s := compile(t, schema.Definition{
		Models:  []schema.Model{{Key: "m", Fields: fields, Indexes: []schema.Index{index}}},
		Plugins: []schema.Model{{Key: "m", Indexes: []schema.Index{index, {Fields: []string{"b"}}}, Unmanaged: true}},
	})
	if got := s.Table("m").Indexes; len(got) != 2 {
		t.Errorf("got %d indexes, want 2: %v", len(got), got)
	}
	if !s.Table("m").Unmanaged {
		t.Error("a later model does not make the table unmanaged")
	}
}

func TestCompileDoesNotChangeItsDefinition(t *testing.T) {
	t.Parallel()
	d := schema.Definition{
		Models:  []schema.Model{schema.UserModel()},
		Renames: map[string]schema.Rename{"user": {Columns: map[string]string{"email": "mail"}}},
	}
	compile(t, d)
	if slices.ContainsFunc(d.Models[0].Fields, func(f schema.Field) bool { return f.Column != "" }) {
		t.Error("the fields of the definition have changed")
	}
}

func TestReferencesAcrossModels(t *testing.T) {
	t.Parallel()
	s := compile(t, schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(),
		{Key: "contact", Fields: []schema.Field{
			{Name: "mail", References: &schema.Reference{Model: "user", Field: "email"}},
			{Name: "order", References: &schema.Reference{Model: "orders_of_the_application", Field: "number", Application: true}},
			{Name: "later", References: &schema.Reference{Model: "zebra"}},
		}},
		{Key: "zebra"},
	}})
	if !s.Table("session").Field("userId").IsForeignID() || !s.Table("contact").Field("later").IsForeignID() {
		t.Error("a reference to an id is not seen as one")
	}
	if s.Table("contact").Field("mail").IsForeignID() || s.Table("user").Field("email").IsForeignID() {
		t.Error("another field is seen as a foreign id")
	}
}

func TestCompileListsEveryProblem(t *testing.T) {
	t.Parallel()
	ref := func(r schema.Reference) schema.Field { return schema.Field{Name: "r", References: &r} }
	many := make([]string, 17)
	for i := range many {
		many[i] = "a"
	}
	model := func(f ...schema.Field) []schema.Model { return []schema.Model{{Key: "m", Fields: f}} }
	user := schema.UserModel()
	tests := []struct {
		name    string
		d       schema.Definition
		problem string
	}{
		{"no key", schema.Definition{Models: []schema.Model{{}}}, "which is empty"},
		{"field without a name", schema.Definition{Models: model(schema.Field{})}, `a field named ""`},
		{"field named id", schema.Definition{Models: model(schema.Field{Name: "id"})}, `a field named "id"`},
		{"unknown type", schema.Definition{Models: model(schema.Field{Name: "a", Type: "text"})}, `unknown type "text"`},
		{"additional for nothing", schema.Definition{Additional: map[string][]schema.Field{"x": {{Name: "a"}}}}, `unknown model "x"`},
		{"additional like a built-in field", schema.Definition{Models: []schema.Model{user}, Additional: map[string][]schema.Field{"user": {{Name: "email"}}}}, "built-in"},
		{"rename of nothing", schema.Definition{Renames: map[string]schema.Rename{"x": {Table: "y"}}}, `unknown model "x"`},
		{"rename of no field", schema.Definition{Models: model(), Renames: map[string]schema.Rename{"m": {Columns: map[string]string{"x": "y"}}}}, `unknown field "x"`},
		{"rename of the id", schema.Definition{Models: model(), Renames: map[string]schema.Rename{"m": {Columns: map[string]string{"id": "y"}}}}, `unknown field "id"`},
		{"two fields in a column", schema.Definition{Models: model(schema.Field{Name: "a"}, schema.Field{Name: "b", Column: "A"})}, `same column "A"`},
		{"two models in a table", schema.Definition{Models: []schema.Model{{Key: "m"}, {Key: "n", Table: "m"}}}, `same table "m"`},
		{"two models in tables that differ in case only", schema.Definition{Models: []schema.Model{{Key: "m"}, {Key: "n", Table: "M"}}}, `models "m" and "n" have the same table "M"`},
		{"a model renamed onto another", schema.Definition{Models: []schema.Model{user, {Key: "m"}}, Renames: map[string]schema.Rename{"user": {Table: "m"}}}, `models "user" and "m" have the same table "m"`},
		{"a model renamed onto another's plural", schema.Definition{Models: []schema.Model{{Key: "m"}, {Key: "n", Table: "m"}}, PluralNames: true}, `models "m" and "n" have the same table "ms"`},
		{"a column renamed onto another", schema.Definition{Models: []schema.Model{user}, Renames: map[string]schema.Rename{"user": {Columns: map[string]string{"name": "Email"}}}}, `fields "name" and "email" of model "user" have the same column "email"`},
		{"two plugins that disagree", schema.Definition{Plugins: []schema.Model{
			{Key: "m", Owner: "first", Fields: []schema.Field{{Name: "a"}}},
			{Key: "m", Owner: "second", Fields: []schema.Field{{Name: "a", Type: schema.Number}}},
		}}, `field "a" of model "m" is declared by plugin "first" and, with the type number instead of string, by plugin "second"`},
		{"two plugins that disagree about access", schema.Definition{Plugins: []schema.Model{
			{Key: "m", Owner: "first", Fields: []schema.Field{{Name: "a", NoInput: true}}},
			{Key: "m", Owner: "second", Fields: []schema.Field{{Name: "a"}}},
		}}, `other access`},
		{"a plugin that changes a built-in field", schema.Definition{Models: []schema.Model{user}, Plugins: []schema.Model{
			{Key: "user", Owner: "odd", Fields: []schema.Field{{Name: "email", Optional: true}}},
		}}, `declared by the library and, with other constraints, by plugin "odd"`},
		{"another type for a plugin's field", schema.Definition{
			Plugins:    []schema.Model{{Key: "m", Owner: "first", Fields: []schema.Field{{Name: "a", Type: schema.Date}}}},
			Additional: map[string][]schema.Field{"m": {{Name: "a"}}},
		}, `declared by plugin "first" and, with the type string instead of date, by the application`},
		{"reference to no model", schema.Definition{Models: model(ref(schema.Reference{Model: "users"}))}, `field "r" of model "m" references the unknown model "users"`},
		{"field with a name of JavaScript", schema.Definition{Models: model(schema.Field{Name: "__proto__"})}, `named "__proto__", which means something else`},
		{"model with a reserved name", schema.Definition{Plugins: []schema.Model{{Key: "constructor", Owner: "odd"}}}, `plugin "odd" declares a model named "constructor"`},
		{"table with a control character", schema.Definition{Models: []schema.Model{{Key: "m", Table: "a\x00b"}}}, `the table name "a\x00b" of model "m"`},
		{"field with a control character", schema.Definition{Models: model(schema.Field{Name: "a\nb"})}, "control character"},
		{"column with NUL", schema.Definition{Models: model(schema.Field{Name: "a", Column: "a\x00b"})}, "NUL"},
		{"values of a number", schema.Definition{Models: model(schema.Field{Name: "a", Type: schema.Number, Values: []string{"1"}})}, "lists values"},
		{"null where it cannot be", schema.Definition{Models: model(ref(schema.Reference{Model: "m", OnDelete: schema.SetNull}))}, "not optional"},
		{"unknown action", schema.Definition{Models: model(ref(schema.Reference{Model: "m", OnDelete: "explode"}))}, `action "explode"`},
		{"reference to nothing", schema.Definition{Models: model(ref(schema.Reference{}))}, "references no model"},
		{"reference to no field", schema.Definition{Models: model(ref(schema.Reference{Model: "m", Field: "x"}))}, `unknown field "x" of model "m"`},
		{"reference by column", schema.Definition{Models: append(model(ref(schema.Reference{Model: "n", Field: "col"})), schema.Model{Key: "n", Fields: []schema.Field{{Name: "f", Column: "col", Unique: true}}})}, `unknown field "col"`},
		{"reference to what is not unique", schema.Definition{Models: append(model(ref(schema.Reference{Model: "user", Field: "name"})), user)}, "not unique"},
		{"index of nothing", schema.Definition{Models: []schema.Model{{Key: "m", Indexes: []schema.Index{{}}}}}, "has 0 fields"},
		{"index of too much", schema.Definition{Models: []schema.Model{{Key: "m", Fields: []schema.Field{{Name: "a"}}, Indexes: []schema.Index{{Fields: many}}}}}, "has 17 fields"},
		{"index of no field", schema.Definition{Models: []schema.Model{{Key: "m", Indexes: []schema.Index{{Fields: []string{"x"}}}}}}, `unknown field "x"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := schema.Compile(test.d)
			if err == nil || s != nil {
				t.Fatal("got no error, or a schema with it")
			}
			if !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%q does not say %q", err, test.problem)
			}
		})
	}

	_, err := schema.Compile(schema.Definition{
		Models:     append(model(schema.Field{Name: "a", Type: "text"}, schema.Field{}), user),
		Additional: map[string][]schema.Field{"user": {{Name: "email"}, {Name: "name"}, {Name: "ok"}}, "x": nil},
		Renames:    map[string]schema.Rename{"y": {}},
	})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, problem := range []string{`"text"`, `named ""`, `"email"`, `"name"`, `"x"`, `"y"`} {
		if !strings.Contains(err.Error(), problem) {
			t.Errorf("the error does not mention %s:\n%v", problem, err)
		}
	}
}

func TestIDStrategiesOfModels(t *testing.T) {
	t.Parallel()
	d := schema.Definition{
		Models: []schema.Model{schema.UserModel(), schema.SessionModel(), schema.AccountModel()},
		IDs:    schema.UUIDs, ModelIDs: map[string]schema.IDStrategy{schema.UserKey: schema.SerialIDs},
	}
	s, err := schema.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	sessions := s.Table(schema.SessionKey)
	if s.Table(schema.UserKey).IDs != schema.SerialIDs || sessions.IDs != schema.UUIDs {
		t.Errorf("users have %q, sessions %q", s.Table(schema.UserKey).IDs, sessions.IDs)
	}
	if own, other := sessions.Field("id").IDStrategy(), sessions.Field("userId").IDStrategy(); own != schema.UUIDs || other != schema.SerialIDs {
		t.Errorf("a session's own id is %q, that of its user %q", own, other)
	}
	d.IDs, d.ModelIDs = "hex", map[string]schema.IDStrategy{"users": schema.UUIDs}
	_, err = schema.Compile(d)
	for _, want := range []string{`an id strategy is given for the unknown model "users"; there are account, session, user`, `model "session" has the unknown id strategy "hex"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
