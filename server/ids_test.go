package server

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/server/internal/configfile"
)

func TestEachModelHasIDsOfItsOwn(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Advanced = parse(t, "advanced: {database: {generateId: uuid, modelIds: {user: serial, session: random}}}").Advanced
	})
	status, header, body := s.signUp("ada@example.com")
	if status != 200 {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	_, _, session := s.do("GET", "/api/auth/get-session", "", "Cookie", cookie)
	_, _, accounts := s.do("GET", "/api/auth/list-accounts", "", "Cookie", cookie)
	var got struct{ User, Session struct{ ID, UserID string } }
	var linked []struct{ ID, UserID string }
	if err := json.Unmarshal([]byte(session), &got); err != nil {
		t.Fatalf("%s: %v", session, err)
	}
	if err := json.Unmarshal([]byte(accounts), &linked); err != nil || len(linked) != 1 {
		t.Fatalf("%s: %v", accounts, err)
	}
	for what, form := range map[string]struct{ id, want string }{
		"user": {got.User.ID, `^[0-9]+$`}, "user of the session": {got.Session.UserID, `^[0-9]+$`}, "user of the account": {linked[0].UserID, `^[0-9]+$`},
		"session": {got.Session.ID, `^[A-Za-z0-9]{32}$`}, "account": {linked[0].ID, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`},
	} {
		if !regexp.MustCompile(form.want).MatchString(form.id) {
			t.Errorf("%s has the id %q, want %s", what, form.id, form.want)
		}
	}
}

func TestWrongIDsOfModelsNameTheirKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{user: {}}":            "ostiary.yaml:1: advanced.database.modelIds.user: expected random, uuid, serial or false",
		"{session: cuid}":       "ostiary.yaml:1: advanced.database.modelIds.session: expected random, uuid, serial or false",
		"{account: true}":       "ostiary.yaml:1: advanced.database.modelIds.account: expected random, uuid, serial or false",
		"[user]":                "ostiary.yaml:1: advanced.database.modelIds: expected",
		"{user: uuid, user: 1}": "advanced.database.modelIds.user",
	} {
		file, err := configfile.Parse("ostiary.yaml", []byte("advanced: {database: {modelIds: "+text+"}}"))
		if err == nil {
			_, err = decode(file)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c := Quickstart()
	c.Database.Path = t.TempDir() + "/auth.db"
	c.Advanced = parse(t, "advanced: {database: {modelIds: {users: uuid}}}").Advanced
	_, err := New(t.Context(), c, Streams{Out: &buffer{}, Log: &buffer{}})
	if want := `advanced.database.modelIds: there is no model "users"; there are account, `; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("an unknown model: %v, want %s", err, want)
	}
}
