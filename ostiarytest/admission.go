package ostiarytest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// User returns the user of an address, created without a password if there is
// none.
func (a *Auth) User(t testing.TB, email string) *core.User {
	t.Helper()
	users := a.Kernel().Users
	found, err := users.ByEmail(t.Context(), email)
	if err == nil && found == nil {
		row := users.Table().NewRow().Set("email", email).Set("name", nameOf(email)).Set("emailVerified", true)
		found, err = users.Create(t.Context(), row, core.Source{Method: "test", Action: "create-user"})
	}
	if err != nil || found == nil {
		t.Fatalf("user %s: %v", email, err)
	}
	return found
}

// SignedIn gives a request the cookies of a new session of a user, whatever
// ways of signing in there are, and returns it.
func (a *Auth) SignedIn(t testing.TB, r *http.Request, u *core.User) *http.Request {
	t.Helper()
	for _, c := range a.admit(t, u) {
		r.AddCookie(c)
	}
	return r
}

func (a *Auth) admit(t testing.TB, u *core.User) []*http.Cookie {
	t.Helper()
	result, err := ostiary.Invoke(t.Context(), a.Auth, admit, admitInput{u.ID})
	if err != nil {
		t.Fatalf("sign in %s: %v", u.Email, err)
	}
	return (&http.Response{Header: result.Header}).Cookies()
}

// admission signs users in without asking for anything. Its endpoint has no HTTP
// route, so that it serves tests only.
type admission struct{}

type admitInput struct {
	UserID string `json:"userId"`
}

var admit = route.New[admitInput, route.None]("POST", "", route.Spec{Name: "ostiarytestSignIn", Summary: "Sign a user in for a test"})

// ID returns "ostiarytest".
func (admission) ID() string { return "ostiarytest" }

// Endpoints returns the endpoint.
func (admission) Endpoints() []core.Endpoint {
	return []core.Endpoint{core.Handle(admit, func(c *core.Context, in admitInput) (route.None, error) {
		u, err := c.Users.ByID(c, in.UserID)
		if err != nil || u == nil {
			return route.None{}, fmt.Errorf("user %q: %w", in.UserID, err)
		}
		// Outside of the call, where no second factor holds it back.
		id, err := c.Sessions.Create(c.Context, u, true, nil)
		if err != nil || id == nil {
			return route.None{}, fmt.Errorf("begin a session: %w", err)
		}
		return route.None{}, c.SetSession(id, core.Remembered)
	})}
}
