package ostiary_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

func TestSignUpStoresOneUserOneAccountAndSignsIn(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		c := s.client()
		var out api.SignUpEmailOutput
		c.post("/sign-up/email", fields{"name": "Ada", "email": "Ada@Example.com", "password": goodPassword}).ok(t).decode(t, &out)
		s.wantRows(1, 1, 1)
		if out.User.Email != "ada@example.com" || out.User.EmailVerified {
			t.Errorf("the new user is %+v, want a lower-case address that is not verified", out.User)
		}
		if id := c.session(); id == nil || id.User.ID != out.User.ID || id.Session.Token != *out.Token {
			t.Errorf("get-session answers %+v", id)
		}
	})
}

func TestSignUpWorksOverARealConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite).overNetwork()
	c := s.signUp("ada@example.com")
	if c.session() == nil {
		t.Error("nobody is signed in after sign-up")
	}
	c.post("/sign-out", nil).ok(t)
	if c.session() != nil {
		t.Error("somebody is signed in after sign-out")
	}
}

func TestSR_001_PasswordsBelowTheMinimumAreRefusedWhereverOneIsSet(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.signUp("ada@example.com")
	reset := func() string {
		c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		return s.mails.last(t, "reset").token
	}
	set := map[string]func(password string) reply{
		"sign-up": func(p string) reply {
			return s.client().post("/sign-up/email", fields{"name": "B", "email": "b@example.com", "password": p})
		},
		"reset": func(p string) reply {
			return s.client().post("/reset-password", fields{"newPassword": p, "token": reset()})
		},
		"change": func(p string) reply {
			return c.post("/change-password", fields{"newPassword": p, "currentPassword": goodPassword})
		},
	}
	for name, set := range set {
		set("1234567").want(t, 400, "PASSWORD_TOO_SHORT")
		set(strings.Repeat("x", 129)).want(t, 400, "PASSWORD_TOO_LONG")
		if name == "change" {
			continue // the others have changed the password by then
		}
		set("12345678").ok(t)
	}
}

// longPasswordRoutes are all routes that take a password, with a body in which
// it is the only thing wrong.
func longPasswordRoutes(p string) map[string]fields {
	return map[string]fields{
		"/sign-up/email":   {"name": "B", "email": "b@example.com", "password": p},
		"/sign-in/email":   {"email": "ada@example.com", "password": p},
		"/reset-password":  {"newPassword": p, "token": "whatever"},
		"/change-password": {"newPassword": goodPassword, "currentPassword": p},
		"/verify-password": {"password": p},
		"/delete-user":     {"password": p},
	}
}

func TestSR_002_OverlongPasswordsAreRefusedBeforeAnyHashing(t *testing.T) {
	t.Parallel()
	for _, length := range []int{129, 1_000_000} {
		s := newServer(t)
		c := s.signUp("ada@example.com")
		before := s.hasher.work()
		for path, body := range longPasswordRoutes(strings.Repeat("x", length)) {
			c.post(path, body).want(t, 400, "PASSWORD_TOO_LONG")
		}
		c.post("/change-password", fields{"newPassword": strings.Repeat("x", length), "currentPassword": goodPassword}).want(t, 400, "PASSWORD_TOO_LONG")
		if worked := s.hasher.work() - before; worked != 0 {
			t.Errorf("%d hashes were computed for passwords of %d characters, want none", worked, length)
		}
		s.wantRows(1, 1, 1)
	}
}

func TestSR_003_LengthIsCountedInUTF16UnitsAndNothingIsCutOff(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.client()
	sign := func(email, p string) reply {
		return c.post("/sign-up/email", fields{"name": "N", "email": email, "password": p})
	}
	sign("a@example.com", strings.Repeat("😀", 64)).ok(t)
	sign("b@example.com", strings.Repeat("😀", 65)).want(t, 400, "PASSWORD_TOO_LONG")
	sign("c@example.com", "password\x00a").ok(t)
	c.signIn("c@example.com", "password\x00b").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	c.signIn("c@example.com", "PASSWORD\x00a").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	c.signIn("c@example.com", "password\x00a").ok(t)
}

func TestSR_004_SR_005_AnyCharactersMakeAPassword(t *testing.T) {
	t.Parallel()
	// The real hasher, because normalisation is its business.
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.EmailAndPassword.Hasher = nil })
	c := s.client()
	for email, pair := range map[string][2]string{
		"spaces@example.com":   {`"        "`, `"        "`},
		"digits@example.com":   {`"12345678"`, `"12345678"`},
		"compat@example.com":   {`"ﬁxed width １"`, `"fixed width 1"`},
		"lone@example.com":     {`"lone \ud800 half"`, `"lone \ud800 half"`},
		"combined@example.com": {`"e\u0301e\u0301e\u0301e\u0301"`, `"\u00e9\u00e9\u00e9\u00e9\u00e9"`},
	} {
		set, given := pair[0], pair[1]
		body := `{"name":"N","email":"` + email + `","password":` + set + `}`
		c.do(c.request(http.MethodPost, "/sign-up/email", []byte(body))).ok(t)
		body = `{"email":"` + email + `","password":` + given + `}`
		want := http.StatusOK
		if email == "combined@example.com" {
			want = http.StatusUnauthorized // one é more
		}
		if r := c.do(c.request(http.MethodPost, "/sign-in/email", []byte(body))); r.status != want {
			t.Errorf("%s: sign-in with %s answers %v, want %d", email, given, r, want)
		}
	}
}

func TestSR_027_SignUpDoesNotRevealWhoExistsWhereThatIsHidden(t *testing.T) {
	t.Parallel()
	fieldsOfUser := []schema.Field{
		{Name: "plan", Default: "free", NoInput: true},
		{Name: "nickname", Optional: true},
		{Name: "age", Type: schema.Number, Optional: true},
		{Name: "news", Type: schema.Boolean, Default: true},
		{Name: "internalNote", Optional: true, Hidden: true},
		{Name: "score", Type: schema.Number, Optional: true, NoInput: true},
	}
	modes := map[string]setting{
		"verification required": func(_ *server, o *ostiary.Options) { o.EmailAndPassword.RequireEmailVerification = true },
		"no automatic sign-in":  func(_ *server, o *ostiary.Options) { o.EmailAndPassword.AutoSignIn = new(false) },
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEveryStore(t, func(t *testing.T, store setting) {
				s := newServer(t, store, mode, func(_ *server, o *ostiary.Options) { o.User.Fields = fieldsOfUser })
				for _, extra := range []fields{{}, {"nickname": "x", "age": 41}, {"image": "https://example.com/i.png", "news": false}, {"nickname": nil}} {
					s.clock.Advance(1)
					body := fields{"name": "Ada", "email": "known@example.com", "password": goodPassword}
					for k, v := range extra {
						body[k] = v
					}
					first := s.client().post("/sign-up/email", withEmail(body, "new"+idOf(extra)+"@example.com"))
					body["email"] = "known@example.com"
					s.client().post("/sign-up/email", body) // makes it known, the first time
					work := s.hasher.work()
					second := s.client().post("/sign-up/email", body)
					if s.hasher.work() != work+1 {
						t.Error("an address that is taken costs no hash")
					}
					if diff := cmp.Diff(maskIdentity(first), maskIdentity(second)); diff != "" {
						t.Errorf("a taken address is answered otherwise (-new +taken):\n%s", diff)
					}
				}
			})
		})
	}
}

func withEmail(body fields, email string) fields {
	body["email"] = email
	return body
}

func idOf(f fields) string {
	id := "x"
	for k := range f {
		id += k
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, id)
}

var (
	idPattern    = regexp.MustCompile(`"id":"[A-Za-z0-9]{32}"`)
	emailPattern = regexp.MustCompile(`"email":"[^"]*"`)
)

// maskIdentity returns an answer without what must differ between two users.
func maskIdentity(r reply) []string {
	body := emailPattern.ReplaceAllString(idPattern.ReplaceAllString(r.body, `"id":"…"`), `"email":"…"`)
	out := []string{r.String()[:3], body}
	for _, name := range []string{"Set-Cookie", "Content-Type", "Cache-Control", "Location"} {
		out = append(out, name+": "+strings.Join(r.header[name], "|"))
	}
	return out
}

func TestSignUpThatFailsHalfWayStoresNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	for _, model := range []string{schema.UserKey, schema.AccountKey, schema.SessionKey} {
		for name, failure := range map[string]error{"aborts": core.ErrAbort, "fails": broken, "refuses": core.FailWith(418, "TEAPOT", "No")} {
			t.Run(model+" hook "+name, func(t *testing.T) {
				t.Parallel()
				onEveryStore(t, func(t *testing.T, store setting) {
					s := newServer(t, store, func(_ *server, o *ostiary.Options) {
						o.DatabaseHooks = []core.DatabaseHook{{Model: model, BeforeCreate: func(context.Context, schema.Row) error { return failure }}}
					})
					c := s.client()
					r := c.post("/sign-up/email", fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword})
					if r.status == http.StatusOK || len(r.header["Set-Cookie"]) > 0 || strings.Contains(r.body, broken.Error()) {
						t.Errorf("sign-up answers %v with cookies %v", r, r.header["Set-Cookie"])
					}
					s.wantRows(0, 0, 0)
				})
			})
		}
	}
}

func TestClientsCannotSetFieldsOfTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, func(_ *server, o *ostiary.Options) {
		o.User.Fields = []schema.Field{{Name: "role", Default: "user", NoInput: true}}
		o.Session.Fields = []schema.Field{{Name: "level", Optional: true, NoInput: true}, {Name: "theme", Optional: true}}
	})
	c := s.client()
	evil := fields{
		"id": "my-own-id", "emailVerified": true, "createdAt": "2001-01-01T00:00:00.000Z", "updatedAt": "2001-01-01T00:00:00.000Z",
		"role": "admin", "userId": "x", "__proto__": fields{"role": "admin"}, "constructor": fields{"prototype": fields{"role": "admin"}},
		"banned": false, "twoFactorEnabled": true,
	}
	body := fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword}
	for k, v := range evil {
		body[k] = v
	}
	c.post("/sign-up/email", body).ok(t)
	u := s.userByEmail("ada@example.com")
	if u.ID == "my-own-id" || u.EmailVerified || u.Extra["role"] != "user" || u.CreatedAt.Year() == 2001 {
		t.Errorf("sign-up stored %+v", u)
	}
	delete(evil, "role")
	c.post("/update-user", evil).want(t, 400, "")
	c.post("/update-user", fields{"role": "admin"}).want(t, 400, "FIELD_NOT_ALLOWED")
	session := c.session().Session
	c.post("/update-session", fields{"level": "high"}).want(t, 400, "FIELD_NOT_ALLOWED")
	c.post("/update-session", fields{"userId": "x", "token": "y", "expiresAt": "2099-01-01T00:00:00.000Z", "id": "z"}).want(t, 400, "")
	c.post("/update-session", fields{"theme": "dark", "userId": "x", "token": "y", "expiresAt": "2099-01-01T00:00:00.000Z", "id": "z"}).ok(t)
	after := c.session().Session
	session.Extra, after.Extra = nil, nil
	session.UpdatedAt, after.UpdatedAt = session.CreatedAt, session.CreatedAt
	if diff := cmp.Diff(session, after); diff != "" {
		t.Errorf("update-session changed fields of the server:\n%s", diff)
	}
	if u := s.userByEmail("ada@example.com"); u.EmailVerified || u.Extra["role"] != "user" {
		t.Errorf("update-user stored %+v", u)
	}
}
