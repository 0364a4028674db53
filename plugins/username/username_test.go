package username_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/username"
)

func start(t testing.TB, o username.Options, configure ...func(*ostiary.Options)) *plugintest.Server {
	return plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{username.New(o)}
		for _, fn := range configure {
			fn(so)
		}
	})
}

// signUp signs a user up with further members.
func signUp(b *plugintest.Browser, email string, members map[string]any) *plugintest.Response {
	body := map[string]any{"email": email, "password": plugintest.Password, "name": "x"}
	for name, v := range members {
		body[name] = v
	}
	return b.Post("/sign-up/email", body)
}

// names returns the names of the user with an address, as they are stored.
func names(t testing.TB, s *plugintest.Server, email string) [2]any {
	t.Helper()
	u, err := s.Auth.Kernel().Users.ByEmail(t.Context(), email)
	if err != nil || u == nil {
		t.Fatalf("user %s: %v, %v", email, u, err)
	}
	return [2]any{u.Extra["username"], u.Extra["displayUsername"]}
}

func none(context.Context, string) (bool, error) { return false, nil }

func TestNamesOnSignUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options username.Options
		members map[string]any
		code    string
		want    [2]any
	}{
		{name: "none", want: [2]any{nil, nil}},
		{name: "null", members: map[string]any{"username": nil}, want: [2]any{nil, nil}},
		{name: "a username is displayed as it was written", members: map[string]any{"username": "Ada_L"}, want: [2]any{"ada_l", "Ada_L"}},
		{name: "an empty display name is none", members: map[string]any{"username": "Ada_L", "displayUsername": ""}, want: [2]any{"ada_l", "Ada_L"}},
		{name: "both", members: map[string]any{"username": "Ada", "displayUsername": "Ada L!"}, want: [2]any{"ada", "Ada L!"}},
		{name: "a display name that is a username", members: map[string]any{"displayUsername": "Ada.L"}, want: [2]any{"ada.l", "Ada.L"}},
		{name: "a display name that is none", members: map[string]any{"displayUsername": "Ada L"}, want: [2]any{nil, "Ada L"}},
		{name: "empty", members: map[string]any{"username": "", "displayUsername": "Adalove"}, code: "USERNAME_TOO_SHORT"},
		{name: "too short", members: map[string]any{"username": "ab"}, code: "USERNAME_TOO_SHORT"},
		{name: "too long", members: map[string]any{"username": strings.Repeat("a", 31)}, code: "USERNAME_TOO_LONG"},
		{name: "as long as can be", members: map[string]any{"username": strings.Repeat("a", 30)}, want: [2]any{strings.Repeat("a", 30), strings.Repeat("a", 30)}},
		{name: "other characters", members: map[string]any{"username": "adа_l"}, code: "INVALID_USERNAME"},
		{name: "a line break at the end", members: map[string]any{"username": "ada\n"}, code: "INVALID_USERNAME"},
		{name: "no text", members: map[string]any{"username": 12345}, code: "INVALID_USERNAME"},
		{name: "a list", members: map[string]any{"username": []string{"ada"}}, code: "INVALID_USERNAME"},
		{name: "own rules", options: username.Options{Validate: none}, members: map[string]any{"username": "ada"}, code: "INVALID_USERNAME"},
		{name: "own rules for display", options: username.Options{ValidateDisplay: none}, members: map[string]any{"username": "ada", "displayUsername": "Ada"}, code: "INVALID_DISPLAY_USERNAME"},
		{name: "own rules for display, which a username is exempt from", options: username.Options{ValidateDisplay: none}, members: map[string]any{"username": "Ada"}, want: [2]any{"ada", "Ada"}},
		{name: "length of the normalised form", options: username.Options{Normalize: func(s string) string { return s[:2] }, ValidateNormalized: true}, members: map[string]any{"username": "ada"}, code: "USERNAME_TOO_SHORT"},
		{name: "normalised once", options: username.Options{Normalize: func(s string) string { return s + "x" }, NormalizeDisplay: func(s string) string { return s + "y" }}, members: map[string]any{"username": "ada"}, want: [2]any{"adax", "aday"}},
		{name: "no display name", options: username.Options{NoDisplay: true}, members: map[string]any{"username": "Ada", "displayUsername": "Ada L"}, want: [2]any{"ada", nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, c.options)
			r := signUp(s.Browser(t), "ada@example.com", c.members)
			if c.code != "" {
				if r.Status != http.StatusBadRequest || r.Code() != c.code {
					t.Errorf("%d %s, want %s", r.Status, r.Text, c.code)
				}
				return
			}
			if r.Status != http.StatusOK {
				t.Fatalf("%d %s", r.Status, r.Text)
			}
			if diff := cmp.Diff(c.want, names(t, s, "ada@example.com")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUsernameBelongsToOneUser(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{})
	ada, bob := s.Browser(t), s.Browser(t)
	signUp(ada, "ada@example.com", map[string]any{"username": "ada"})
	if r := signUp(bob, "bob@example.com", map[string]any{"username": "ADA"}); r.Code() != "USERNAME_IS_ALREADY_TAKEN" {
		t.Errorf("sign up: %d %s", r.Status, r.Text)
	}
	signUp(bob, "bob@example.com", map[string]any{"username": "bob"})
	if r := bob.Post("/update-user", map[string]any{"username": "Ada"}); r.Code() != "USERNAME_IS_ALREADY_TAKEN" {
		t.Errorf("update: %d %s", r.Status, r.Text)
	}
	if r := ada.Post("/update-user", map[string]any{"username": "ADA"}); r.Status != http.StatusOK {
		t.Errorf("update to one's own: %d %s", r.Status, r.Text)
	}
	if diff := cmp.Diff([2]any{"ada", "ada"}, names(t, s, "ada@example.com")); diff != "" {
		t.Error(diff)
	}
}

func TestUsernameIsTakenByOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{})
	var wait sync.WaitGroup
	status := make([]int, 20)
	for i := range status {
		b := s.Browser(t)
		wait.Go(func() {
			status[i] = signUp(b, string(rune('a'+i))+"@example.com", map[string]any{"username": "ada"}).Status
		})
	}
	wait.Wait()
	won := 0
	for _, code := range status {
		switch {
		case code == http.StatusOK:
			won++
		case code >= http.StatusInternalServerError:
			t.Errorf("status %d", code)
		}
	}
	if won != 1 {
		t.Errorf("%d users got the username", won)
	}
}

func TestUsernameMayBeFinal(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{Immutable: true})
	b := s.Browser(t)
	signUp(b, "ada@example.com", nil)
	for _, c := range []struct {
		username any
		code     string
	}{{"Ada", ""}, {"ADA", ""}, {"bob", "USERNAME_IS_IMMUTABLE"}, {nil, "USERNAME_IS_IMMUTABLE"}} {
		if r := b.Post("/update-user", map[string]any{"username": c.username}); r.Code() != c.code {
			t.Errorf("%v: %d %s, want %q", c.username, r.Status, r.Text, c.code)
		}
	}
	if diff := cmp.Diff([2]any{"ada", nil}, names(t, s, "ada@example.com")); diff != "" {
		t.Error(diff)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{})
	signUp(s.Browser(t), "ada@example.com", map[string]any{"username": "ada"})
	row := s.Auth.Kernel().Users.Table().NewRow().Set("name", "x").Set("email", "nopass@example.com").Set("username", "nopass")
	if _, err := s.Auth.Kernel().Users.Create(t.Context(), row, core.Source{}); err != nil {
		t.Fatal(err)
	}
	const refusal = "INVALID_USERNAME_OR_PASSWORD"
	for _, c := range []struct {
		name, username, password string
		status                   int
		code                     string
	}{
		{"right", "ada", plugintest.Password, 200, ""},
		{"another case", "ADA", plugintest.Password, 200, ""},
		{"wrong password", "ada", "wrong", 401, refusal},
		{"unknown", "nobody", plugintest.Password, 401, refusal},
		{"without password", "nopass", plugintest.Password, 401, refusal},
		{"empty username", "", plugintest.Password, 401, refusal},
		{"empty password", "ada", "", 401, refusal},
		{"too short", "a", plugintest.Password, 422, "USERNAME_TOO_SHORT"},
		{"too long", strings.Repeat("a", 31), plugintest.Password, 422, "USERNAME_TOO_LONG"},
		{"other characters", "a d a", plugintest.Password, 422, "INVALID_USERNAME"},
		{"endless password", "ada", strings.Repeat("x", 129), 400, "PASSWORD_TOO_LONG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := s.Browser(t)
			r := b.Post("/sign-in/username", map[string]any{"username": c.username, "password": c.password})
			if r.Status != c.status || r.Code() != c.code {
				t.Errorf("%d %s", r.Status, r.Text)
			}
			if signedIn := b.Email() != ""; signedIn != (c.code == "") {
				t.Errorf("signed in: %v", signedIn)
			}
		})
	}
}

func TestSignInLeadsOnAndForgets(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{})
	signUp(s.Browser(t), "ada@example.com", map[string]any{"username": "ada"})
	r := s.Browser(t).Post("/sign-in/username", map[string]any{"username": "ada", "password": plugintest.Password, "rememberMe": false, "callbackURL": "/home"})
	if r.Status != http.StatusOK || r.Header.Get("Location") != "/home" || !strings.HasPrefix(r.Text, `{"redirect":true,`) {
		t.Errorf("%d %v %s", r.Status, r.Header, r.Text)
	}
	if c := r.Cookie("better-auth.session_token"); c == nil || c.MaxAge != 0 {
		t.Errorf("cookie %v outlives the browser session", c)
	}
}

func TestSignInDemandsAVerifiedAddressWhereThatIsAsked(t *testing.T) {
	t.Parallel()
	var mails []string
	s := start(t, username.Options{}, func(o *ostiary.Options) {
		o.EmailAndPassword.RequireEmailVerification = true
		o.EmailVerification.SendOnSignUp = new(false)
		o.EmailVerification.SendOnSignIn = true
		o.EmailVerification.Send = func(_ context.Context, m emailverification.Mail) error {
			mails = append(mails, m.User.Email)
			return nil
		}
	})
	b := s.Browser(t)
	signUp(b, "ada@example.com", map[string]any{"username": "ada"})
	if r := b.Post("/sign-in/username", map[string]any{"username": "ada", "password": "wrong"}); r.Status != http.StatusUnauthorized || len(mails) > 0 {
		t.Errorf("with a wrong password: %d %s, mails to %v", r.Status, r.Text, mails)
	}
	r := b.Post("/sign-in/username", map[string]any{"username": "ada", "password": plugintest.Password})
	if r.Status != http.StatusForbidden || r.Code() != "EMAIL_NOT_VERIFIED" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	if diff := cmp.Diff([]string{"ada@example.com"}, mails); diff != "" {
		t.Error(diff)
	}
}

// Where signing up does not tell whether an address is taken, the answers must
// not differ in the form of the username either.
func TestHiddenSignUpAnswersAlike(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{}, func(o *ostiary.Options) { o.EmailAndPassword.AutoSignIn = new(false) })
	answer := func(name string) (out struct {
		User struct{ Username, DisplayUsername string }
	},
	) {
		r := signUp(s.Browser(t), "ada@example.com", map[string]any{"username": name})
		if r.Status != http.StatusOK {
			t.Fatalf("%d %s", r.Status, r.Text)
		}
		r.Decode(&out)
		return out
	}
	created, pretended := answer("Ada_1").User, answer("Ada_2").User
	if created.Username != "ada_1" || created.DisplayUsername != "Ada_1" || pretended.Username != "ada_2" || pretended.DisplayUsername != "Ada_2" {
		t.Errorf("created %+v, pretended %+v", created, pretended)
	}
}

func TestNamesWrittenByProgramsAreCheckedToo(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{})
	users := s.Auth.Kernel().Users
	create := func(email, name string) (*core.User, error) {
		return users.Create(t.Context(), users.Table().NewRow().Set("name", "x").Set("email", email).Set("username", name), core.Source{})
	}
	ada, err := create("ada@example.com", "Ada")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([2]any{"ada", "Ada"}, names(t, s, "ada@example.com")); diff != "" {
		t.Error(diff)
	}
	wantCode := func(err error, code string) {
		t.Helper()
		var failed *core.APIError
		if !errors.As(err, &failed) || failed.Code != code {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	_, err = create("bob@example.com", "ADA")
	wantCode(err, "USERNAME_IS_ALREADY_TAKEN")
	_, err = create("bob@example.com", "a b")
	wantCode(err, "INVALID_USERNAME")
	_, err = users.Update(t.Context(), ada.ID, users.Table().NewRow().Set("username", "x"))
	wantCode(err, "USERNAME_TOO_SHORT")
	if _, err = users.Update(t.Context(), ada.ID, users.Table().NewRow().Set("username", "LOVELACE")); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([2]any{"lovelace", "Ada"}, names(t, s, "ada@example.com")); diff != "" {
		t.Error(diff)
	}
}

func TestIsAvailable(t *testing.T) {
	t.Parallel()
	s := start(t, username.Options{Columns: map[string]string{"username": "handle"}})
	signUp(s.Browser(t), "ada@example.com", map[string]any{"username": "ada"})
	for name, want := range map[string]string{
		"ada": `{"available":false}`, "ADA": `{"available":false}`, "bob": `{"available":true}`,
		"": "INVALID_USERNAME", "x": "USERNAME_TOO_SHORT", "a b": "INVALID_USERNAME",
	} {
		r := s.Browser(t).Post("/is-username-available", map[string]any{"username": name})
		if r.Text != want && (r.Code() != want || r.Status != http.StatusUnprocessableEntity) {
			t.Errorf("%q: %d %s, want %s", name, r.Status, r.Text, want)
		}
	}
	if column := s.Auth.Kernel().Users.Table().Field("username").Column; column != "handle" {
		t.Errorf("column %q", column)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{Development: true, Plugins: []core.Plugin{username.New(username.Options{MinLength: 40})}})
	if err == nil || !strings.Contains(err.Error(), "username.Options.MinLength") {
		t.Errorf("error %v", err)
	}
}

func FuzzSignUp(f *testing.F) {
	for _, seed := range []string{"", "ada", "ADA", "a\x00b", "ﬁsh", "İstanbul", "a.b_c", strings.Repeat("é", 30)} {
		f.Add(seed)
	}
	s := start(f, username.Options{})
	f.Fuzz(func(t *testing.T, name string) {
		b := s.Browser(t)
		r := signUp(b, "ada@example.com", map[string]any{"username": name})
		switch r.Status {
		case http.StatusOK:
			stored := names(t, s, "ada@example.com")[0].(string)
			if strings.Trim(stored, "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" || len(stored) < 3 || len(stored) > 30 {
				t.Errorf("%q was stored as %q", name, stored)
			}
			if r := b.Post("/sign-in/username", map[string]any{"username": name, "password": plugintest.Password}); r.Status != http.StatusOK {
				t.Errorf("%q cannot sign in: %d %s", name, r.Status, r.Text)
			}
			u, err := s.Auth.Kernel().Users.By(t.Context(), "username", stored)
			if err != nil || u == nil || s.Auth.Kernel().Users.Delete(t.Context(), u.ID) != nil {
				t.Errorf("%q cannot be removed: %v", name, err)
			}
		case http.StatusBadRequest:
		default:
			t.Errorf("%q: %d %s", name, r.Status, r.Text)
		}
	})
}
