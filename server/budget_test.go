//go:build !race

package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAllocationsStayWithinTheirBudget compares what the handlers of the server
// allocate for a session check from the cookie cache, the access log left out, with
// what they did when that was last looked at: 11 of it is the library's.
func TestAllocationsStayWithinTheirBudget(t *testing.T) {
	const budget = 20
	s := start(t, func(c *Config) {
		c.Server.AccessLog = new(false)
		c.Session.CookieCache.Enabled = true
		c.RateLimit.Enabled = new(false)
	})
	_, header, _ := s.signUp("ada@example.com")
	var pairs []string
	for _, line := range header["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	r := httptest.NewRequest(http.MethodGet, "http://"+s.Addr().String()+"/api/auth/get-session", nil)
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	h, w := s.handler(), &discard{header: http.Header{}}
	got := testing.AllocsPerRun(200, func() {
		clear(w.header)
		w.status, w.bytes = http.StatusOK, 0
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK || w.bytes < 100 {
			t.Fatalf("status %d, %d bytes", w.status, w.bytes)
		}
	})
	if got > budget {
		t.Errorf("%v allocations, the budget is %d", got, budget)
	}
	t.Logf("%v of %d allocations", got, budget)
}

// discard is a response of which only the size is kept.
type discard struct {
	header        http.Header
	status, bytes int
}

func (d *discard) Header() http.Header    { return d.header }
func (d *discard) WriteHeader(status int) { d.status = status }

func (d *discard) Write(b []byte) (int, error) {
	d.bytes += len(b)
	return len(b), nil
}
