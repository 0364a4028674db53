package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestTheEnvironmentWinsOverTheFile(t *testing.T) {
	t.Parallel()
	c := Config{
		Secret: "file", BaseURL: BaseURL{AllowedHosts: []string{"file"}}, Database: Database{Type: "sqlite", Path: "file"},
		Mail: Mail{From: "a@b.example", SMTP: SMTP{Host: "file"}},
	}
	err := c.ApplyEnvironment(environment(
		"OSTIARY_SECRET", "s", "BETTER_AUTH_SECRET", "other", "OSTIARY_SECRETS", "2:b,1:a", "BETTER_AUTH_URL", "https://a.example",
		"OSTIARY_DATABASE_URL", "sqlite:env.db", "OSTIARY_DATABASE_REPLICA_URL", "postgres://replica/d", "OSTIARY_SMTP_URL", "smtps://me:p%40ss@mail.example:4650", "OSTIARY_SMTP_PASSWORD", "better",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Secret: "s", Secrets: []VersionedSecret{{2, "b"}, {1, "a"}}, BaseURL: BaseURL{URL: "https://a.example"},
		Database: Database{URL: "sqlite:env.db", ReplicaURL: "postgres://replica/d"},
		Mail:     Mail{From: "a@b.example", SMTP: SMTP{Host: "mail.example", Port: 4650, Username: "me", Password: "better", TLS: "implicit"}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyEnvironmentChangesNothing(t *testing.T) {
	t.Parallel()
	c := Config{Secret: "file", BaseURL: BaseURL{URL: "https://file.example"}}
	if err := c.ApplyEnvironment(environment("OSTIARY_SECRET", "", "OSTIARY_BASE_URL", "")); err != nil {
		t.Fatal(err)
	}
	if c.Secret != "file" || c.BaseURL.URL != "https://file.example" {
		t.Errorf("%+v", c)
	}
}

func TestProblemsOfTheEnvironmentRepeatNoSecret(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://u:hunter2@h", "smtp://u:hunter2@", "smtp://u:hunter2%zz@h", "smtp://u:hunter2@h:99999", "hunter2"} {
		var c Config
		err := c.ApplyEnvironment(environment("OSTIARY_SMTP_URL", url, "OSTIARY_SECRETS", "hunter2"))
		if err == nil || strings.Count(err.Error(), "OSTIARY_") != 2 || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestAPrintedConfigurationHasNoSecret(t *testing.T) {
	t.Parallel()
	c := Config{Secret: "hunter2", Secrets: []VersionedSecret{{1, "hunter2"}}, Mail: Mail{SMTP: SMTP{Password: "hunter2"}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, c); strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

func TestTheDatabaseIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		database   Database
		file, want string
	}{
		{Database{}, "ostiary.db", ""},
		{Database{Path: "a.db"}, "a.db", ""},
		{Database{Type: "sqlite", URL: "sqlite:a.db"}, "a.db", ""},
		{Database{URL: "sqlite:///var/a.db"}, "/var/a.db", ""},
		{Database{URL: "file:/var/a.db"}, "/var/a.db", ""},
		{Database{URL: "sqlite:a.db?mode=ro"}, "", "without parameters"},
		{Database{URL: "sqlite:"}, "", "path of a file"},
		{Database{URL: "postgres://u:hunter2@h/db"}, "", ""},
		{Database{Type: "oracle"}, "", `"oracle" is no kind of database`},
		{Database{URL: "oracle://user:hunter2@host/name"}, "", `"oracle" is no kind of database`},
		{Database{Type: "postgres"}, "", "database.url: not set"},
		{Database{Type: "postgres", Path: "a.db"}, "", "database.path: is for sqlite"},
		{Database{URL: "postgres://user@host/name"}, "", ""},
		{Database{URL: "mysql://u:hunter2@h/db"}, "", ""},
		{Database{Type: "mariadb", URL: "u:hunter2@tcp(h)/db"}, "", ""},
		{Database{URL: "mysql://u:hunter2@h/db", Schema: "auth"}, "", "database.schema: is for postgres"},
		{Database{URL: "mysql://u@h/db", ReplicaURL: "mysql://u:hunter2@h/db"}, "", "database.replicaURL: is for postgres"},
		{Database{Path: "a.db", ReplicaURL: "postgres://u:hunter2@h/db"}, "", "database.replicaURL: is for postgres"},
		{Database{Path: "a.db", URL: "sqlite:b.db"}, "", "one of them"},
	} {
		file, err := c.database.file()
		if file != c.file || (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%+v: %q, %v", c.database, file, err)
		}
	}
	for text, want := range map[string]Database{
		"a.db": {Path: "a.db"}, ":memory:": {Path: ":memory:"}, `C:\a.db`: {Path: `C:\a.db`}, "sqlite:a.db": {URL: "sqlite:a.db"},
	} {
		c := Config{Database: Database{Type: "x", Path: "y", URL: "z"}}
		c.SetDatabase(text)
		if diff := cmp.Diff(want, c.Database); diff != "" {
			t.Error(diff)
		}
	}
}
