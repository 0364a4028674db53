package ostiary_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/plugins/genericoauth"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/schema"
)

// The crash tests run this test binary again as a child that serves one request
// and is killed in the middle of it: once at every point before, between and after
// its statements. A new process then looks at what is left.

// crashEnv, in the environment, makes this test binary a child; it holds a doomed
// request.
const crashEnv = "OSTIARY_TEST_CRASH"

// doomed is the request of a child and the point at which it dies.
type doomed struct {
	Point        int    // counted from 1
	Store        string // a PostgreSQL URL, or the path of a SQLite file
	Provider     string // the address of a provider of social sign-in
	Method, Path string
	Cookie       string
	Body         fields
}

// mortal is a store at whose points the process dies: before every statement and
// every commit, and after what has been committed.
type mortal struct {
	database.Adapter
	life   *life
	inside bool // a transaction, in which "after" is "before the next"
}

// life counts the points that are passed, and ends at one.
type life struct{ passed, end int }

func (l *life) pass() {
	if l.passed++; l.passed != l.end {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		_ = self.Kill() // SIGKILL
	}
	select {}
}

// before passes the point before a statement and returns what passes the one after
// it.
func (m *mortal) before() (after func()) {
	m.life.pass()
	if m.inside {
		return func() {}
	}
	return m.life.pass
}

func (m *mortal) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	defer m.before()()
	return m.Adapter.Create(ctx, row)
}

func (m *mortal) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	defer m.before()()
	return m.Adapter.FindOne(ctx, q)
}

func (m *mortal) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	defer m.before()()
	return m.Adapter.FindMany(ctx, q)
}

func (m *mortal) Count(ctx context.Context, table *schema.Table, where []database.Where) (int64, error) {
	defer m.before()()
	return m.Adapter.Count(ctx, table, where)
}

func (m *mortal) Update(ctx context.Context, where []database.Where, set schema.Row) (*schema.Row, error) {
	defer m.before()()
	return m.Adapter.Update(ctx, where, set)
}

func (m *mortal) UpdateMany(ctx context.Context, where []database.Where, set schema.Row) (int64, error) {
	defer m.before()()
	return m.Adapter.UpdateMany(ctx, where, set)
}

func (m *mortal) Delete(ctx context.Context, table *schema.Table, where []database.Where) error {
	defer m.before()()
	return m.Adapter.Delete(ctx, table, where)
}

func (m *mortal) DeleteMany(ctx context.Context, table *schema.Table, where []database.Where) (int64, error) {
	defer m.before()()
	return m.Adapter.DeleteMany(ctx, table, where)
}

func (m *mortal) ConsumeOne(ctx context.Context, table *schema.Table, where []database.Where) (*schema.Row, error) {
	defer m.before()()
	return m.Adapter.ConsumeOne(ctx, table, where)
}

func (m *mortal) IncrementOne(ctx context.Context, where []database.Where, add []database.Increment, set schema.Row) (*schema.Row, error) {
	defer m.before()()
	return m.Adapter.IncrementOne(ctx, where, add, set)
}

func (m *mortal) Transaction(ctx context.Context, fn func(database.Adapter) error) error {
	defer m.before()()
	return m.Adapter.Transaction(ctx, func(tx database.Adapter) error {
		err := fn(&mortal{tx, m.life, true})
		m.life.pass() // before the commit
		return err
	})
}

// crashSite sets what parent and child have in common.
func crashSite(open func() (database.Adapter, error), provider string) setting {
	return func(s *server, o *ostiary.Options) {
		store, err := open()
		if err != nil {
			s.t.Fatal(err)
		}
		o.Database = store
		o.EmailAndPassword.RevokeSessionsOnPasswordReset = true
		o.EmailVerification.SendOnSignUp, o.EmailVerification.AutoSignIn = new(true), true
		o.Advanced.PrivateNetworks = []string{"127.0.0.0/8"}
		o.Plugins = []core.Plugin{
			twofactor.New(twofactor.Options{}),
			genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{{
				ID: "acme", ClientID: "id", ClientSecret: "secret", AuthorizationURL: provider + "/authorize", TokenURL: provider + "/token", UserInfoURL: provider + "/user",
			}}}),
		}
	}
}

func openStore(address string) (database.Adapter, error) {
	if strings.HasPrefix(address, "postgres://") {
		return postgres.Open(address)
	}
	return sqlite.Open(address), nil
}

// TestCrashChild is the child; it prints the mails that it sends, and "survived"
// when it did not come to its point.
func TestCrashChild(t *testing.T) {
	text := os.Getenv(crashEnv)
	if text == "" {
		return // this is the parent
	}
	var d doomed
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	l := &life{}
	s := newServer(t, crashSite(func() (database.Adapter, error) {
		store, err := openStore(d.Store)
		return &mortal{store, l, false}, err
	}, d.Provider))
	s.mails.announced = os.Stdout
	if _, err := s.Kernel().Users.ByEmail(t.Context(), "nobody@example.com"); err != nil { // connects
		t.Fatal(err)
	}
	c := s.client()
	c.header.Set("Cookie", d.Cookie)
	l.passed, l.end = 0, d.Point
	var r reply
	if d.Method == http.MethodGet {
		r = c.get(d.Path)
	} else {
		r = c.post(d.Path, d.Body)
	}
	fmt.Println("survived", r.status, r.header.Get("Location"), r.body)
}

// run runs a child to its end and returns what it printed.
func (d doomed) run(t *testing.T) (output string, survived bool) {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$")
	child.Env = append(os.Environ(), crashEnv+"="+string(text))
	out, err := child.CombinedOutput()
	survived = err == nil && strings.Contains(string(out), "survived ")
	if !survived && (child.ProcessState == nil || child.ProcessState.Exited()) {
		t.Fatalf("the child neither survived nor was it killed: %v\n%s", err, out)
	}
	return string(out), survived
}

// operation is a request that is to be all or nothing.
type operation struct {
	name string
	// postgres is whether it is also tried on PostgreSQL, where each child takes long.
	postgres bool
	// points is how many points it has at least.
	points int
	// prepare makes a user of that address, if it takes one, and returns the request.
	prepare func(s *server, email string) doomed
	// check looks at what a child left behind, and tries the request again.
	check func(t *testing.T, s *server, email string, d doomed, output string)
}

// crash interrupts an operation at every point, each time with another user.
func (o *operation) crash(t *testing.T, address string) {
	provider := newIdentityProvider(t)
	site := crashSite(func() (database.Adapter, error) { return openStore(address) }, provider)
	before := newServer(t, site)
	for point, survived := 1, false; !survived; point++ {
		email := fmt.Sprintf("user-%d@example.com", point)
		d := o.prepare(before, email)
		d.Point, d.Store, d.Provider = point, address, provider
		var output string
		output, survived = d.run(t)
		if survived && point <= o.points {
			t.Errorf("there are %d points, want at least %d", point-1, o.points)
		}
		t.Run(fmt.Sprint(point), func(t *testing.T) {
			after := newServer(t, site, func(_ *server, o *ostiary.Options) { o.Database = struct{ database.Adapter }{o.Database} }) // has its tables
			after.wantWhole(t)
			o.check(t, after, email, d, output)
			after.wantWhole(t)
		})
	}
}

// again sends the request of a child to another server.
func (d doomed) again(s *server) reply {
	s.t.Helper()
	c := s.client()
	c.header.Set("Cookie", d.Cookie)
	if d.Method == http.MethodGet {
		return c.get(d.Path)
	}
	return c.post(d.Path, d.Body)
}

// newIdentityProvider is a provider of social sign-in at which the code is the
// address of the user.
func newIdentityProvider(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(fields{"access_token": r.FormValue("code"), "token_type": "bearer"})
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
		email := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(fields{"id": "acme-" + email, "name": "N", "email": email, "email_verified": true})
	})
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	return listener.URL
}

// wantWhole checks that no user, account, session or second factor is without the
// others that belong to it.
func (s *server) wantWhole(t *testing.T) {
	t.Helper()
	canEnter, addresses := map[string]bool{}, map[string]bool{}
	for _, row := range s.rows(schema.UserKey) {
		canEnter[row.ID()] = false
		if email := row.StringAt(schema.UserEmail); addresses[email] {
			t.Errorf("%s stands twice", email)
		} else {
			addresses[email] = true
		}
	}
	accounts := map[string]bool{}
	for _, row := range s.rows(schema.AccountKey) {
		user := row.StringAt(schema.AccountUserID)
		if _, ok := canEnter[user]; !ok {
			t.Error("an account belongs to nobody")
		}
		canEnter[user] = true
		if key := fmt.Sprint(row.Get("providerId"), " ", row.Get("accountId")); accounts[key] {
			t.Errorf("the account %s stands twice", key)
		} else {
			accounts[key] = true
		}
	}
	for _, model := range []string{schema.SessionKey, "twoFactor"} {
		if s.Kernel().DB.Table(model) == nil {
			continue
		}
		for _, row := range s.rows(model) {
			user, _ := row.Get("userId").(string)
			if _, ok := canEnter[user]; !ok {
				t.Errorf("a row of %s belongs to nobody", model)
			}
		}
	}
	for id, can := range canEnter {
		if !can {
			t.Errorf("nobody can enter the account %s", id)
		}
	}
}

const otherPassword = "another good one"

// operations are those that write more than one row.
var operations = []operation{
	{"sign-up", true, 7, func(_ *server, email string) doomed {
		return doomed{Method: "POST", Path: "/sign-up/email", Body: fields{"name": "N", "email": email, "password": goodPassword}}
	}, func(t *testing.T, s *server, email string, d doomed, output string) {
		stored, err := s.Kernel().Users.ByEmail(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(output, "mail verification") && stored == nil {
			t.Error("a mail was sent for a sign-up that did not happen")
		}
		if stored == nil {
			d.again(s).ok(t)
		} else {
			d.again(s).want(t, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
		}
		c := s.client()
		c.signIn(email, goodPassword).ok(t)
		c.post("/send-verification-email", fields{"email": email}).ok(t)
		if s.mails.last(t, "verification").to != email {
			t.Error("the mail cannot be asked for again")
		}
	}},
	{"verification of the address", false, 4, func(s *server, email string) doomed {
		s.signUp(email)
		return doomed{Method: "GET", Path: s.pathIn(s.mails.last(s.t, "verification").url)}
	}, func(t *testing.T, s *server, email string, d doomed, _ string) {
		if r := d.again(s); r.status != 302 || strings.Contains(r.header.Get("Location"), "error") {
			t.Errorf("the link does not work again: %v", r)
		}
		if !s.userByEmail(email).EmailVerified {
			t.Error("the address is not verified")
		}
	}},
	{"password reset", true, 9, func(s *server, email string) doomed {
		s.signUp(email)
		s.client().post("/request-password-reset", fields{"email": email}).ok(s.t)
		return doomed{Method: "POST", Path: "/reset-password", Body: fields{"token": s.mails.last(s.t, "reset").token, "newPassword": otherPassword}}
	}, func(t *testing.T, s *server, email string, d doomed, _ string) {
		if s.client().signIn(email, goodPassword).status == 200 { // it did not happen, and can still
			s.client().signIn(email, otherPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
			d.again(s).ok(t)
		}
		d.again(s).want(t, 400, "INVALID_TOKEN")
		if n := s.sessionsOf(email); n != 0 {
			t.Errorf("%d sessions have outlived the reset", n)
		}
		s.client().signIn(email, goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		s.client().signIn(email, otherPassword).ok(t)
	}},
	{"change of the password", false, 9, func(s *server, email string) doomed {
		c := s.signUp(email)
		s.client().signIn(email, goodPassword).ok(s.t)
		body := fields{"currentPassword": goodPassword, "newPassword": otherPassword, "revokeOtherSessions": true}
		return doomed{Method: "POST", Path: "/change-password", Cookie: c.cookieHeader(), Body: body}
	}, func(t *testing.T, s *server, email string, d doomed, _ string) {
		right, wrong, sessions := otherPassword, goodPassword, 1
		if s.client().signIn(email, goodPassword).status == 200 {
			right, wrong, sessions = wrong, right, 3 // the two before and the one just now
		}
		if n := s.sessionsOf(email); n != sessions {
			t.Errorf("there are %d sessions, want %d", n, sessions)
		}
		s.client().signIn(email, wrong).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		s.client().signIn(email, right).ok(t)
	}},
	{"deletion of the user", false, 7, func(s *server, email string) doomed {
		return doomed{Method: "POST", Path: "/delete-user", Cookie: s.signUp(email).cookieHeader(), Body: fields{}}
	}, func(t *testing.T, s *server, email string, d doomed, _ string) {
		if stored, err := s.Kernel().Users.ByEmail(t.Context(), email); err != nil {
			t.Fatal(err)
		} else if stored != nil {
			c := s.client() // the session may have ended already, which goes first
			c.signIn(email, goodPassword).ok(t)
			c.post("/delete-user", fields{}).ok(t)
		}
		d.again(s).want(t, 401, "UNAUTHORIZED")
		s.client().signIn(email, goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	}},
	{"first sign-in with a provider", true, 9, func(s *server, email string) doomed {
		c, callback := s.atProvider(email)
		return doomed{Method: "GET", Path: callback, Cookie: c.cookieHeader()}
	}, func(t *testing.T, s *server, email string, _ doomed, _ string) {
		c, callback := s.atProvider(email)
		if at := c.get(callback).header.Get("Location"); at != "/in" {
			t.Errorf("signing in anew ends at %q", at)
		}
		if in := c.session(); in == nil || in.User.Email != email {
			t.Errorf("signed in as %v", in)
		}
	}},
	{"enabling a second factor", false, 5, func(s *server, email string) doomed {
		c := s.signUp(email)
		return doomed{Method: "POST", Path: "/two-factor/enable", Cookie: c.cookieHeader(), Body: fields{"password": goodPassword}}
	}, func(t *testing.T, s *server, email string, d doomed, _ string) {
		if r := s.client().signIn(email, goodPassword).ok(t); strings.Contains(r.body, "twoFactorRedirect") {
			t.Error("a code is wanted that nobody was told how to make")
		}
		d.again(s).ok(t)
	}},
	{"the first code of a second factor", false, 9, func(s *server, email string) doomed {
		c := s.signUp(email)
		var out twofactor.EnableOutput
		c.post("/two-factor/enable", fields{"password": goodPassword}).ok(s.t).decode(s.t, &out)
		return doomed{Method: "POST", Path: "/two-factor/verify-totp", Cookie: c.cookieHeader(), Body: fields{"code": s.codeOf(out.TOTPURI)}}
	}, func(t *testing.T, s *server, email string, d doomed, _ string) {
		c := s.client()
		if !strings.Contains(c.signIn(email, goodPassword).ok(t).body, "twoFactorRedirect") { // it did not happen, and can still
			d.again(s).ok(t)
			if c = s.client(); !strings.Contains(c.signIn(email, goodPassword).ok(t).body, "twoFactorRedirect") {
				t.Fatal("the second factor is not wanted")
			}
		}
		if c.session() != nil {
			t.Error("signed in without the second factor")
		}
		c.post("/two-factor/verify-totp", d.Body).ok(t)
		if c.session() == nil {
			t.Error("not signed in with the second factor")
		}
	}},
}

// atProvider begins to sign in with the provider and returns the browser and where
// the provider sends it back to.
func (s *server) atProvider(email string) (*client, string) {
	s.t.Helper()
	c := s.client()
	var out struct{ URL string }
	c.post("/sign-in/social", fields{"provider": "acme", "callbackURL": "/in", "errorCallbackURL": "/oops"}).ok(s.t).decode(s.t, &out)
	u, err := url.Parse(out.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return c, "/callback/acme?code=" + url.QueryEscape(email) + "&state=" + url.QueryEscape(u.Query().Get("state"))
}

// codeOf returns what an authenticator app shows that has read a URI.
func (s *server) codeOf(uri string) string {
	s.t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := ostiary.Invoke(s.t.Context(), s.Auth, twofactor.GenerateTOTP, twofactor.GenerateTOTPInput{Secret: "base32:" + u.Query().Get("secret")})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Value.Code
}

// pathIn returns what follows the base path in a link.
func (s *server) pathIn(link string) string {
	s.t.Helper()
	path, ok := strings.CutPrefix(link, s.url+basePath)
	if !ok {
		s.t.Fatalf("the link %q does not lead to the server", link)
	}
	return path
}

func (s *server) sessionsOf(email string) int {
	s.t.Helper()
	n, id := 0, s.userByEmail(email).ID
	for _, row := range s.rows(schema.SessionKey) {
		if row.StringAt(schema.SessionUserID) == id {
			n++
		}
	}
	return n
}

func TestACrashAtAnyPointLeavesAllOrNothing(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			t.Run("sqlite", func(t *testing.T) { o.crash(t, filepath.Join(t.TempDir(), "auth.db")) })
			if o.postgres {
				t.Run("postgres", func(t *testing.T) { o.crash(t, testservice.Postgres(t)) })
			}
		})
	}
}
