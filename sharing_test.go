package ostiary_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/internal/betterauth"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/plugins/genericoauth"
	"github.com/ostiary/ostiary/schema"
)

const sharedURL = "http://localhost:3000"

// sharedDatabases open databases for Ostiary, and name them as Better Auth does.
var sharedDatabases = map[string]func(t *testing.T) (a database.Adapter, address string){
	"sqlite": func(t *testing.T) (database.Adapter, string) {
		path := filepath.Join(t.TempDir(), "shared.db")
		return sqlite.Open(path), path
	},
	"postgres": func(t *testing.T) (database.Adapter, string) {
		dsn := testservice.Postgres(t)
		return opened(t, func() (database.Adapter, error) { return postgres.Open(dsn) }), dsn
	},
	"mariadb": func(t *testing.T) (database.Adapter, string) {
		dsn := testservice.MariaDB(t)
		c, err := mysqldriver.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		address := url.URL{Scheme: "mysql", User: url.UserPassword(c.User, c.Passwd), Host: c.Addr, Path: "/" + c.DBName}
		return opened(t, func() (database.Adapter, error) { return mysql.Open(dsn) }), address.String()
	},
}

// sharing is a database that Better Auth and Ostiary use at once.
type sharing struct {
	*betterauth.Pair
	t     *testing.T
	auth  *ostiary.Auth
	maker string // of the tables
	mails *sharedOutbox
}

// Better Auth and Ostiary work on one live database, whoever made its tables: what
// one of them does with users, passwords, sessions, single-use values, accounts
// and limits holds for the other one.
func TestBetterAuthOnTheSameDatabase(t *testing.T) {
	t.Parallel()
	for name, open := range sharedDatabases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range share(t, open) {
				t.Run(s.name, func(t *testing.T) {
					s.t, s.Pair = t, s.In(t)
					if s.ids != schema.TextIDs {
						s.signUps()
						return
					}
					for i, order := range betterauth.Orders {
						one, other := order[0], order[1]
						email := fmt.Sprintf("user%d@example.com", i)
						first := s.users(email, one, other)
						b := s.passwords(first, email, one, other)
						s.addresses(b, email, one, other)
						s.accounts(b, email, one, other)
						s.deletion(b, first, email, one, other)
					}
					s.limits()
				})
			}
		})
	}
}

// variant is who makes the tables, with which ids.
type variant struct {
	*sharing
	name string
	ids  schema.IDStrategy
}

// share starts every variant on a database of its own.
func share(t *testing.T, open func(*testing.T) (database.Adapter, string)) []variant {
	t.Helper()
	mails := &sharedOutbox{}
	outbox := httptest.NewServer(mails)
	provider := httptest.NewServer(http.HandlerFunc(acme))
	t.Cleanup(func() { outbox.Close(); provider.Close() })

	var variants []variant
	var servers []betterauth.Server
	for _, ids := range []schema.IDStrategy{schema.TextIDs, schema.UUIDs, schema.SerialIDs} {
		for _, maker := range []string{betterauth.Ours, betterauth.Theirs} {
			db, address := open(t)
			auth := newSharing(t, db, ids, mails, provider.URL)
			if maker == betterauth.Ours {
				if err := auth.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			name := strings.TrimSpace(fmt.Sprintf("tables of %s %s", maker, ids))
			variants = append(variants, variant{&sharing{t: t, auth: auth, maker: maker, mails: mails}, name, ids})
			servers = append(servers, betterauth.Server{
				BaseURL: sharedURL, Secret: testSecret, Database: address, Migrate: maker == betterauth.Theirs,
				IDs: string(ids), RateLimit: "database", Outbox: outbox.URL, Fields: theirFields, Provider: map[string]any{
					"providerId": "acme", "clientId": "client", "clientSecret": "secret", "scopes": []string{"profile"},
					"authorizationUrl": provider.URL + "/authorize", "tokenUrl": provider.URL + "/token", "userInfoUrl": provider.URL + "/user",
				},
			})
		}
	}
	for i, started := range betterauth.Start(t, servers...) {
		here := httptest.NewServer(variants[i].auth)
		t.Cleanup(here.Close)
		variants[i].Pair = betterauth.NewPair(t, sharedURL, here.URL, started.Address)
		variants[i].nothingIsMissing(t, started.Lacked)
	}
	return variants
}

// The same fields, in the words of each.
var (
	ourFields = []schema.Field{
		{Name: "age", Type: schema.Number, Optional: true},
		{Name: "quota", Type: schema.Number, BigInt: true, Optional: true},
		{Name: "staff", Type: schema.Boolean, Optional: true},
		{Name: "born", Type: schema.Date, Optional: true},
		{Name: "tags", Type: schema.StringArray, Optional: true},
		{Name: "scores", Type: schema.NumberArray, Optional: true},
		{Name: "settings", Type: schema.JSON, Optional: true},
		{Name: "plan", Values: []string{"free", "pro"}, Optional: true, Column: "plan_name"},
	}
	theirFields = map[string]any{
		"age":      map[string]any{"type": "number", "required": false},
		"quota":    map[string]any{"type": "number", "bigint": true, "required": false},
		"staff":    map[string]any{"type": "boolean", "required": false},
		"born":     map[string]any{"type": "date", "required": false},
		"tags":     map[string]any{"type": "string[]", "required": false},
		"scores":   map[string]any{"type": "number[]", "required": false},
		"settings": map[string]any{"type": "json", "required": false},
		"plan":     map[string]any{"type": []string{"free", "pro"}, "required": false, "fieldName": "plan_name"},
	}
	fieldValues = map[string]any{
		"age": 36, "quota": 1 << 52, "staff": true, "born": "1985-12-10T11:22:33.444Z", "tags": []any{"a", "ö, \"🦉\""},
		"scores": []any{1, -2.5}, "settings": map[string]any{"theme": "dark", "deep": []any{1, nil, "x"}}, "plan": "pro",
	}
)

func newSharing(t *testing.T, db database.Adapter, ids schema.IDStrategy, mails *sharedOutbox, provider string) *ostiary.Auth {
	t.Helper()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL: ostiary.StaticURL(sharedURL), Secret: testSecret, Development: true, Database: db, IDs: ids,
		EmailAndPassword: emailpassword.Options{Enabled: true, SendResetPassword: func(_ context.Context, m emailpassword.ResetMail) error {
			return mails.add(sharedMail{"reset", m.User.Email, m.Token})
		}},
		EmailVerification: emailverification.Options{Send: func(_ context.Context, m emailverification.Mail) error {
			return mails.add(sharedMail{"verification", m.User.Email, m.Token})
		}},
		User: ostiary.UserOptions{Fields: ourFields, Options: user.Options{
			ChangeEmail: user.ChangeEmailOptions{Enabled: true}, DeleteUser: user.DeleteUserOptions{Enabled: true},
		}},
		RateLimit:           core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 20, Storage: core.RateLimitInDatabase},
		AcceptForeignStates: true,
		Plugins: []core.Plugin{genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{{
			ID: "acme", ClientID: "client", ClientSecret: "secret", Scopes: []string{"profile"},
			AuthorizationURL: provider + "/authorize", TokenURL: provider + "/token", UserInfoURL: provider + "/user",
		}}})},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return auth
}

// nothingIsMissing: neither of them finds anything missing in the tables that the
// other one has made, but for the indexes by which Ostiary finds expired rows and
// counters.
func (s *sharing) nothingIsMissing(t *testing.T, lacked string) {
	t.Helper()
	if s.maker == betterauth.Ours && lacked != ";" {
		t.Errorf("Better Auth misses in the tables of Ostiary: %s", lacked)
	}
	plan, err := s.auth.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var indexes []string
	for _, name := range regexp.MustCompile(`(?m)^create index .(\w+)`).FindAllStringSubmatch(plan.SQL(), -1) {
		indexes = append(indexes, name[1])
	}
	want := []string{"rateLimit_lastRequest_idx", "session_expiresAt_idx", "verification_expiresAt_idx"}
	if s.maker == betterauth.Ours {
		want = nil
	}
	slices.Sort(indexes)
	if !slices.Equal(indexes, want) || strings.Count(plan.SQL(), ";") != len(want) || len(plan.Findings) > 0 {
		t.Errorf("Ostiary misses in the tables of %s: %s\nand finds %v", s.maker, plan.SQL(), plan.Findings)
	}
	if err := s.auth.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
}

// agree: both servers give the same answer, which is returned.
func (s *sharing) agree(b *betterauth.Browser, path string) any {
	s.t.Helper()
	var answers [2]any
	for i, server := range betterauth.Orders[0] {
		if err := json.Unmarshal([]byte(b.Must(server, http.MethodGet, path, nil)), &answers[i]); err != nil {
			s.t.Fatal(err)
		}
		asNumber(answers[i])
		if list, isList := answers[i].([]any); isList {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	if diff := cmp.Diff(answers[0], answers[1]); diff != "" {
		s.t.Fatalf("%s: Ostiary (-) and Better Auth (+) differ:\n%s", path, diff)
	}
	return answers[0]
}

// asNumber makes the big number of a user one: on PostgreSQL Better Auth answers
// with its digits as text.
func asNumber(answer any) {
	session, _ := answer.(map[string]any)
	user, _ := session["user"].(map[string]any)
	if digits, isText := user["quota"].(string); isText {
		user["quota"], _ = strconv.ParseFloat(digits, 64)
	}
}

// signedIn returns who is signed in, on which both servers agree; nil for nobody.
func (s *sharing) signedIn(b *betterauth.Browser) map[string]any {
	s.t.Helper()
	session, _ := s.agree(b, "/get-session").(map[string]any)
	who, _ := session["user"].(map[string]any)
	return who
}

func (s *sharing) signUp(server, email string) *betterauth.Browser {
	b := s.Browser()
	b.Must(server, http.MethodPost, "/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": goodPassword})
	return b
}

// signUps: with ids that the database makes, too, users and sessions are one.
func (s *variant) signUps() {
	one, other := betterauth.Ours, betterauth.Theirs
	if s.maker == one {
		one, other = other, one
	}
	const email = "ada@example.com"
	first := s.signUp(one, email)
	if who := s.signedIn(first); who["email"] != email {
		s.t.Fatalf("a session of %s is that of %v", one, who)
	}
	s.SignIn(other, email, goodPassword)
	if sessions, _ := s.agree(first, "/list-sessions").([]any); len(sessions) != 2 {
		s.t.Errorf("%d sessions", len(sessions))
	}
	s.agree(first, "/list-accounts")
	first.Must(other, http.MethodPost, "/sign-out", map[string]any{})
	if who := s.signedIn(first); who != nil {
		s.t.Errorf("a session that has ended at %s is that of %v", other, who)
	}
}

// users: what one server does with users and sessions, the other one sees. It
// returns a browser that is signed in.
func (s *sharing) users(email, one, other string) *betterauth.Browser {
	t := s.t
	t.Helper()
	first := s.signUp(one, email)
	if who := s.signedIn(first); who["email"] != email || who["emailVerified"] != false || who["plan"] != nil {
		t.Fatalf("a session of %s is that of %v", one, who)
	}
	second := s.SignIn(other, strings.ToUpper(email), goodPassword)
	s.signedIn(second)
	if sessions, _ := s.agree(first, "/list-sessions").([]any); len(sessions) != 2 {
		t.Errorf("%d sessions", len(sessions))
	}

	first.Must(one, http.MethodPost, "/update-user", fieldValues)
	first.Must(other, http.MethodPost, "/update-user", map[string]any{"name": "Ada L.", "image": "https://example.com/ada.png"})
	who := s.signedIn(second)
	want := map[string]any{"name": "Ada L.", "image": "https://example.com/ada.png"}
	encoded, err := json.Marshal(fieldValues)
	if err == nil {
		err = json.Unmarshal(encoded, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if diff := cmp.Diff(value, who[name]); diff != "" {
			t.Errorf("%s that %s has set (-) is (+):\n%s", name, one, diff)
		}
	}
	return first
}

const changedPassword, resetPassword = goodPassword + " 2", goodPassword + " 3"

// passwords: the one that was set last is everybody's, and a token for setting one
// can be used once, by whomever it was made. It returns a browser that is signed
// in.
func (s *sharing) passwords(first *betterauth.Browser, email, one, other string) *betterauth.Browser {
	t := s.t
	t.Helper()
	before := first.Copy()
	first.Must(one, http.MethodPost, "/change-password", map[string]any{
		"currentPassword": goodPassword, "newPassword": changedPassword, "revokeOtherSessions": true,
	})
	if s.signedIn(before) != nil || s.signedIn(first) == nil {
		t.Errorf("after the change at %s the wrong sessions live", one)
	}
	if status, text := s.Browser().Ask(other, http.MethodPost, "/sign-in/email", map[string]any{"email": email, "password": goodPassword}); status != http.StatusUnauthorized {
		t.Errorf("%s takes a password that was changed at %s: %d %s", other, one, status, text)
	}
	b := s.SignIn(other, email, changedPassword)
	first.Must(one, http.MethodPost, "/revoke-session", map[string]any{"token": b.Token()})
	if who := s.signedIn(b); who != nil {
		t.Errorf("a session that %s has ended is that of %v", one, who)
	}

	b.Must(one, http.MethodPost, "/request-password-reset", map[string]any{"email": email, "redirectTo": "/reset"})
	reset := map[string]any{"newPassword": resetPassword, "token": s.mails.last(t, "reset", email)}
	b.Must(other, http.MethodPost, "/reset-password", reset)
	for _, server := range []string{one, other} {
		if status, text := b.Ask(server, http.MethodPost, "/reset-password", reset); status != http.StatusBadRequest {
			t.Errorf("%s takes a token twice: %d %s", server, status, text)
		}
	}
	if b = s.SignIn(one, email, resetPassword); s.signedIn(b) == nil {
		t.Error("the password that was reset does not sign in")
	}
	return b
}

// addresses: a link that one server mails, the other one follows.
func (s *sharing) addresses(b *betterauth.Browser, email, one, other string) {
	t := s.t
	t.Helper()
	b.Must(one, http.MethodPost, "/send-verification-email", map[string]any{"email": email})
	b.Must(other, http.MethodGet, "/verify-email?token="+url.QueryEscape(s.mails.last(t, "verification", email)), nil)
	if who := s.signedIn(b); who["emailVerified"] != true {
		t.Errorf("an address that %s has verified: %v", other, who)
	}
	b.Must(one, http.MethodPost, "/change-email", map[string]any{"newEmail": "new-" + email})
	b.Must(other, http.MethodGet, "/verify-email?token="+url.QueryEscape(s.mails.last(t, "verification", "new-"+email)), nil)
	if who := s.signedIn(b); who["email"] != "new-"+email {
		t.Errorf("an address that %s has changed: %v", other, who)
	}
}

// accounts: a sign-in with a provider that begins at one server ends at the other
// one, and both know the accounts.
func (s *sharing) accounts(b *betterauth.Browser, email, one, other string) {
	t := s.t
	t.Helper()
	name := "acme-of-" + email
	first, second := s.Browser(), s.Browser()
	s.throughProvider(first, one, other, "/sign-in/social", name)
	s.throughProvider(second, other, one, "/sign-in/social", name)
	who := s.signedIn(first)
	if again := s.signedIn(second); who["id"] == nil || who["id"] != again["id"] || who["email"] != name {
		t.Errorf("one account at %s, begun at %s, is of %v and %v", other, one, who, again)
	}

	s.throughProvider(b, one, other, "/link-social", "new-"+email)
	accounts, _ := s.agree(b, "/list-accounts").([]any)
	if len(accounts) != 2 {
		t.Fatalf("after linking: %v", accounts)
	}
	for _, account := range accounts {
		if account, _ := account.(map[string]any); account["providerId"] == "acme" {
			b.Must(other, http.MethodPost, "/unlink-account", map[string]any{"accountId": account["id"]})
		}
	}
	if accounts, _ := s.agree(b, "/list-accounts").([]any); len(accounts) != 1 {
		t.Errorf("after unlinking: %v", accounts)
	}
}

// throughProvider signs in at the provider, as a user who is named by an address.
func (s *sharing) throughProvider(b *betterauth.Browser, begin, end, path, email string) {
	s.t.Helper()
	var out struct{ URL string }
	if err := json.Unmarshal([]byte(b.Must(begin, http.MethodPost, path, map[string]any{"provider": "acme", "callbackURL": "/done"})), &out); err != nil {
		s.t.Fatal(err)
	}
	to, err := url.Parse(out.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	back := url.Values{"code": {email}, "state": {to.Query().Get("state")}}
	if done := b.Follow(end, "/callback/acme?"+back.Encode()); !strings.HasSuffix(done, "/done") {
		s.t.Fatalf("%s, begun at %s, ends at %s", path, begin, done)
	}
}

// acme is a provider whose codes and tokens are the addresses of its users.
func acme(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"access_token": r.FormValue("code"), "refresh_token": "r", "token_type": "Bearer", "expires_in": 3600}
	if r.URL.Path == "/user" {
		email := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		answer = map[string]any{"id": "id of " + email, "email": email, "email_verified": true, "name": "Grace"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// deletion: a user whom one server has deleted is unknown to the other one.
func (s *sharing) deletion(b, elsewhere *betterauth.Browser, email, one, other string) {
	t := s.t
	t.Helper()
	id := s.signedIn(elsewhere)["id"]
	b.Must(one, http.MethodPost, "/delete-user", map[string]any{})
	if who := s.signedIn(elsewhere); id == nil || who != nil {
		t.Errorf("%v, whom %s has deleted, is signed in at %s: %v", id, one, other, who)
	}
	k := s.auth.Kernel()
	for _, key := range []string{schema.SessionKey, schema.AccountKey} {
		if n, err := k.DB.Count(t.Context(), k.DB.Schema().Table(key), database.Eq("userId", id)); err != nil || n != 0 {
			t.Errorf("%d rows of %s are left (%v)", n, key, err)
		}
	}
	again := s.signUp(other, "new-"+email)
	copied := again.Copy()
	again.Must(one, http.MethodPost, "/sign-out", map[string]any{})
	if who := s.signedIn(copied); who != nil {
		t.Errorf("a session that %s has ended is that of %v", one, who)
	}
}

// limits: both count the requests of a client together.
func (s *sharing) limits() {
	var statuses []int
	for i := range 24 {
		status, _ := s.Browser().AskAs("203.0.113.77", betterauth.Orders[i%2][0], http.MethodGet, "/list-accounts", nil)
		statuses = append(statuses, status)
	}
	want := append(slices.Repeat([]int{http.StatusUnauthorized}, 20), slices.Repeat([]int{http.StatusTooManyRequests}, 4)...)
	if !slices.Equal(statuses, want) {
		s.t.Errorf("the answers are %v", statuses)
	}
}

// sharedMail is a mail of one of the servers.
type sharedMail struct{ Kind, Email, Token string }

// sharedOutbox has the mails of all servers.
type sharedOutbox struct {
	mu    sync.Mutex
	mails []sharedMail
}

func (o *sharedOutbox) add(m sharedMail) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m)
	return nil
}

// ServeHTTP takes the mails of Better Auth.
func (o *sharedOutbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m sharedMail
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(body)).Decode(&m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = o.add(m)
}

// last returns the token in the last mail of a kind to an address.
func (o *sharedOutbox) last(t *testing.T, kind, email string) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range slices.Backward(o.mails) {
		if m.Kind == kind && m.Email == email {
			return m.Token
		}
	}
	t.Fatalf("no mail of kind %q to %s", kind, email)
	return ""
}
