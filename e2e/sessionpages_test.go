package e2e

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/schema"
)

// preferences are the additional fields of the sessions of these tests.
type preferences struct {
	Theme  string `ostiary:"theme,default=light,values=light|dark|sepia"`
	Tenant string `ostiary:"tenant,noinput,default=none"`
	Note   string `ostiary:"note,noinput,hidden,default=none"`
}

// application is a program with sessions of its own, and the pages of the folder
// sessionpages, which show them with the official clients.
type application struct {
	*ostiary.Auth
	t   *testing.T
	url string
}

// serveApplication starts the application. Unless cached, every request reads
// the session from the database.
func serveApplication(t *testing.T, scripts string, cached bool) *application {
	t.Helper()
	mux := http.NewServeMux()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &application{t: t, url: fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)}
	a.Auth, err = ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL(a.url),
		Secret:           "a-secret-for-browsers-0123456789-abcdefghijklmnop",
		Database:         sqlite.Open(filepath.Join(t.TempDir(), "auth.db")),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		User: ostiary.UserOptions{
			Fields:  []schema.Field{{Name: "role", NoInput: true, Default: "member"}},
			Options: user.Options{ChangeEmail: user.ChangeEmailOptions{Enabled: true, UpdateWithoutVerification: true}},
		},
		Session: core.SessionOptions{
			ModelOptions: core.ModelOptions{Fields: schema.FieldsOf[preferences]()},
			CookieCache:  core.CookieCacheOptions{Enabled: cached, Strict: true},
		},
		RateLimit: core.RateLimitOptions{Enabled: new(false)},
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/api/auth/", a.Auth)
	mux.Handle("POST /app", a.RequireSession(http.HandlerFunc(a.app)))
	mux.Handle("GET /scripts/", http.StripPrefix("/scripts/", http.FileServerFS(os.DirFS(scripts))))
	mux.HandleFunc("GET /{page}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Session</title><div id="root"></div><script src="/scripts/%s.js"></script>`, r.PathValue("page"))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-stopped
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

// app is a handler of the application, which gives the session a tenant: the
// session of the request, or all sessions of its user.
func (a *application) app(w http.ResponseWriter, r *http.Request) {
	var err error
	id := ostiary.SessionFrom(r.Context())
	if tenant := r.URL.Query().Get("tenant"); tenant != "" {
		_, err = a.UpdateSession(w, r, ostiary.Patch{"tenant": tenant})
	}
	if tenant := r.URL.Query().Get("everywhere"); tenant != "" {
		_, err = a.UpdateUserSessions(r.Context(), id.User.ID, ostiary.Patch{"tenant": tenant})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// changeUser changes the user as an administrator's part of the program does.
func (a *application) changeUser(address, field string, value any) {
	a.t.Helper()
	users := a.Kernel().Users
	u, err := users.ByEmail(a.t.Context(), address)
	if err != nil || u == nil {
		a.t.Fatalf("find %s: %v", address, err)
	}
	if _, err := users.Update(a.t.Context(), u.ID, users.Table().NewRow().Set(field, value)); err != nil {
		a.t.Fatal(err)
	}
}

// buildPages bundles the pages with the official clients, and returns the folder.
func buildPages(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	bundler, err := filepath.Abs("sessionpages/node_modules/.bin/esbuild")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bundler); err != nil {
		t.Fatalf("the packages of e2e/sessionpages are not installed; make e2e does it: %v", err)
	}
	build := exec.CommandContext(t.Context(), bundler, "react.jsx", "vanilla.js", "--bundle", "--outdir="+folder,
		"--format=iife", "--jsx=automatic", `--define:process.env.NODE_ENV="production"`, "--log-level=error")
	build.Dir = "sessionpages"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("bundle the pages: %v\n%s", err, out)
	}
	return folder
}

// page runs JavaScript that returns a promise in the page and waits for it. What
// the official client answers as an error ends the test.
func (b *browser) page(what, call string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	problem, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		call+`.then((r) => r?.error ? JSON.stringify(r.error) : r?.ok === false ? "status " + r.status : "")`, chromedp.EvalAwaitPromise))
	if err != nil || problem != "" {
		b.t.Fatalf("%s: %s %v", what, problem, err)
	}
}

// shows waits until the page shows a session.
func (b *browser) shows(session string) {
	b.t.Helper()
	b.holds(fmt.Sprintf("document.querySelector('#session')?.textContent === %q", session))
}

// What the official clients show follows the session, whoever updates it: the
// same tab, another tab, another device or the program.
func TestSessionUpdatesReachTheOfficialClients(t *testing.T) {
	t.Parallel()
	b, scripts := open(t), buildPages(t)
	for _, client := range []string{"react", "vanilla"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			a := serveApplication(t, scripts, true)
			first, second, phone := a.devices(b, client)

			first.page("update in the same tab", `page.client.updateSession({ theme: "dark" })`)
			first.shows("Ada ada@example.com member dark none")
			second.shows("Ada ada@example.com member dark none") // the other tab
			phone.shows("Ada ada@example.com member light none") // a session of its own

			second.page("update in another tab", `page.client.updateSession({ theme: "sepia" })`)
			first.shows("Ada ada@example.com member sepia none")

			first.page("let the program update", `page.appFetch("/app?tenant=acme", { method: "POST" })`)
			first.shows("Ada ada@example.com member sepia acme")                  // the header says so
			second.holds(`document.dispatchEvent(new Event("visibilitychange"))`) // as when the tab gets the focus
			second.shows("Ada ada@example.com member sepia acme")

			first.page("update from another device", `page.appFetch("/app?everywhere=globex", { method: "POST" })`)
			phone.page("ask the program for anything", `page.appFetch("/app", { method: "POST" })`)
			phone.shows("Ada ada@example.com member light globex")

			id := a.sessionOf(phone)
			if _, err := a.UpdateSessionByID(t.Context(), id, ostiary.Patch{"tenant": "initech"}); err != nil {
				t.Fatal(err)
			}
			phone.page("ask the program for anything", `page.appFetch("/app", { method: "POST" })`)
			phone.shows("Ada ada@example.com member light initech")
		})
	}
}

// What the official clients show follows the user as well, with the cookie cache
// and without.
func TestUserChangesReachOtherBrowsers(t *testing.T) {
	t.Parallel()
	b, scripts := open(t), buildPages(t)
	for _, client := range []string{"react", "vanilla"} {
		for _, cached := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, cached %v", client, cached), func(t *testing.T) {
				t.Parallel()
				a := serveApplication(t, scripts, cached)
				laptop, _, phone := a.devices(b, client)
				notices := func(b *browser) {
					if cached { // an answer of the program says that the copy is old
						b.page("ask the program for anything", `page.appFetch("/app", { method: "POST" })`)
						return
					}
					b.do("open the page again", chromedp.Reload())
				}

				laptop.page("change the profile", `page.client.updateUser({ name: "Augusta" })`)
				laptop.shows("Augusta ada@example.com member light none")
				notices(phone)
				phone.shows("Augusta ada@example.com member light none")

				phone.page("change the address", `page.client.changeEmail({ newEmail: "augusta@example.com" })`)
				notices(laptop)
				laptop.shows("Augusta augusta@example.com member light none")

				a.changeUser("augusta@example.com", "role", "admin")
				for _, b := range []*browser{laptop, phone} {
					notices(b)
					b.shows("Augusta augusta@example.com admin light none")
				}

				u, err := a.Kernel().Users.ByEmail(t.Context(), "augusta@example.com")
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Kernel().Sessions.DeleteOf(t.Context(), u.ID); err != nil { // what a ban does
					t.Fatal(err)
				}
				for _, b := range []*browser{laptop, phone} {
					b.do("open the page again", chromedp.Reload())
					b.shows("nobody")
				}
			})
		}
	}
}

// devices signs a user up in a browser with two tabs, and in at another browser.
func (a *application) devices(b *browser, client string) (first, second, phone *browser) {
	a.t.Helper()
	first, phone = b.stranger(a.t), b.stranger(a.t)
	second = first.tab(a.t)
	address := a.url + "/" + client
	first.do("open the page", chromedp.Navigate(address))
	first.page("sign up", `page.client.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse battery" })`)
	second.do("open the page in another tab", chromedp.Navigate(address))
	phone.do("open the page in another browser", chromedp.Navigate(address))
	phone.page("sign in", `page.client.signIn.email({ email: "ada@example.com", password: "correct horse battery" })`)
	for _, b := range []*browser{first, second, phone} {
		b.shows("Ada ada@example.com member light none")
	}
	return first, second, phone
}

// sessionOf returns the id of a browser's session.
func (a *application) sessionOf(b *browser) string {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	id, err := chromedp.Run(ctx, chromedp.Evaluate[string](`page.client.getSession().then((r) => r.data.session.id)`, chromedp.EvalAwaitPromise))
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

// The module that the server writes gives the official client the types of the
// additional fields: sessionpages/fields.ts does not compile otherwise.
func TestClientFieldsAreTyped(t *testing.T) {
	t.Parallel()
	a := serveApplication(t, t.TempDir(), false)
	var module bytes.Buffer
	if err := a.WriteClientFields(&module); err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("sessionpages/auth-fields.ts")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), module.String()); diff != "" {
		t.Errorf("sessionpages/auth-fields.ts is not what the server writes (-committed +written):\n%s", diff)
	}
	compiler, err := filepath.Abs("sessionpages/node_modules/.bin/tsc")
	if err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), compiler, "--noEmit")
	check.Dir = "sessionpages"
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
