package ostiary_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/schema"
)

// flowCases are the flows that Better Auth's own suite runs on every adapter, by
// its numbers.
var flowCases = map[string]func(t *testing.T, s *server){
	"B1 sign-up": func(t *testing.T, s *server) {
		var out api.SignUpEmailOutput
		s.client().post("/sign-up/email", fields{"name": "Ada", "email": "Ada@Example.com", "password": goodPassword, "image": "https://example.com/a.png"}).ok(t).decode(t, &out)
		u := out.User
		if u.Email != "ada@example.com" || u.Name != "Ada" || u.Image == nil || *u.Image != "https://example.com/a.png" || u.EmailVerified ||
			!u.CreatedAt.Equal(s.clock.Now()) || !u.UpdatedAt.Equal(s.clock.Now()) {
			t.Errorf("signed up as %+v", u)
		}
	},
	"B2 sign-in": func(t *testing.T, s *server) {
		id := s.signUp("ada@example.com").session().User.ID
		var out api.SignInEmailOutput
		s.client().signIn("ada@example.com", goodPassword).ok(t).decode(t, &out)
		if out.User.ID != id {
			t.Errorf("signed in as %s, signed up as %s", out.User.ID, id)
		}
	},
	"B3 a password is reset once": func(t *testing.T, s *server) {
		id := s.signUp("ada@example.com").session().User.ID
		c := s.client()
		c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		token := s.mails.last(t, "reset").token
		if len(token) <= 10 {
			t.Errorf("the token is %q", token)
		}
		c.post("/reset-password", fields{"token": token, "newPassword": "another long one"}).ok(t)
		c.signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		c.signIn("ada@example.com", "another long one").ok(t)
		if got := c.session().User.ID; got != id {
			t.Errorf("signed in as %s, signed up as %s", got, id)
		}
		c.post("/reset-password", fields{"token": token, "newPassword": "a third long one"}).want(t, 400, "INVALID_TOKEN")
		s.client().signIn("ada@example.com", "another long one").ok(t)
	},
	"B4 the session has the user who signed up": func(t *testing.T, s *server) {
		var out struct{ User map[string]any }
		c := s.client()
		c.post("/sign-up/email", fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword}).ok(t).decode(t, &out)
		var session struct{ User, Session map[string]any }
		c.get("/get-session").ok(t).decode(t, &session)
		if diff := cmp.Diff(out.User, session.User); diff != "" || session.Session["userId"] != out.User["id"] {
			t.Errorf("the session %v has another user:\n%s", session.Session, diff)
		}
	},
	"B5 an unknown address": func(t *testing.T, s *server) {
		s.client().signIn("nobody@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	},
	"B6 times do not depend on the time zone": func(t *testing.T, s *server) {
		start := s.clock.Now()
		for _, hours := range []int{-8, 9} {
			s.clock.Set(start.In(time.FixedZone("elsewhere", hours*3600)))
			if hours < 0 {
				s.signUp("ada@example.com")
			}
			var out struct{ User struct{ CreatedAt string } }
			s.client().signIn("ada@example.com", goodPassword).ok(t).decode(t, &out)
			if out.User.CreatedAt != "2026-03-01T12:00:00.000Z" {
				t.Errorf("%d hours from UTC, the user is of %s", hours, out.User.CreatedAt)
			}
		}
	},
	"B7 a date of the application": func(t *testing.T, s *server) {
		c := s.client()
		c.post("/sign-up/email", fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword, "dateField": "2024-02-29T23:59:59.999+05:30"}).ok(t)
		s.wantField(c, "B7", "dateField", `"2024-02-29T18:29:59.999Z"`)
	},
}

func TestFlowsOnEveryStore(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.User.Fields = []schema.Field{{Name: "dateField", Type: schema.Date, Optional: true}}
		})
		start := s.clock.Now()
		for name, run := range flowCases {
			t.Run(name, func(t *testing.T) {
				s.t = t
				s.clock.Set(start)
				run(t, s)
				for _, u := range s.rows(schema.UserKey) {
					if err := s.Kernel().Users.Delete(t.Context(), u.ID()); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
}
