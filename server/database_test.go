package server

import (
	"strings"
	"testing"

	"github.com/ostiary/ostiary/internal/testservice"
)

func TestEveryKindOfDatabaseIsServed(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) Database{
		"postgres": func(t *testing.T) Database { return Database{URL: testservice.Postgres(t), MaxConnections: 4} },
		"mysql":    func(t *testing.T) Database { return Database{URL: mysqlURL(testservice.MariaDB(t))} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := database(t)
			secret := NewSecret()
			use := func(c *Config) { c.Database, c.Secret = at, secret }
			first := start(t, use)
			second := start(t, use) // finds the tables
			if status, _, body := first.signUp("ada@example.com"); status != 200 {
				t.Errorf("sign-up: %d %s", status, body)
			}
			status, _, body := second.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"correct horse"}`, "Content-Type", "application/json")
			if status != 200 {
				t.Errorf("sign-in at the other server: %d %s", status, body)
			}
			if status, _, body := second.do("GET", "/readyz", ""); status != 200 {
				t.Errorf("readiness: %d %s", status, body)
			}
			if got := at.describe(); strings.Contains(got, "ostiary:") || !strings.Contains(got, "127.0.0.1") {
				t.Errorf("described as %q", got)
			}
		})
	}
}

// mysqlURL makes a URL of a name in the form of the Go driver.
func mysqlURL(dsn string) string {
	credentials, rest, _ := strings.Cut(dsn, "@tcp(")
	return "mysql://" + credentials + "@" + strings.Replace(rest, ")/", "/", 1)
}
