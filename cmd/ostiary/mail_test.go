package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/mail/mailtest"
	"github.com/ostiary/ostiary/server"
)

// The server is killed after it has answered a sign-up, while the mail server has
// the mail and has not said yet that it takes it. The next process delivers it.
func TestAMailOutlivesTheServerThatIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "ostiary.yaml")
	configure := func(sink *mailtest.Sink) []string {
		text := fmt.Sprintf(`
secret: a-secret-of-both-processes-0123456789-abcdefghijk
database: {path: %s}
emailAndPassword: {enabled: true, requireEmailVerification: true}
mail: {from: no-reply@acme.example, smtp: {host: 127.0.0.1, port: %d, tls: none}}
server: {development: true}
`, filepath.Join(dir, "auth.db"), sink.Port())
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--listen", "127.0.0.1:0", "--config", path}
	}
	slow := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"RCPT": mailtest.Silent}})
	p := serve(t, dir, configure(slow)...)
	client := browser(t)
	if status, body := send(t, client, http.MethodPost, p.url+"/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`); status != http.StatusOK {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	eventually(t, "the mail server is told of the mail", func() bool { return strings.Contains(strings.Join(slow.Commands(), "\n"), "RCPT") }, p.err)
	if err := p.command.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	<-p.ended

	sink := mailtest.Start(t)
	args := configure(sink)
	endLeases(t, path)
	next := serve(t, dir, args...)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	mails, err := sink.WaitFor(ctx, 1)
	if err != nil || mails[0].To != "ada@example.com" {
		t.Fatalf("%v %v\n%s", mails, err, next.err)
	}
	if err := next.end(); err != nil {
		t.Errorf("the end: %v\n%s", err, next.err)
	}
	if n := len(sink.Messages()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// databaseOf opens the database of a configuration until the test ends.
func databaseOf(t *testing.T, path string) *database.DB {
	t.Helper()
	config, err := server.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := server.NewMigration(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m.Auth().Kernel().DB
}

// endLeases lets the two minutes pass for which the dead process has the mails to
// itself.
func endLeases(t *testing.T, path string) {
	t.Helper()
	db := databaseOf(t, path)
	row := db.Table("ostiaryMail").NewRow().Set("dueAt", time.Now())
	if n, err := db.UpdateMany(t.Context(), row, database.Compare("dueAt", database.Greater, time.Now())); err != nil || n != 1 {
		t.Errorf("%d leases, %v", n, err)
	}
}

// A server with another secret than that of the mails in its database serves nobody,
// says why, and leaves the mails as they are.
func TestAServerWithAnotherSecretIsNotReady(t *testing.T) {
	t.Parallel()
	const first, second = "the-first-secret-0123456789-abcdefghijklmnopqrst", "the-second-secret-9876543210-tsrqponmlkjihgfedcba"
	dir := t.TempDir()
	path := filepath.Join(dir, "ostiary.yaml")
	sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"RCPT": "451 4.3.0 later"}})
	configure := func(secret string) []string {
		text := secret + fmt.Sprintf(`
database: {path: %s}
emailAndPassword: {enabled: true, requireEmailVerification: true}
mail: {from: no-reply@acme.example, smtp: {host: 127.0.0.1, port: %d, tls: none}}
server: {development: true}
`, filepath.Join(dir, "auth.db"), sink.Port())
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--listen", "127.0.0.1:0", "--config", path}
	}
	p := serve(t, dir, configure("secret: "+first)...)
	client := browser(t)
	if status, body := send(t, client, http.MethodPost, p.url+"/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`); status != http.StatusOK {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	eventually(t, "the mail waits", func() bool { return strings.Contains(p.err.String(), "tried again later") }, p.err)
	if err := p.end(); err != nil {
		t.Fatalf("%v\n%s", err, p.err)
	}
	before := storedMails(t, path)

	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	other := begin(t, dir, exec.Command(program, append([]string{"serve"}, configure("secret: "+second)...)...))
	status, body := send(t, client, http.MethodGet, other.url+"/readyz", "")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "the secret is not that of the database") {
		t.Errorf("readiness: %d %s", status, body)
	}
	if status := other.status("/healthz"); status != http.StatusOK {
		t.Errorf("liveness: %d", status)
	}
	log := other.err.String()
	if !strings.Contains(log, "encrypted with another secret") || !strings.Contains(log, "ostiaryMail") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	if all := log + body; strings.Contains(all, first) || strings.Contains(all, second) {
		t.Errorf("a secret is told: %s", all)
	}
	if err := other.end(); err != nil {
		t.Errorf("%v\n%s", err, other.err)
	}
	if after := storedMails(t, path); len(before) != 1 || after[0] != before[0] {
		t.Errorf("stored before: %q, and after: %q", before, after)
	}

	rotated := serve(t, dir, configure("secret: "+first+"\nsecrets: [{version: 2, value: "+second+"}]")...)
	if err := rotated.end(); err != nil {
		t.Errorf("%v\n%s", err, rotated.err)
	}
}

// storedMails returns the encrypted mails in the database of a configuration.
func storedMails(t *testing.T, path string) []string {
	t.Helper()
	db := databaseOf(t, path)
	rows, err := db.FindMany(t.Context(), database.Query{Table: db.Table("ostiaryMail")})
	if err != nil {
		t.Fatal(err)
	}
	var contents []string
	for i := range rows {
		contents = append(contents, fmt.Sprint(rows[i].Get("content")))
	}
	return contents
}
