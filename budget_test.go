//go:build !race

package ostiary_test

import (
	"net/http"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/storage/memory"
)

// TestAllocationsStayWithinTheirBudgets compares what the hot paths allocate with
// what they allocated when that was last looked at. Unlike times, allocations are
// the same on every machine. (Not under the race detector, which drops pooled
// values on purpose.) Who makes a path cheaper lowers its budget.
func TestAllocationsStayWithinTheirBudgets(t *testing.T) {
	cached, _, cachedCookies := smallAuth(t, func(o *ostiary.Options) { o.Session.CookieCache.Enabled = true })
	stored, _, storedCookies := smallAuth(t, func(*ostiary.Options) {})
	beside, _, besideCookies := smallAuth(t, func(o *ostiary.Options) { o.SecondaryStorage = memory.New(memory.Options{}) })
	const runs = 200
	browsers := manyBrowsers(t, cached, runs+1) // AllocsPerRun begins with one more

	session := func(auth *ostiary.Auth, r *http.Request) func() {
		return func() {
			if id, err := auth.Session(r); err != nil || id == nil {
				t.Fatal(id, err)
			}
		}
	}
	get := func(h http.Handler, cookies string) func() {
		w, r := &sink{header: http.Header{}}, benchRequest(cookies)
		return func() { serveOnce(t, h, w, r) }
	}
	anonymous := benchRequest("theme=dark")
	n := 0
	for _, path := range []struct {
		name   string
		budget float64
		run    func()
	}{
		{"auth.Session, cookie cache, seen before", 4, session(cached, benchRequest(cachedCookies))},
		{"auth.Session, cookie cache, never seen", 12, func() {
			session(cached, browsers[n])()
			n++
		}},
		{"auth.Session, database", 63, session(stored, benchRequest(storedCookies))},
		{"auth.Session, secondary storage, seen before", 9, session(beside, benchRequest(besideCookies))},
		{"auth.Session, nobody signed in", 2, func() {
			if id, err := cached.Session(anonymous); err != nil || id != nil {
				t.Fatal(id, err)
			}
		}},
		{"GET /get-session, cookie cache", 11, get(cached, cachedCookies)},
		{"GET /get-session, database", 71, get(stored, storedCookies)},
		{"auth.API.OK", 7, func() {
			if _, err := cached.API.OK(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		if got := testing.AllocsPerRun(runs, path.run); got > path.budget {
			t.Errorf("%s: %v allocations, the budget is %v", path.name, got, path.budget)
		} else {
			t.Logf("%s: %v of %v allocations", path.name, got, path.budget)
		}
	}
}
