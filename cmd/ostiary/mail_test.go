package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
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

// endLeases lets the two minutes pass for which the dead process has the mails to
// itself.
func endLeases(t *testing.T, path string) {
	t.Helper()
	config, err := server.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := server.NewMigration(config)
	if err != nil {
		t.Fatal(err)
	}
	db := m.Auth().Kernel().DB
	row := db.Table("ostiaryMail").NewRow().Set("dueAt", time.Now())
	if n, err := db.UpdateMany(t.Context(), row, database.Compare("dueAt", database.Greater, time.Now())); err != nil || n != 1 {
		t.Errorf("%d leases, %v", n, err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
