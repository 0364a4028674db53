package ostiary_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/schema"
)

func TestTypedDatabaseHooksSeeAndChangeModels(t *testing.T) {
	t.Parallel()
	var events []string
	note := func(event string) { events = append(events, event) }
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.User.Fields = []schema.Field{{Name: "firstName", Optional: true}, {Name: "source", Optional: true, Hidden: true}}
		o.DatabaseHooks = []core.DatabaseHook{
			hooks.BeforeUserCreate(func(_ context.Context, u *core.User) error {
				if u.Name == "abort" {
					return core.ErrAbort
				}
				if u.Name == "error" {
					return core.FailWith(http.StatusBadRequest, "REFUSED", "refused by hook")
				}
				first, _, _ := strings.Cut(u.Name, " ")
				u.Extra = map[string]any{"firstName": first}
				u.Private = map[string]any{"source": "test"}
				u.EmailVerified = true
				return nil
			}),
			hooks.AfterUserCreate(func(_ context.Context, u core.User) error {
				note("created " + u.Extra["firstName"].(string) + " from " + u.Private["source"].(string))
				return nil
			}),
			hooks.AfterUserUpdate(func(_ context.Context, u core.User) error { note("updated to " + u.Name); return nil }),
			hooks.BeforeSessionCreate(func(_ context.Context, se *core.Session) error { se.UserAgent = new("hooked"); return nil }),
			hooks.AfterAccountCreate(func(_ context.Context, a core.Account) error { note("account " + a.ProviderID); return nil }),
			hooks.AfterUserDelete(func(_ context.Context, u core.User) error { note("deleted " + u.Email); return nil }),
		}
	})
	signUp := func(name, email string) (api.SignUpEmailOutput, error) {
		return s.API.SignUpEmail(t.Context(), api.SignUpEmailInput{Name: name, Email: email, Password: goodPassword})
	}
	var failed *core.APIError
	if _, err := signUp("abort", "abort@example.com"); !errors.As(err, &failed) || failed.Code != api.FailedToCreateUser.Code {
		t.Errorf("aborting: %v", err)
	}
	if _, err := signUp("error", "error@example.com"); !errors.As(err, &failed) || failed.Code != "REFUSED" {
		t.Errorf("refusing: %v", err)
	}
	out, err := signUp("Ada Lovelace", "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if !out.User.EmailVerified || out.User.Extra["firstName"] != "Ada" || out.User.Extra["source"] != nil {
		t.Errorf("stored %+v", out.User)
	}
	k := s.Kernel()
	if _, err := k.Users.Update(t.Context(), out.User.ID, k.Users.Table().NewRow().Set("name", "Countess")); err != nil {
		t.Fatal(err)
	}
	sessions, err := k.Sessions.List(t.Context(), out.User.ID)
	if err != nil || len(sessions) != 1 || *sessions[0].UserAgent != "hooked" {
		t.Errorf("sessions %+v, %v", sessions, err)
	}
	if err := k.Users.Delete(t.Context(), out.User.ID); err != nil {
		t.Fatal(err)
	}
	want := "created Ada from test, account credential, updated to Countess, deleted ada@example.com"
	if got := strings.Join(events, ", "); got != want {
		t.Errorf("events: %s\nwant:   %s", got, want)
	}
}

func TestTypedHooksBeforeUpdatesKnowWhatIsSet(t *testing.T) {
	t.Parallel()
	var seen []string
	s := newServer(t, withPreferences, func(_ *server, o *ostiary.Options) {
		o.DatabaseHooks = []core.DatabaseHook{
			hooks.BeforeSessionUpdate(func(_ context.Context, change *hooks.Change[core.Session]) error {
				if !change.Sets("theme") {
					return nil
				}
				if change.Sets("level") || change.Values.Extra["theme"] != "dark" {
					t.Errorf("the change is %+v", change.Values)
				}
				change.Set("level", 5)
				change.Values.Private = map[string]any{"note": "changed by a hook"}
				return nil
			}),
			hooks.BeforeAccountUpdate(func(_ context.Context, change *hooks.Change[core.Account]) error {
				if change.Sets("password") {
					seen = append(seen, "password changed")
				}
				return nil
			}),
			hooks.BeforeVerificationUpdate(func(_ context.Context, change *hooks.Change[core.Verification]) error { return nil }),
			hooks.BeforeUserUpdate(func(_ context.Context, change *hooks.Change[core.User]) error {
				if change.Sets("name") {
					return core.FailWith(http.StatusForbidden, "NAMES_ARE_FINAL", "Names are final")
				}
				return nil
			}),
		}
	})
	c := s.signUp("ada@example.com")
	c.post("/update-session", fields{"theme": "dark"}).ok(t)
	if got := s.storedPreferences(); got.Level != 5 || got.Theme != "dark" || got.Note == nil || *got.Note != "changed by a hook" {
		t.Errorf("stored is %+v", got)
	}
	c.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": "another password"}).ok(t)
	if strings.Join(seen, ", ") != "password changed" {
		t.Errorf("the hook of accounts saw %v", seen)
	}
	c.post("/update-user", fields{"name": "Countess"}).want(t, http.StatusForbidden, "NAMES_ARE_FINAL")
}

func TestUUIDsOfTheApplication(t *testing.T) {
	t.Parallel()
	const id, other = "0191d2f0-7c1a-4b5e-9a3d-2f6b8c0d1e2f", "0191d2f0-7c1a-4b5e-9a3d-2f6b8c0d1e30"
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.IDs, o.GenerateID = schema.UUIDs, func(string) string { return other }
			o.DatabaseHooks = []core.DatabaseHook{{Model: schema.UserKey, BeforeCreate: func(_ context.Context, row schema.Row) error {
				row.Set("id", id)
				return nil
			}}}
		})
		if got := s.signUp("ada@example.com").session(); got == nil || got.User.ID != id || got.Session.UserID != id || got.Session.ID != other {
			t.Errorf("signed up as %+v", got)
		}
	})
}

func TestAVetoKeepsAUser(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		create, remove, after := core.ErrAbort, core.ErrAbort, 0
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{
				Model:        schema.UserKey,
				BeforeCreate: func(context.Context, schema.Row) error { return create },
				BeforeDelete: func(context.Context, schema.Row) error { return remove },
				AfterDelete:  func(context.Context, schema.Row) error { after++; return nil },
			}}
		})
		s.client().post("/sign-up/email", fields{"name": "A", "email": "ada@example.com", "password": goodPassword}).want(t, 400, "FAILED_TO_CREATE_USER")
		s.wantRows(0, 0, 0)
		create = nil
		s.signUp("ada@example.com")
		id := s.userByEmail("ada@example.com").ID
		if err := s.Kernel().Users.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		s.wantRows(1, 0, 0) // as recorded (database/hooks-on-delete): sessions and accounts have no veto of the user's
		if after != 0 {
			t.Error("the hook after a deletion ran without one")
		}
		remove = nil
		if err := s.Kernel().Users.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		s.wantRows(0, 0, 0)
		if after != 1 {
			t.Errorf("the hook after the deletion ran %d times", after)
		}
	})
}

// deletions counts the hooks of deletions, and vetoes them if told so.
type deletions struct {
	veto          bool
	before, after int
}

func (d *deletions) of(model string) core.DatabaseHook {
	return core.DatabaseHook{
		Model: model,
		BeforeDelete: func(context.Context, schema.Row) error {
			d.before++
			if d.veto {
				return core.ErrAbort
			}
			return nil
		},
		AfterDelete: func(context.Context, schema.Row) error { d.after++; return nil },
	}
}
