package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/api"
)

func TestTimesHaveThreeFractionalDigitsAndNoZone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_999_999, time.FixedZone("x", 3600))
	text, err := json.Marshal(api.Time{Time: at})
	if err != nil || string(text) != `"2026-01-02T02:04:05.006Z"` {
		t.Errorf("Marshal gives %s, %v", text, err)
	}
	for _, bad := range []string{`5`, `""`, `"`, `"x"`, `"2026-13-01T00:00:00Z"`, `null`, `{}`, `"2026-01-02"`} {
		var got api.Time
		if err := got.UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s is read as %v", bad, got)
		}
	}
	if api.TimeOf(time.Time{}) != nil {
		t.Error("no time is a time")
	}
}

func TestUsersAndSessionsSurviveTheirJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	user := api.User{ID: "i\"<>&\u2028", Name: "N\x00\\", Email: "a@example.com", EmailVerified: true, Image: new("x"), CreatedAt: at, UpdatedAt: at, Extra: map[string]any{"z": 1.5, "a\"": []any{"x", nil, true}, "m": map[string]any{"k": "v"}}}
	session := api.Session{ID: "s", Token: "t", UserID: "u", ExpiresAt: at, CreatedAt: at, UpdatedAt: at, IPAddress: new(""), Extra: map[string]any{"é": "ü"}}
	var gotUser api.User
	var gotSession api.Session
	roundTrip(t, user, &gotUser)
	roundTrip(t, session, &gotSession)
	if diff := cmp.Diff(user, gotUser); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(session, gotSession); diff != "" {
		t.Error(diff)
	}
}

func roundTrip(t *testing.T, from json.Marshaler, to json.Unmarshaler) {
	t.Helper()
	text, err := from.MarshalJSON()
	if err != nil || !json.Valid(text) {
		t.Fatalf("%s: %v", text, err)
	}
	if err := to.UnmarshalJSON(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// FuzzUser looks for a text that makes reading a user panic, or that is read as
// a user whose own text is not read as the same.
func FuzzUser(f *testing.F) {
	for _, text := range []string{`{}`, `{"id":"x","name":"\u0000","image":null,"createdAt":"2026-01-02T03:04:05.006Z","extra":{"a":[1]}}`, `{"id":5}`, `[`, `{"a`, `{"id":"\ud800"}`, `null`, `{"":""}`, `{"email":}`, "{\"\xff\":\"\xfe\"}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var u api.User
		if u.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		out, err := u.MarshalJSON()
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q makes %q, %v", text, out, err)
		}
		var again api.User
		if err := again.UnmarshalJSON(out); err != nil {
			t.Fatalf("%q makes %q: %v", text, out, err)
		}
		if again.ID != u.ID || again.Email != u.Email || again.EmailVerified != u.EmailVerified {
			t.Errorf("%q is read as %+v, and its text as %+v", text, u, again)
		}
	})
}

func TestAnAccountShowsNoSecrets(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(api.Account{ID: "i", Extra: map[string]any{"id": "overridden", "plan": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got["id"] != "i" || got["plan"] != "x" || got["scopes"] == nil {
		t.Errorf("the account is %s", text)
	}
}
