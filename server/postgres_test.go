package server

import (
	"strings"
	"testing"

	"github.com/ostiary/ostiary/internal/testservice"
)

func TestTheServerKeepsEverythingInPostgreSQL(t *testing.T) {
	t.Parallel()
	url := testservice.Postgres(t)
	onPostgres := func(c *Config) {
		c.Database = Database{URL: url}
		c.Session.Memory.Enabled = true
		c.Secret = "a secret of the test that is long enough, 0123456789"
		c.RateLimit.Enabled = new(false)
	}
	one, two := start(t, onPostgres), start(t, onPostgres)
	if !strings.Contains(one.out.String(), "(PostgreSQL)") {
		t.Errorf("says %s", one.out)
	}
	status, header, body := one.signUp("ada@example.com")
	if status != 200 {
		t.Fatal(status, body)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	signedIn := func(r *running) bool {
		_, _, body := r.do("GET", "/api/auth/get-session", "", "Cookie", cookie)
		return strings.Contains(body, "ada@example.com")
	}
	if !signedIn(one) || !signedIn(two) {
		t.Error("the session is not known everywhere")
	}
	if status, _, _ := one.do("GET", "/readyz", ""); status != 200 {
		t.Errorf("ready is %d", status)
	}
	if status, _, body := two.do("POST", "/api/auth/sign-out", "{}", "Cookie", cookie, "Content-Type", "application/json", "Origin", "http://"+two.Addr().String()); status != 200 {
		t.Fatal(status, body)
	}
	eventually(t, "the other node has heard of the sign-out", func() bool { return !signedIn(one) })
}

func TestTheServerReadsFromAReplica(t *testing.T) {
	t.Parallel()
	url := testservice.Postgres(t)
	secret := Secret("a secret of the test that is long enough, 0123456789")
	// The database itself in place of a replica: it is asked, and not believed.
	r := start(t, func(c *Config) { c.Secret, c.Database = secret, Database{URL: url, ReplicaURL: url} })
	status, header, body := r.signUp("ada@example.com")
	if status != 200 {
		t.Fatal(status, body)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	eventually(t, "the replica is asked", func() bool {
		if _, _, body := r.do("GET", "/api/auth/get-session", "", "Cookie", cookie); !strings.Contains(body, "ada@example.com") {
			t.Fatal(body)
		}
		return strings.Contains(r.log.String(), "it is no replica of this database")
	})
	for want, c := range map[string]Config{
		"database.replicaURL: the replica has no use with secondaryStorage.url": {Database: Database{URL: url, ReplicaURL: url}, SecondaryStorage: SecondaryStorage{URL: "memory:"}},
		"database.replicaURL: cannot parse":                                     {Database: Database{URL: url, ReplicaURL: "postgres://u:hunter2@h:port/d"}},
		"database.replicaURL: is for postgres":                                  {Database: Database{ReplicaURL: url}},
	} {
		c.Secret, c.BaseURL = secret, BaseURL{URL: "https://a.example"}
		_, err := New(t.Context(), c, Streams{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
