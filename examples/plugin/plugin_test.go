package plugin_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/examples/exampletest"
	"github.com/ostiary/ostiary/examples/plugin"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

func invited(t *testing.T) (*ostiary.Auth, http.Header) {
	t.Helper()
	auth := exampletest.Auth(t, func(o *ostiary.Options) { o.Plugins = []core.Plugin{plugin.New()} })
	k := auth.Kernel()
	user, err := k.Users.Create(t.Context(), k.Users.Table().NewRow().Set("name", "Ada").Set("email", "ada@example.com"), core.Source{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := k.Sessions.Create(t.Context(), user, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	cookie := strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(k.Secrets.SignedValue(id.Session.Token))
	return auth, http.Header{"Cookie": {"better-auth.session_token=" + cookie}}
}

func signUp(t *testing.T, auth *ostiary.Auth, email, code string) error {
	t.Helper()
	_, err := auth.API.SignUpEmail(t.Context(), api.SignUpEmailInput{
		Name: "Guest", Email: email, Password: "correct horse battery",
		Extra: map[string]any{"invitation": code},
	})
	return err
}

func TestOnlyTheInvitedSignUpAndOnlyOnce(t *testing.T) {
	t.Parallel()
	auth, ada := invited(t)
	result, err := ostiary.Invoke(t.Context(), auth, plugin.Invite, route.None{}, ostiary.WithHeader(ada))
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]bool{"": false, "guessed": false} {
		if err := signUp(t, auth, "stranger@example.com", code); (err == nil) != want {
			t.Errorf("code %q: %v", code, err)
		}
	}
	if err := signUp(t, auth, "guest@example.com", result.Value.Code); err != nil {
		t.Errorf("an invited guest was refused: %v", err)
	}
	var failed *core.APIError
	if err := signUp(t, auth, "second@example.com", result.Value.Code); !errors.As(err, &failed) || failed.Code != plugin.NotInvited.Code {
		t.Errorf("a code was used twice: %v", err)
	}
}

func TestStrangersCannotInvite(t *testing.T) {
	t.Parallel()
	auth, _ := invited(t)
	_, err := ostiary.Invoke(t.Context(), auth, plugin.Invite, route.None{})
	var failed *core.APIError
	if !errors.As(err, &failed) || failed.Status != http.StatusUnauthorized {
		t.Errorf("got %v", err)
	}
}

func TestTheFieldOfTheUserIsInTheDatabase(t *testing.T) {
	t.Parallel()
	auth, _ := invited(t)
	if auth.Kernel().DB.Table(schema.UserKey).Position("invitedBy") < 0 {
		t.Error("no such field")
	}
}
