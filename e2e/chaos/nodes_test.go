package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
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
	cookies map[string]string
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
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
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
		if v.cookies == nil {
			v.cookies = map[string]string{}
		}
		v.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
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
	kept := v.cookies
	for range v.s.nodes {
		v.cookies = maps.Clone(kept)
		if text := v.must("/get-session", nil); !strings.Contains(text, want) {
			v.t.Errorf("%s: node %d says %s, want %s", what, (v.turn-1)%len(v.s.nodes), text, want)
		}
	}
	v.cookies = kept
}

// together asks as many times at once, of all nodes, and counts the answers.
func (v *visitor) together(times int, path string, body any) map[int]int {
	v.t.Helper()
	counts := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			one := &visitor{t: v.t, s: v.s, address: v.address, cookies: maps.Clone(v.cookies), turn: i}
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

	t.Run("second factors", func(t *testing.T) { secondFactorsOfThreeNodes(t, s) })
}

// secondFactorsOfThreeNodes enrols at one node, finishes at another and signs in at
// the third. A backup code is good for one of those who use it at once.
func secondFactorsOfThreeNodes(t *testing.T, s *scene) {
	bob := &visitor{t: t, s: s, address: "203.0.113.3"}
	bob.at(0).must("/sign-up/email", map[string]any{"name": "Bob", "email": "bob@example.com", "password": password})
	var enrolment struct {
		TOTPURI     string
		BackupCodes []string
	}
	if err := json.Unmarshal([]byte(bob.at(0).must("/two-factor/enable", map[string]any{"password": password})), &enrolment); err != nil {
		t.Fatal(err)
	}
	bob.at(1).must("/two-factor/verify-totp", map[string]any{"code": currentCode(t, enrolment.TOTPURI)})
	bob.everywhere("after the enrolment", `"twoFactorEnabled":true`)

	challenged := func(i int) *visitor {
		v := &visitor{t: t, s: s, address: fmt.Sprintf("203.0.113.%d", 10+i)}
		if text := v.at(i).must("/sign-in/email", map[string]any{"email": "bob@example.com", "password": password}); !strings.Contains(text, "twoFactorRedirect") {
			t.Errorf("a sign-in without a second factor: %s", text)
		}
		v.everywhere("before the second factor", "null")
		return v
	}
	phone := challenged(2)
	phone.at(0).must("/two-factor/verify-totp", map[string]any{"code": currentCode(t, enrolment.TOTPURI)})
	phone.everywhere("after the second factor", "bob@example.com")

	var visitors []*visitor
	for i := range 6 {
		visitors = append(visitors, challenged(20+i))
	}
	answers := make([]int, len(visitors))
	var all sync.WaitGroup
	for i, v := range visitors {
		all.Go(func() {
			answers[i], _ = v.at(i).ask("/two-factor/verify-backup-code", map[string]any{"code": enrolment.BackupCodes[0]})
		})
	}
	all.Wait()
	slices.Sort(answers)
	refused := func(status int) bool { return status == http.StatusUnauthorized || status == http.StatusConflict }
	if answers[0] != http.StatusOK || slices.ContainsFunc(answers[1:], func(status int) bool { return !refused(status) }) {
		t.Errorf("of 6 who use one backup code at once: %v", answers)
	}
	for i := range s.nodes {
		if status, text := challenged(30+i).at(i).ask("/two-factor/verify-backup-code", map[string]any{"code": enrolment.BackupCodes[0]}); status != http.StatusUnauthorized {
			t.Errorf("node %d takes a backup code that was used: %d %s", i, status, text)
		}
	}
}

// currentCode is what an authenticator app shows (RFC 6238: SHA-1, six digits, half
// a minute).
func currentCode(t *testing.T, uri string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30) // hashes never fail
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1000000)
}
