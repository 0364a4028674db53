package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// visitor is a browser whose requests go to the nodes in turn.
type visitor struct {
	t       *testing.T
	s       *scene
	address string // from which it seems to come
	cookie  string
	turn    int
}

func (v *visitor) at(node int) *visitor {
	v.turn = node
	return v
}

// ask sends a request to the next node.
func (v *visitor) ask(path string, body any) (status int, text string) {
	v.t.Helper()
	method, payload := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		payload, _ = json.Marshal(body)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.s.nodes[v.turn%len(v.s.nodes)].url+"/api/auth"+path, bytes.NewReader(payload))
	if err != nil {
		v.t.Fatal(err)
	}
	v.turn++
	r.Header.Set("Origin", "http://auth.test")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", v.address)
	r.Header.Set("Cookie", v.cookie)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range answer.Cookies() {
		if c.Name == "better-auth.session_token" {
			v.cookie = c.Name + "=" + c.Value
		}
	}
	return answer.StatusCode, string(content)
}

func (v *visitor) must(path string, body any) string {
	v.t.Helper()
	status, text := v.ask(path, body)
	if status != http.StatusOK {
		v.t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

// everywhere checks what every node answers about the session.
func (v *visitor) everywhere(what, want string) {
	v.t.Helper()
	kept := v.cookie
	for range v.s.nodes {
		v.cookie = kept
		if text := v.must("/get-session", nil); !strings.Contains(text, want) {
			v.t.Errorf("%s: node %d says %s, want %s", what, (v.turn-1)%len(v.s.nodes), text, want)
		}
	}
	v.cookie = kept
}

// together asks as many times at once, of all nodes, and counts the answers.
func (v *visitor) together(times int, path string, body any) map[int]int {
	v.t.Helper()
	counts := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			one := &visitor{t: v.t, s: v.s, address: v.address, cookie: v.cookie, turn: i}
			status, _ := one.ask(path, body)
			mu.Lock()
			counts[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	return counts
}

var resetLink = regexp.MustCompile(`/reset-password/([A-Za-z0-9]+)`)

// resetToken waits for the link in the log of any node.
func (v *visitor) resetToken() string {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		for _, n := range v.s.nodes {
			text, err := os.ReadFile(n.log.Name())
			if err != nil {
				v.t.Fatal(err)
			}
			if found := resetLink.FindSubmatch(text); found != nil {
				return string(found[1])
			}
		}
	}
	v.t.Fatal("no mail was printed")
	return ""
}

func TestThreeNodesAreOne(t *testing.T) {
	s, err := newScene(t.Context(), "redis-cluster", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	alice := &visitor{t: t, s: s, address: "203.0.113.1"}
	alice.must("/sign-up/email", map[string]any{"name": "Alice", "email": "alice@example.com", "password": password})
	alice.everywhere("after sign-up", "alice@example.com")
	for i, name := range []string{"Alice One", "Alice Two", "Alice Three"} {
		alice.at(i).must("/update-user", map[string]any{"name": name})
		alice.everywhere("after an update", name)
	}
	phone := &visitor{t: t, s: s, address: "203.0.113.2"}
	for i := range 3 {
		phone.at(i).must("/sign-in/email", map[string]any{"email": "alice@example.com", "password": password})
		phone.everywhere("after sign-in", "alice@example.com")
		alice.at(i+1).must("/revoke-other-sessions", map[string]any{})
		phone.everywhere("after a revocation", "null")
		alice.everywhere("after revoking others", "alice@example.com")
	}

	if got := alice.together(90, "/list-accounts", nil); got[http.StatusOK] != 20 || got[http.StatusTooManyRequests] != 70 {
		t.Errorf("of 90 requests at once, 20 of which are allowed: %v", got)
	}

	alice.must("/request-password-reset", map[string]any{"email": "alice@example.com", "redirectTo": "/reset"})
	reset := map[string]any{"token": alice.resetToken(), "newPassword": "another " + password}
	if got := phone.together(9, "/reset-password", reset); got[http.StatusOK] != 1 || got[http.StatusBadRequest] != 8 {
		t.Errorf("of 9 uses of one token at once: %v", got)
	}
	alice.everywhere("after the reset", "null")
	phone.must("/sign-in/email", map[string]any{"email": "alice@example.com", "password": "another " + password})
	phone.must("/sign-out", map[string]any{})
}
