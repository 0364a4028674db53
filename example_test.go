package ostiary_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/schema"
)

// exampleOptions are the least that a server with passwords needs; a real one
// keeps its data in a file: sqlite.Open("app.db").
func exampleOptions() ostiary.Options {
	return ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-0123456789-abcdefghijklmnopqrstuvwxyz",
		Database:         memory.New(),
		EmailAndPassword: emailpassword.Options{Enabled: true, Hasher: &hasher{}},
		Logger:           slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// ada is the user of the examples.
var ada = api.SignUpEmailInput{Name: "Ada Lovelace", Email: "ada@example.com", Password: goodPassword}

// cookiesOf turns the cookies that a response sets into those of a request.
func cookiesOf(header http.Header) string {
	var pairs []string
	for _, line := range header["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "; ")
}

// A server is a handler for everything below its base path.
func ExampleNew() {
	auth, err := ostiary.New(exampleOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "https://app.example.com/api/auth/ok", nil))
	fmt.Println(answer.Code, answer.Body)
	// Output: 200 {"ok":true}
}

// Options that cannot work are refused at once, all of them, with the remedy.
func ExampleNew_problems() {
	o := exampleOptions()
	o.EmailAndPassword.MinPasswordLength = 20
	o.EmailAndPassword.MaxPasswordLength = 10
	o.Session.CookieCache.Strategy = "jws"
	_, err := ostiary.New(o)
	fmt.Println(err)
	// Output:
	// ostiary: the configuration has problems:
	// Session.CookieCache.Strategy: "jws" is unknown; use "compact", "jwt" or "jwe"
	// EmailAndPassword.MinPasswordLength: 20 is negative or more than MaxPasswordLength, 10
}

// The guard lets signed-in users through; behind it there always is a session.
func ExampleAuth_RequireSession() {
	auth, err := ostiary.New(exampleOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())
	me := auth.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello %s", ostiary.SessionFrom(r.Context()).User.Name)
	}))

	signedUp, err := ostiary.Invoke(context.Background(), auth, api.SignUpEmail, ada)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cookies := range []string{"", cookiesOf(signedUp.Header)} {
		r := httptest.NewRequest(http.MethodGet, "https://app.example.com/me", nil)
		r.Header.Set("Cookie", cookies)
		answer := httptest.NewRecorder()
		me.ServeHTTP(answer, r)
		fmt.Println(answer.Code, answer.Body)
	}
	// Output:
	// 401 {"message":"Unauthorized","code":"UNAUTHORIZED"}
	// 200 Hello Ada Lovelace
}

// Endpoints can be called from Go; their answers that are no success are errors
// with a code.
func ExampleAPI() {
	auth, err := ostiary.New(exampleOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())
	ctx := context.Background()
	if _, err := auth.API.SignUpEmail(ctx, ada); err != nil {
		fmt.Println(err)
	}
	_, err = auth.API.SignInEmail(ctx, api.SignInEmailInput{Email: ada.Email, Password: "a wrong password"})
	var failed *core.APIError
	if errors.As(err, &failed) {
		fmt.Println(failed.Status, failed.Code)
	}
	// Output: 401 INVALID_EMAIL_OR_PASSWORD
}

// Additional fields are declared by a struct, and read back as one.
func ExampleUserOptions() {
	type profile struct {
		Plan     string `ostiary:"plan,default=free,noinput"`
		Nickname string `ostiary:"nickname,optional"`
	}
	o := exampleOptions()
	o.User.Fields = schema.FieldsOf[profile]()
	auth, err := ostiary.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	in := ada
	in.Extra = map[string]any{"nickname": "countess"}
	out, err := auth.API.SignUpEmail(context.Background(), in)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := schema.Extra[profile](out.User.Extra)
	fmt.Println(p.Plan, p.Nickname, err)
	// Output: free countess <nil>
}

// A hook before sign-up keeps strangers out and changes what is stored; one
// after it learns of the new session.
func ExampleOptions_hooks() {
	o := exampleOptions()
	o.Hooks = hooks.Set{
		hooks.Before(api.SignUpEmail, func(_ *core.Context, in *api.SignUpEmailInput) error {
			if !strings.HasSuffix(in.Email, "@example.com") {
				return core.FailWith(http.StatusBadRequest, "DOMAIN_NOT_ALLOWED", "Only example.com addresses may sign up")
			}
			in.Name = strings.ToUpper(in.Name)
			return nil
		}),
		hooks.AfterAll(func(c *core.Context) error {
			if c.NewSession != nil {
				fmt.Println("welcome,", c.NewSession.User.Name)
			}
			return nil
		}),
	}
	auth, err := ostiary.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())
	stranger := ada
	stranger.Email = "eve@elsewhere.net"
	for _, in := range []api.SignUpEmailInput{stranger, ada} {
		if _, err := auth.API.SignUpEmail(context.Background(), in); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 400 Bad Request DOMAIN_NOT_ALLOWED: Only example.com addresses may sign up
	// welcome, ADA LOVELACE
}

// Database hooks receive models; what a before hook changes is stored.
func ExampleOptions_databaseHooks() {
	o := exampleOptions()
	o.DatabaseHooks = []core.DatabaseHook{
		hooks.BeforeUserCreate(func(_ context.Context, u *core.User) error {
			u.Name = strings.Fields(u.Name)[0]
			return nil
		}),
		hooks.AfterUserCreate(func(_ context.Context, u core.User) error {
			fmt.Println("a customer record for", u.Name)
			return nil
		}),
	}
	auth, err := ostiary.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())
	out, err := auth.API.SignUpEmail(context.Background(), ada)
	fmt.Println(out.User.Name, err)
	// Output:
	// a customer record for Ada
	// Ada <nil>
}
