package server

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

func examine(t *testing.T, c Config) map[Severity]string {
	t.Helper()
	if c.Database.Path == "" && c.Database.URL == "" {
		c.Database.Path = filepath.Join(t.TempDir(), "auth.db")
	}
	risks, err := Examine(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	text := map[Severity]string{}
	for _, r := range risks {
		text[r.Severity] += r.Text + " " + r.Remedy + "\n"
	}
	return text
}

func TestASoundConfigurationHasNoSeriousRisk(t *testing.T) {
	t.Parallel()
	mails, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, fmt.Sprintf(`
baseURL: https://auth.example.com
emailAndPassword: {enabled: true, requireEmailVerification: true}
rateLimit: {storage: database}
mail: {from: a@b.example, smtp: {host: 127.0.0.1, port: %d}}
`, mails.Addr().(*net.TCPAddr).Port))
	c.Secret = NewSecret()
	got := examine(t, c)
	if got[Serious] != "" || got[Warning] != "" {
		t.Errorf("%v", got)
	}
	if err := mails.Close(); err != nil {
		t.Fatal(err)
	}
	if got := examine(t, c); !strings.Contains(got[Warning], "mail.smtp: 127.0.0.1:") {
		t.Errorf("nothing about a mail server that nobody answers at: %v", got)
	}
}

func TestRisksAreExplained(t *testing.T) {
	t.Parallel()
	c := parse(t, `
baseURL: http://auth.example.com
secret: hunter2
trustedOrigins: ["*"]
rateLimit: {enabled: false}
emailAndPassword: {enabled: true, minPasswordLength: 4, requireEmailVerification: true, revokeSessionsOnPasswordReset: false}
session: {expiresIn: 30000000, cookieCache: {enabled: true}}
account: {skipStateCookieCheck: true, accountLinking: {requireLocalEmailVerified: false}}
advanced:
  disableCSRFCheck: true
  disableOriginCheck: true
  trustedProxyHeaders: true
  useSecureCookies: false
  ipAddress: {disableIpTracking: true, trustedProxies: [nonsense]}
server: {metricsListen: ":9090"}
`)
	got := examine(t, c)
	for severity, wants := range map[Severity][]string{
		Serious: {
			"baseURL: is http", "secret: the secret has 7", "trustedOrigins:", "rateLimit.enabled", "advanced.disableCSRFCheck", "advanced.disableOriginCheck",
			"advanced.useSecureCookies", "disableIpTracking", "skipStateCookieCheck", "requireLocalEmailVerified", "requireEmailVerification", "trustedProxies",
		},
		Warning: {"server.metricsListen", "trustedProxyHeaders", "revokeSessionsOnPasswordReset", "minPasswordLength", "mail: there is no mail server"},
		Hint:    {"session.cookieCache", "session.expiresIn", "rateLimit.storage"},
	} {
		for _, want := range wants {
			if !strings.Contains(got[severity], want) {
				t.Errorf("%s: nothing about %s", severity, want)
			}
		}
	}
	if strings.Contains(got[Serious], "hunter2") {
		t.Error("the secret is repeated")
	}
	bare := examine(t, Config{})
	for _, want := range []string{"baseURL: not set", "secret: not set"} {
		if !strings.Contains(bare[Serious], want) {
			t.Errorf("nothing about %s", want)
		}
	}
}

func TestADatabaseThatCannotBeCreatedIsSerious(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := Quickstart()
	c.Database.Path = filepath.Join(folder, "data", "auth.db")
	if got := examine(t, c); !strings.Contains(got[Serious], "there is no folder "+filepath.Join(folder, "data")+"; create it") {
		t.Errorf("%v", got)
	}
	c.Database.Path = filepath.Join(folder, "auth.db")
	if got := examine(t, c); got[Serious] != "" || !strings.Contains(got[Hint], "is created at start") {
		t.Errorf("%v", got)
	}
}

func TestDifferencesOfTheDatabaseAreExplained(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`create table "user" ("id" text not null primary key, "name" text not null, "email" text not null,
		"emailVerified" integer not null, "image" text, "createdAt" date not null, "updatedAt" date not null, "tenant" text not null)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	c := Quickstart()
	c.Database.Path = file
	got := examine(t, c)
	if !strings.Contains(got[Serious], "tenant") || !strings.Contains(got[Warning], "chmod 600") || !strings.Contains(got[Hint], "ostiary migrate") {
		t.Errorf("%v", got)
	}
	c.Database.Migrate = new(false)
	if got := examine(t, c); !strings.Contains(got[Serious], "ostiary migrate") {
		t.Errorf("%v", got)
	}
	if sql := planned(t, c); !strings.Contains(sql, "unique index") || !strings.Contains(sql, `("email")`) {
		t.Errorf("addresses would not be unique after the migration:\n%s", sql)
	}
}

// planned is the script of the migration of a configuration.
func planned(t *testing.T, c Config) string {
	t.Helper()
	m, err := NewMigration(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(t.Context()) }()
	plan, err := m.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan.SQL()
}

func TestTheGenerationOfTheAccountTableIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "issuer" text not null, "userId" text not null)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	c := Quickstart()
	c.Database.Path = file
	if got := examine(t, c); !strings.Contains(got[Hint], "Better Auth 1.7.0 to 1.7.2, with a required issuer") || strings.Contains(got[Serious], "issuer") {
		t.Errorf("%v", got)
	}
}

func TestAMigrationNeedsNothingButTheDatabase(t *testing.T) {
	t.Parallel()
	c := Config{Database: Database{Path: filepath.Join(t.TempDir(), "auth.db")}}
	m, err := NewMigration(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(t.Context()) }()
	if findings, err := m.Check(t.Context()); err != nil || len(findings) == 0 {
		t.Errorf("an empty database lacks nothing: %v", err)
	}
	plan, err := m.Plan(t.Context())
	if err != nil || plan.Empty() {
		t.Fatalf("nothing is planned: %v", err)
	}
	if _, err := m.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if plan, err := m.Plan(t.Context()); err != nil || !plan.Empty() {
		t.Errorf("something is left: %v, %v", plan, err)
	}
	if findings, err := m.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("%v %v", findings, err)
	}
}
