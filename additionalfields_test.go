package ostiary_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/genericoauth"
	"github.com/ostiary/ostiary/schema"
)

// withManyFields declares a field for every type and attribute.
func withManyFields(_ *server, o *ostiary.Options) {
	o.User.Fields = []schema.Field{
		{Name: "age", Type: schema.Number, Optional: true},
		{Name: "quota", Type: schema.Number, BigInt: true, Optional: true},
		{Name: "staff", Type: schema.Boolean, Optional: true},
		{Name: "born", Type: schema.Date, Optional: true},
		{Name: "tags", Type: schema.StringArray, Optional: true},
		{Name: "scores", Type: schema.NumberArray, Optional: true},
		{Name: "settings", Type: schema.JSON, Optional: true},
		{Name: "plan", Values: []string{"free", "pro"}, Default: "free"},
		{Name: "level", Type: schema.Number, Default: func() any { return 7 }, Index: true},
		{Name: "joined", Type: schema.Date, Default: schema.Now},
		{Name: "badge", Column: "badge_no", Unique: true, Optional: true},
		{Name: "country"}, // required
		{Name: "role", Default: "user", NoInput: true},
		{Name: "credit", Type: schema.Number, NoInput: true, Optional: true},
		{Name: "note", Hidden: true, Optional: true},
		{Name: "phone", Optional: true, Validate: func(value any) (any, error) {
			text, _ := value.(string)
			if !strings.HasPrefix(text, "+") {
				return nil, errors.New("a phone number begins with +")
			}
			return strings.ReplaceAll(text, " ", ""), nil
		}},
		{
			Name: "motto", Optional: true,
			Encode: func(value any) (any, error) {
				if text, isText := value.(string); isText {
					value = "stored:" + text
				}
				return value, nil
			},
			Decode: func(value any) (any, error) {
				if text, isText := value.(string); isText {
					value = strings.TrimPrefix(text, "stored:")
				}
				return value, nil
			},
		},
		{Name: "changes", Type: schema.Number, Default: 0, NoInput: true, OnUpdate: func() any { return 1 }},
		{Name: "mentor", Optional: true, References: &schema.Reference{Model: schema.UserKey, OnDelete: schema.SetNull}},
		{Name: "patron", Optional: true, References: &schema.Reference{Model: schema.UserKey, OnDelete: schema.Cascade}},
	}
	o.Session.Fields = []schema.Field{
		{Name: "place", Default: "earth"}, {Name: "seats", Type: schema.NumberArray, Optional: true}, {Name: "trace", Hidden: true, Default: "t"},
	}
	o.Account.Fields = []schema.Field{{Name: "label", Default: "main"}, {Name: "weight", Type: schema.Number, Optional: true, BigInt: true}}
	o.Verification.Fields = []schema.Field{{Name: "source", Default: "web"}, {Name: "data", Type: schema.JSON, Optional: true}}
}

// What a client sends for a field of a user, and what it then gets.
var fieldCases = []struct {
	name, field, sent string
	got               string // by get-session, JSON; "" for no such member
	refused           string // the code, instead
}{
	{name: "a number", field: "age", sent: `41`, got: `41`},
	{name: "a number as text", field: "age", sent: `"41"`, got: `41`},
	{name: "a negative number", field: "age", sent: `-7`, got: `-7`},
	{name: "no number", field: "age", sent: `[41]`, refused: "VALIDATION_ERROR"},
	{name: "null", field: "age", sent: `null`, got: `null`},
	{name: "a big number", field: "quota", sent: `4503599627370497`, got: `4503599627370497`},
	{name: "true", field: "staff", sent: `true`, got: `true`},
	{name: "false", field: "staff", sent: `false`, got: `false`},
	{name: "a date of another time zone", field: "born", sent: `"1985-12-10T13:22:33.444+02:00"`, got: `"1985-12-10T11:22:33.444Z"`},
	{name: "no date", field: "born", sent: `"soon"`, refused: "VALIDATION_ERROR"},
	{name: "a list", field: "tags", sent: `["a","ö, \"🦉\"",""]`, got: `["a","ö, \"🦉\"",""]`},
	{name: "an empty list", field: "tags", sent: `[]`, got: `[]`},
	{name: "no list", field: "tags", sent: `"a"`, refused: "VALIDATION_ERROR"},
	{name: "a list of numbers", field: "scores", sent: `[1,-2.5,9007199254740991]`, got: `[1,-2.5,9007199254740991]`},
	{name: "a list with text for numbers", field: "scores", sent: `["x"]`, refused: "VALIDATION_ERROR"},
	{name: "an object", field: "settings", sent: `{"a":{"b":[1,null,"x"]}}`, got: `{"a":{"b":[1,null,"x"]}}`},
	{name: "JSON that is a list", field: "settings", sent: `[1,{"a":2}]`, got: `[1,{"a":2}]`},
	{name: "JSON that is text", field: "settings", sent: `"dark"`, got: `"dark"`},
	{name: "a value of the enumeration", field: "plan", sent: `"pro"`, got: `"pro"`},
	{name: "another value", field: "plan", sent: `"gold"`, refused: "VALIDATION_ERROR"},
	{name: "text of four-byte letters", field: "country", sent: `"🦉🦉"`, got: `"🦉🦉"`},
	{name: "a field with another column", field: "badge", sent: `"b-17"`, got: `"b-17"`},
	{name: "a hidden field", field: "note", sent: `"secret"`},
	{name: "a valid value", field: "phone", sent: `"+49 30 1"`, got: `"+49301"`},
	{name: "an invalid value", field: "phone", sent: `"030 1"`, refused: "VALIDATION_ERROR"},
	{name: "an encoded value", field: "motto", sent: `"veni"`, got: `"veni"`},
	{name: "a field that does not exist", field: "nobody", sent: `"x"`},
}

func TestAdditionalFieldsOfUsers(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withManyFields)
		for i, test := range fieldCases {
			email := fmt.Sprintf("user%d@example.com", i)
			send := fields{"name": "Ada", "email": email, "password": goodPassword, "country": "GB"}
			value := json.RawMessage(test.sent)

			// At sign-up, with a taken unique value made free by another name.
			send[test.field] = value
			c := s.client()
			answer := c.post("/sign-up/email", send)
			if test.refused != "" {
				if answer.status != http.StatusBadRequest || answer.code() != test.refused {
					t.Errorf("%s, at sign-up: %v", test.name, answer)
				}
				delete(send, test.field)
				answer = c.post("/sign-up/email", send)
			}
			answer.ok(t)
			if test.refused == "" {
				s.wantField(c, test.name+", at sign-up", test.field, test.got)
			}

			// And by an update, of the same user.
			answer = c.post("/update-user", fields{"name": "Ada L.", test.field: value})
			if test.refused != "" {
				if answer.status != http.StatusBadRequest || answer.code() != test.refused {
					t.Errorf("%s, by an update: %v", test.name, answer)
				}
				continue
			}
			answer.ok(t)
			s.wantField(c, test.name+", by an update", test.field, test.got)
		}
	})
}

// wantField compares a member of the user that get-session and every other answer
// with the user give.
func (s *server) wantField(c *client, name, field, want string) {
	s.t.Helper()
	var out struct{ User map[string]json.RawMessage }
	c.get("/get-session").ok(s.t).decode(s.t, &out)
	if diff := cmp.Diff(decoded(s.t, want), decoded(s.t, string(out.User[field]))); diff != "" {
		s.t.Errorf("%s: %s is not what is wanted (-):\n%s", name, field, diff)
	}
}

func decoded(t testing.TB, text string) any {
	t.Helper()
	if text == "" {
		return "absent"
	}
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestAttributesOfAdditionalFields(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withManyFields)
		signUp := func(email string, more fields) (*client, reply) {
			send := fields{"name": "Ada", "email": email, "password": goodPassword, "country": "GB"}
			for name, value := range more {
				send[name] = value
			}
			c := s.client()
			return c, c.post("/sign-up/email", send)
		}
		ada, answer := signUp("ada@example.com", fields{"badge": "one", "role": "admin", "changes": 9})
		answer.ok(t)
		for field, want := range map[string]string{
			"plan": `"free"`, "level": `7`, "joined": `"2026-03-01T12:00:00.000Z"`, "role": `"user"`, "changes": `0`, "age": `null`,
		} {
			s.wantField(ada, "defaults", field, want)
		}
		_, answer = signUp("required@example.com", fields{"country": nil})
		if answer.status == http.StatusOK {
			t.Errorf("a required field that is null: %v", answer)
		}
		s.client().post("/sign-up/email", fields{"name": "B", "email": "required@example.com", "password": goodPassword}).want(t, 400, "MISSING_FIELD")

		// input
		_, answer = signUp("refused@example.com", fields{"credit": 100})
		answer.want(t, 400, "FIELD_NOT_ALLOWED")
		ada.post("/update-user", fields{"role": "admin"}).want(t, 400, "FIELD_NOT_ALLOWED")

		// unique, in whatever column
		if _, answer = signUp("taken@example.com", fields{"badge": "one"}); answer.status < 400 || answer.status >= 500 {
			t.Errorf("a value that is taken, at sign-up: %v", answer)
		}
		bob, answer := signUp("bob@example.com", fields{"badge": "two", "note": "hidden"})
		answer.ok(t)
		bob.post("/update-user", fields{"badge": "one"}).want(t, 400, "FAILED_TO_UPDATE_USER")

		// onUpdate
		ada.post("/update-user", fields{"name": "Ada L."}).ok(t)
		s.wantField(ada, "on update", "changes", `1`)

		// hidden, but stored
		if note, _ := s.userByEmail("bob@example.com").Private["note"].(string); note != "hidden" {
			t.Errorf("the hidden field is %q", note)
		}

		// references
		eve, answer := signUp("eve@example.com", fields{"mentor": s.userByEmail("ada@example.com").ID})
		answer.ok(t)
		zoe, answer := signUp("zoe@example.com", fields{"patron": s.userByEmail("ada@example.com").ID})
		answer.ok(t)
		ada.post("/delete-user", fields{"password": goodPassword}).ok(t)
		s.wantField(eve, "of a mentor who is deleted", "mentor", `null`)
		if id := zoe.session(); id != nil {
			t.Errorf("a user whose patron is deleted is there: %+v", id.User)
		}
	})
}

func TestAdditionalFieldsOfSessionsAccountsAndVerifications(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withManyFields)
		c := s.client()
		c.post("/sign-up/email", fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword, "country": "GB"}).ok(t)
		c.post("/update-session", fields{"seats": []any{1, 2.5}}).ok(t)
		var out struct{ Session map[string]any }
		c.get("/get-session").ok(t).decode(t, &out)
		_, traced := out.Session["trace"]
		if diff := cmp.Diff([]any{1.0, 2.5}, out.Session["seats"]); diff != "" || out.Session["place"] != "earth" || traced {
			t.Errorf("the session is %v", out.Session)
		}

		k := s.Kernel()
		account := k.Accounts.Table().NewRow().Set("userId", s.userByEmail("ada@example.com").ID).
			Set("providerId", "acme").Set("accountId", "1").Set("weight", int64(1)<<52).Set("label", "second")
		if _, err := k.Accounts.Create(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		var accounts []map[string]any
		c.get("/list-accounts").ok(t).decode(t, &accounts)
		got := map[any][2]any{}
		for _, a := range accounts {
			got[a["providerId"]] = [2]any{a["label"], a["weight"]}
		}
		want := map[any][2]any{"credential": {"main", nil}, "acme": {"second", float64(1 << 52)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the accounts are (+):\n%s", diff)
		}

		c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		rows := s.rows(schema.VerificationKey)
		if len(rows) != 1 || rows[0].At(rows[0].Table().Position("source")) != "web" {
			t.Errorf("the verifications are %v", rows)
		}
	})
}

// A provider's profile fills additional fields, but none that are not open to input.
func TestProfilesFillAdditionalFields(t *testing.T) {
	t.Parallel()
	provider := httptest.NewServer(http.HandlerFunc(acme))
	t.Cleanup(provider.Close)
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withManyFields, func(_ *server, o *ostiary.Options) {
			o.Advanced.PrivateNetworks = []string{"127.0.0.0/8"}
			o.Plugins = []core.Plugin{genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{{
				ID: "acme", ClientID: "client", ClientSecret: "secret",
				AuthorizationURL: provider.URL + "/authorize", TokenURL: provider.URL + "/token", UserInfoURL: provider.URL + "/user",
				Settings: social.Settings{MapProfile: func(raw map[string]any, p *social.Profile) {
					p.Fields = map[string]any{
						"country": social.Text(raw, "name"), "plan": "pro", "role": "admin", "tags": []any{"new"},
						"born": "1985-12-10T11:22:33.444Z", "quota": 1 << 52, "settings": map[string]any{"theme": "dark"}, "unknown": 1,
					}
				}},
			}}})}
		})
		c := s.client()
		var out struct{ URL string }
		c.post("/sign-in/social", fields{"provider": "acme", "callbackURL": "/done"}).ok(t).decode(t, &out)
		to, err := url.Parse(out.URL)
		if err != nil {
			t.Fatal(err)
		}
		back := url.Values{"code": {"grace@example.com"}, "state": {to.Query().Get("state")}}
		if answer := c.get("/callback/acme?" + back.Encode()); answer.status != http.StatusFound || !strings.HasSuffix(answer.header.Get("Location"), "/done") {
			t.Fatalf("the callback answers %v, %v", answer, answer.header)
		}
		for field, want := range map[string]string{
			"country": `"Grace"`, "plan": `"pro"`, "role": `"user"`, "tags": `["new"]`, "born": `"1985-12-10T11:22:33.444Z"`,
			"quota": `4503599627370496`, "settings": `{"theme":"dark"}`, "unknown": "",
		} {
			s.wantField(c, "of the profile", field, want)
		}
	})
}
