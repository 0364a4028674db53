package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/examples/exampletest"
)

func TestHooks_apply_the_rules(t *testing.T) {
	t.Parallel()
	var audit record
	auth := exampletest.Auth(t, func(o *ostiary.Options) { addRules(o, slog.New(slog.NewTextHandler(&audit, nil))) })
	browser := exampletest.NewBrowser(t, exampletest.Serve(t, auth))

	refused := browser.Send("POST", "/api/auth/sign-up/email", `{"name":"Eve","email":"eve@evil.example","password":"correct horse battery"}`)
	if refused.Status != 403 || !strings.Contains(string(refused.Body), "STAFF_ONLY") {
		t.Errorf("a stranger: %d %s", refused.Status, refused.Body)
	}
	accepted := browser.Send("POST", "/api/auth/sign-up/email", `{"name":"  Ada ","email":"ada@example.com","password":"correct horse battery"}`)
	var out struct{ User struct{ Name, Plan string } }
	if err := json.Unmarshal(accepted.Body, &out); err != nil || out.User.Name != "Ada" || out.User.Plan != "staff" {
		t.Errorf("staff: %d %s", accepted.Status, accepted.Body)
	}
	if got := audit.String(); strings.Count(got, "user created") != 1 {
		t.Errorf("audit log: %q", got)
	}
	back := browser.Send("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"correct horse battery"}`)
	if back.Status != 200 || back.Header.Get("X-Welcome") != "back" {
		t.Errorf("sign in: %d, X-Welcome %q", back.Status, back.Header.Get("X-Welcome"))
	}
}

// record is a buffer that handlers may write to at any time.
type record struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buffer.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buffer.String()
}
