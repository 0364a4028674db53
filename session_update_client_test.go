package ostiary_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

// The official client sees a session that was updated by the same tab, by
// another tab, by the program, and for all devices of a user.
func TestTheOfficialClientSeesUpdates(t *testing.T) {
	t.Parallel()
	testservice.SkipShort(t, "Node and the official client")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("Node is not installed: %v", err)
	}
	if _, err := os.Stat("conformance/node_modules/better-auth"); err != nil {
		t.Fatal("the official client is not installed; run: make prepare")
	}
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	s := newServer(t, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) {
		o.BaseURL = ostiary.StaticURL(listener.URL)
		o.Session.Fields = []schema.Field{{Name: "theme", Default: "light"}}
		o.Advanced.Now = time.Now
	})
	mux.Handle(basePath+"/", s.Auth)
	mux.Handle("/app", s.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if theme := r.URL.Query().Get("session"); theme != "" {
			_, err = s.UpdateSession(w, r, ostiary.Patch{"theme": theme})
		}
		if theme := r.URL.Query().Get("user"); theme != "" {
			_, err = s.UpdateUserSessions(r.Context(), ostiary.SessionFrom(r.Context()).User.ID, ostiary.Patch{"theme": theme})
			if err == nil {
				_, err = s.UpdateSession(w, r, ostiary.Patch{"theme": theme})
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})))
	script := exec.CommandContext(t.Context(), node, "conformance/clients/session-update.mjs", listener.URL)
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
