package hooks_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// Only addresses of one domain may sign up.
func Example_domainRestriction() {
	auth := newAuth(hooks.Before(api.SignUpEmail, func(_ *core.Context, in *api.SignUpEmailInput) error {
		if !strings.HasSuffix(in.Email, "@example.com") {
			return core.FailWith(http.StatusBadRequest, "DOMAIN_NOT_ALLOWED", "Email must end with @example.com")
		}
		return nil
	}))
	defer auth.close()
	show(auth.post("/sign-up/email", `{"name":"Eve","email":"eve@elsewhere.net","password":"correct horse"}`))
	show(auth.post("/sign-up/email", `{"name":"Eve"}`)) // the hook sees what was received, whatever that is
	// Output:
	// 400 {"message":"Email must end with @example.com","code":"DOMAIN_NOT_ALLOWED"}
	// 400 {"message":"Email must end with @example.com","code":"DOMAIN_NOT_ALLOWED"}
}

// What a hook changes in the input is what the endpoint gets.
func Example_changedName() {
	auth := newAuth(hooks.Before(api.SignUpEmail, func(_ *core.Context, in *api.SignUpEmailInput) error {
		in.Name = "John Doe"
		return nil
	}))
	defer auth.close()
	out, err := auth.API.SignUpEmail(context.Background(), ada)
	fmt.Println(out.User.Name, out.User.Email, err)
	// Output: John Doe ada@example.com <nil>
}

// A hook for many routes changes the body as it was received.
func Example_changedNameUntyped() {
	auth := newAuth(hooks.BeforeMatching(signUps, func(c *core.Context) error {
		c.Change(core.Change{Body: map[string]any{"name": "John Doe"}})
		return nil
	}))
	defer auth.close()
	out, err := auth.API.SignUpEmail(context.Background(), ada)
	fmt.Println(out.User.Name, out.User.Email, err)
	// Output: John Doe ada@example.com <nil>
}

// A hook after sign-up tells somebody about the new user.
func Example_notificationAfterSignUp() {
	auth := newAuth(hooks.AfterMatching(signUps, func(c *core.Context) error {
		if c.NewSession != nil {
			fmt.Println("user-register", c.NewSession.User.Name)
		}
		return nil
	}))
	defer auth.close()
	auth.post("/sign-up/email", `{"name":"Eve"}`) // fails: nobody is told
	_, err := auth.API.SignUpEmail(context.Background(), ada)
	fmt.Println(err)
	// Output:
	// user-register Ada Lovelace
	// <nil>
}

// A before hook answers with JSON in the endpoint's place.
func Example_json() {
	auth := newAuth(hooks.Before(api.OK, func(*core.Context, *route.None) error {
		return core.RespondStatus(http.StatusAccepted, map[string]string{"message": "Hello World"})
	}))
	defer auth.close()
	show(auth.get("/ok"))
	// Output: 202 {"message":"Hello World"}
}

// A hook redirects. Cookies that it has set are kept.
func Example_redirect() {
	auth := newAuth(hooks.BeforeMatching(signUps, func(c *core.Context) error {
		return c.Redirect("/sign-up/name")
	}))
	defer auth.close()
	answer := auth.post("/sign-up/email", `{}`)
	fmt.Println(answer.Code, answer.Header().Get("Location"))
	// Output: 302 /sign-up/name
}

// Hooks set cookies and read them, plain or signed.
func Example_cookies() {
	theme := core.NewCookie("theme", core.CookieAttributes{Path: "/", MaxAge: new(int64(3600))})
	auth := newAuth(hooks.Before(api.OK, func(c *core.Context, _ *route.None) error {
		visits := c.DefineCookie("visits", 24*time.Hour) // named and with attributes like the others
		plain, _ := c.Cookie(theme.Name)
		signed, genuine := c.SignedCookie(visits.Name)
		fmt.Printf("received %q and %q, genuine: %v\n", plain, signed, genuine)
		return errors.Join(c.SetCookie(theme, "dark"), c.SetSignedCookie(visits, "1"))
	}))
	defer auth.close()
	answer := auth.get("/ok")
	fmt.Println(answer.Header()["Set-Cookie"][0])
	auth.get("/ok", answer.Result().Cookies()...)
	auth.get("/ok", &http.Cookie{Name: "__Secure-better-auth.visits", Value: "1000.forged"})
	// Output:
	// received "" and "", genuine: false
	// theme=dark; Max-Age=3600; Path=/
	// received "dark" and "1", genuine: true
	// received "" and "", genuine: false
}

// An error of the API is the answer; any other error is a 500 that says nothing.
func Example_errors() {
	auth := newAuth(hooks.BeforeAll(func(c *core.Context) error {
		switch c.Query.Get("name") {
		case "":
			return core.FailWith(http.StatusBadRequest, "MISSING_NAME", "Name is required")
		case "broken":
			return errors.New("the mail server is on fire")
		}
		return nil
	}))
	defer auth.close()
	show(auth.get("/ok"))
	show(auth.get("/ok?name=broken"))
	show(auth.get("/ok?name=ada"))
	// Output:
	// 400 {"message":"Name is required","code":"MISSING_NAME"}
	// 500
	// 200 {"ok":true}
}

// NewSession is the session that the endpoint has begun, if it has.
func Example_newSession() {
	auth := newAuth(hooks.AfterAll(func(c *core.Context) error {
		fmt.Println(c.Path, c.NewSession != nil)
		return nil
	}))
	defer auth.close()
	auth.get("/ok")
	if _, err := auth.API.SignUpEmail(context.Background(), ada); err != nil {
		fmt.Println(err)
	}
	// Output:
	// /ok false
	// /sign-up/email true
}

// Returned is what the endpoint, or a hook before this one, has returned: a value
// or an error of the API.
func Example_returned() {
	auth := newAuth(hooks.AfterAll(func(c *core.Context) error {
		var failed *core.APIError
		if err, isError := c.Returned.(error); isError && errors.As(err, &failed) {
			fmt.Println(c.Path, "failed with", failed.Code)
			return nil
		}
		fmt.Printf("%s returned %T\n", c.Path, c.Returned)
		c.Replace(map[string]bool{"fine": true})
		return nil
	}))
	defer auth.close()
	show(auth.get("/ok"))
	auth.post("/sign-in/email", `{"email":"ada@example.com","password":"wrong password"}`)
	// Output:
	// /ok returned api.OKOutput
	// 200 {"fine":true}
	// /sign-in/email failed with INVALID_EMAIL_OR_PASSWORD
}

// A hook after one endpoint receives its output, and changes it.
func Example_returnedTyped() {
	auth := newAuth(hooks.After(api.SignUpEmail, func(_ *core.Context, out *api.SignUpEmailOutput) error {
		out.User.Name += ", welcome"
		return nil
	}))
	defer auth.close()
	out, err := auth.API.SignUpEmail(context.Background(), ada)
	fmt.Println(out.User.Name, err)
	// Output: Ada Lovelace, welcome <nil>
}

// The headers of the response so far, those of the endpoint and earlier hooks.
func Example_responseHeaders() {
	auth := newAuth(
		hooks.BeforeAll(func(c *core.Context) error { c.SetHeader("X-Region", "eu"); return nil }),
		hooks.AfterAll(func(c *core.Context) error {
			h := c.ResponseHeader()
			fmt.Println(h.Get("X-Region"), len(h["Set-Cookie"]))
			return nil
		}),
	)
	defer auth.close()
	if _, err := auth.API.SignUpEmail(context.Background(), ada); err != nil {
		fmt.Println(err)
	}
	// Output: eu 1
}

// Hooks sign and encrypt with the server's secret, which they never see.
func Example_secret() {
	auth := newAuth(hooks.Before(api.OK, func(c *core.Context, _ *route.None) error {
		sealed := c.Secrets.Encrypt([]byte("for later"))
		opened, err := c.Secrets.Decrypt(sealed)
		signature := c.Secrets.Sign("ada")
		fmt.Println(string(opened), err, c.Secrets.Verify("ada", signature), c.Secrets.Verify("eve", signature))
		fmt.Println(c.Secrets)
		return nil
	}))
	defer auth.close()
	auth.get("/ok")
	// Output:
	// for later <nil> true false
	// [redacted]
}

// Hooks hash and verify passwords as the server does.
func Example_password() {
	auth := newAuth(hooks.Before(api.OK, func(c *core.Context, _ *route.None) error {
		hash, err := c.Passwords.Hash(c, "correct horse")
		if err != nil {
			return err
		}
		right, err := c.MatchPassword(c, &hash, "correct horse")
		if err != nil {
			return err
		}
		wrong, err := c.MatchPassword(c, &hash, "battery staple")
		fmt.Println(right, wrong)
		return err
	}))
	defer auth.close()
	auth.get("/ok")
	// Output: true false
}

// Users, Sessions, Accounts and Verifications are the store, with database hooks;
// DB is the database itself.
func Example_adapters() {
	auth := newAuth(hooks.After(api.SignUpEmail, func(c *core.Context, out *api.SignUpEmailOutput) error {
		u, err := c.Users.ByEmail(c, out.User.Email)
		if err != nil {
			return err
		}
		if _, err := c.Users.Update(c, u.ID, c.Users.Table().NewRow().Set("emailVerified", true)); err != nil {
			return err
		}
		verified, err := c.DB.Count(c, c.Users.Table(), database.Eq("emailVerified", true))
		fmt.Println(verified)
		return err
	}))
	defer auth.close()
	if _, err := auth.API.SignUpEmail(context.Background(), ada); err != nil {
		fmt.Println(err)
	}
	// Output: 1
}

// Hooks make ids as the server does, for a model, or random text of any length.
func Example_ids() {
	auth := newAuth(hooks.Before(api.OK, func(c *core.Context, _ *route.None) error {
		fmt.Println(len(c.NewID(schema.UserKey)), len(c.Random.Token(10)))
		return nil
	}))
	defer auth.close()
	auth.get("/ok")
	// Output: 32 10
}

// A database hook keeps a write from happening.
func Example_abort() {
	auth := newAuthOver(hooks.BeforeUserCreate(func(_ context.Context, u *core.User) error {
		if u.Email == "spam@example.com" {
			return core.ErrAbort
		}
		return nil
	}))
	defer auth.close()
	show(auth.post("/sign-up/email", `{"name":"Spam","email":"spam@example.com","password":"correct horse"}`))
	// Output: 400 {"message":"Failed to create user","code":"FAILED_TO_CREATE_USER"}
}

// A database hook changes what is stored, and another one acts on it once it is.
func Example_replace() {
	auth := newAuthOver(
		hooks.BeforeUserCreate(func(_ context.Context, u *core.User) error {
			u.Name, _, _ = strings.Cut(u.Name, " ")
			return nil
		}),
		hooks.AfterUserCreate(func(_ context.Context, u core.User) error {
			fmt.Println("create a customer for", u.Name)
			return nil
		}),
	)
	defer auth.close()
	out, err := auth.API.SignUpEmail(context.Background(), ada)
	fmt.Println(out.User.Name, err)
	// Output:
	// create a customer for Ada
	// Ada <nil>
}

// A database hook fails a write with an error of the API.
func Example_error() {
	auth := newAuthOver(hooks.BeforeUserCreate(func(_ context.Context, u *core.User) error {
		if !strings.Contains(u.Name, " ") {
			return core.FailWith(http.StatusBadRequest, "FULL_NAME_REQUIRED", "Please give your full name")
		}
		return nil
	}))
	defer auth.close()
	show(auth.post("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`))
	// Output: 400 {"message":"Please give your full name","code":"FULL_NAME_REQUIRED"}
}

// Updates are partial: a change says which fields it sets, and can set more.
func ExampleBeforeUserUpdate() {
	auth := newAuthOver(hooks.BeforeUserUpdate(func(_ context.Context, change *hooks.Change[core.User]) error {
		if change.Sets("email") {
			change.Set("emailVerified", false) // whoever changed it
		}
		change.Values.Name = strings.TrimSpace(change.Values.Name)
		return nil
	}))
	defer auth.close()
	users := auth.Kernel().Users
	out, err := auth.API.SignUpEmail(context.Background(), ada)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range []schema.Row{
		users.Table().NewRow().Set("emailVerified", true),
		users.Table().NewRow().Set("name", "  Augusta "),
		users.Table().NewRow().Set("email", "augusta@example.com"),
	} {
		u, err := users.Update(context.Background(), out.User.ID, change)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(u.Name, u.Email, u.EmailVerified)
	}
	// Output:
	// Ada Lovelace ada@example.com true
	// Augusta ada@example.com true
	// Augusta augusta@example.com false
}

// What follows is shared by the examples.

var ada = api.SignUpEmailInput{Name: "Ada Lovelace", Email: "ada@example.com", Password: "correct horse"}

func signUps(c *core.Context) bool { return strings.HasPrefix(c.Path, "/sign-up") }

// server is a server over a database in memory.
type server struct{ *ostiary.Auth }

func newAuth(set ...core.Hook) server { return start(ostiary.Options{Hooks: set}) }

func newAuthOver(set ...core.DatabaseHook) server {
	return start(ostiary.Options{DatabaseHooks: set})
}

func start(o ostiary.Options) server {
	o.BaseURL = ostiary.StaticURL("https://app.example.com")
	o.Secret = "an-example-secret-0123456789-abcdefghijklmnopqrstuvwxyz"
	o.Database = memory.New()
	o.EmailAndPassword = emailpassword.Options{Enabled: true, Hasher: cheap{}}
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	auth, err := ostiary.New(o)
	if err != nil {
		log.Fatal(err)
	}
	return server{auth}
}

func (s server) close() {
	if err := s.Close(context.Background()); err != nil {
		log.Print(err)
	}
}

func (s server) get(path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://app.example.com/api/auth"+path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return s.serve(r)
}

func (s server) post(path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://app.example.com/api/auth"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return s.serve(r)
}

func (s server) serve(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	return answer
}

// show prints an answer.
func show(answer *httptest.ResponseRecorder) {
	fmt.Println(strings.TrimSpace(fmt.Sprint(answer.Code, " ", answer.Body)))
}

// cheap is a hasher for examples. Real ones take their time.
type cheap struct{}

func (cheap) Hash(_ context.Context, password string) (string, error) {
	return "plain " + password, nil
}

func (cheap) Verify(_ context.Context, hash, password string) (bool, error) {
	return subtle.ConstantTimeCompare([]byte(hash), []byte("plain "+password)) == 1, nil
}
