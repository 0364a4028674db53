package ostiary_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

const crowd = 200

func TestOfManyWhoUseATokenExactlyOneSucceeds(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		for _, hashed := range []bool{false, true} {
			s := newServer(t, store, func(_ *server, o *ostiary.Options) { o.Verification.HashIdentifiers = hashed })
			ctx := context.Background()
			if err := s.Kernel().Verifications.Create(ctx, "test:token", "value", time.Hour); err != nil {
				t.Fatal(err)
			}
			won := 0
			for _, got := range parallel(crowd, func(int) bool {
				v, err := s.Kernel().Verifications.Consume(ctx, "test:token")
				if err != nil {
					t.Errorf("Consume: %v", err)
				}
				return v != nil
			}) {
				if got {
					won++
				}
			}
			if won != 1 || len(s.rows(schema.VerificationKey)) != 0 {
				t.Errorf("hashed %v: %d of %d got the value, %d rows are left", hashed, won, crowd, len(s.rows(schema.VerificationKey)))
			}
		}
	})
}

func TestSR_240_OfManySignUpsWithOneAddressOneSucceeds(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		counts := tally(parallel(crowd, func(i int) reply {
			email := "ada@example.com"
			if i%2 == 1 {
				email = "ADA@Example.COM"
			}
			return s.client().post("/sign-up/email", fields{"name": "Ada", "email": email, "password": goodPassword})
		}))
		if counts["200"] != 1 || counts["422 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"] != crowd-1 {
			t.Errorf("the answers are %v", counts)
		}
		s.wantRows(1, 1, 1)
	})
}

func TestSR_240_HiddenSignUpsWithOneAddressAllLookAlike(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, func(_ *server, o *ostiary.Options) { o.EmailAndPassword.RequireEmailVerification = true })
		replies := parallel(crowd, func(int) reply {
			return s.client().post("/sign-up/email", fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword})
		})
		for _, r := range replies {
			if got, want := fmt.Sprint(maskIdentity(r)), fmt.Sprint(maskIdentity(replies[0])); got != want {
				t.Errorf("two answers differ:\n%s\n%s", got, want)
			}
		}
		s.wantRows(1, 0, 1)
		if n := s.mails.count("verification"); n != 1 {
			t.Errorf("%d mails were sent, want 1", n)
		}
	})
}

func TestSR_243_OneResetTokenResetsOnce(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		c := s.signUp("ada@example.com")
		c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		token := s.mails.last(t, "reset").token
		replies := parallel(crowd, func(i int) reply {
			return s.client().post("/reset-password", fields{"token": token, "newPassword": fmt.Sprintf("new password %d", i)})
		})
		counts := tally(replies)
		if counts["200"] != 1 || counts["400 INVALID_TOKEN"] != crowd-1 {
			t.Errorf("the answers are %v", counts)
		}
		for i, r := range replies {
			signIn := s.client().signIn("ada@example.com", fmt.Sprintf("new password %d", i))
			if (r.status == 200) != (signIn.status == 200) {
				t.Errorf("reset %d answered %d, signing in with its password %d", i, r.status, signIn.status)
			}
		}
		if n := len(s.rows(schema.AccountKey)); n != 1 {
			t.Errorf("there are %d accounts, want 1", n)
		}
	})
}

// withoutPassword makes a user who has another way of signing in only.
func (s *server) withoutPassword(email string) *core.User {
	s.t.Helper()
	ctx := context.Background()
	row := s.Kernel().Users.Table().NewRow().Set("name", "N").Set("email", email)
	u, err := s.Kernel().Users.Create(ctx, row, core.Source{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.linkAccount(u, "github", "gh-"+email)
	return u
}

// withPassword makes a user with a password, without the help of an endpoint.
func (s *server) withPassword(email string) *core.User {
	s.t.Helper()
	u := s.withoutPassword(email)
	if _, err := s.Kernel().Accounts.CreateCredential(context.Background(), u.ID, "plain:"+goodPassword); err != nil {
		s.t.Fatal(err)
	}
	return u
}

func (s *server) linkAccount(u *core.User, provider, accountID string) *core.Account {
	s.t.Helper()
	row := s.Kernel().Accounts.Table().NewRow().Set("userId", u.ID).Set("providerId", provider).Set("accountId", accountID)
	a, err := s.Kernel().Accounts.Create(context.Background(), row)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// session signs a user in without any credential.
func (s *server) sessionFor(u *core.User) *client {
	s.t.Helper()
	id, err := s.Kernel().Sessions.Create(context.Background(), u, true, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := s.client()
	c.setCookie(sessionCookie, escaped(s.Kernel().Secrets.SignedValue(id.Session.Token)))
	return c
}

func escaped(value string) string {
	return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(value)
}

func TestAUserWithoutPasswordNeverGetsTwo(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		u := s.withoutPassword("ada@example.com")
		tokens := make([]string, 20)
		for i := range tokens {
			s.clock.Advance(time.Second)
			s.client().post("/request-password-reset", fields{"email": u.Email}).ok(t)
			tokens[i] = s.mails.last(t, "reset").token
		}
		s.hashTogether(len(tokens))
		parallel(len(tokens), func(i int) reply {
			return s.client().post("/reset-password", fields{"token": tokens[i], "newPassword": goodPassword})
		})
		s.hasher.hashGate.Store(nil)
		if n := len(s.rows(schema.AccountKey)); n != 2 {
			t.Fatalf("there are %d accounts, want the one there was and one password", n)
		}
		s.client().signIn(u.Email, goodPassword).ok(t)
	})
}

func TestAFirstPasswordIsSetOnce(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		u := s.withoutPassword("ada@example.com")
		header := http.Header{"Cookie": {s.sessionFor(u).cookieHeader()}}
		s.hashTogether(50)
		set := parallel(50, func(i int) error {
			_, err := s.API.SetPassword(context.Background(), apiSetPassword(fmt.Sprintf("password number %d", i)), ostiary.WithHeader(header))
			return err
		})
		succeeded := 0
		for i, err := range set {
			if err == nil {
				succeeded++
				if r := s.client().signIn(u.Email, fmt.Sprintf("password number %d", i)); r.status != 200 {
					t.Errorf("password %d was set, but signing in answers %v", i, r)
				}
			}
		}
		if n := len(s.rows(schema.AccountKey)); succeeded != 1 || n != 2 {
			t.Errorf("%d calls succeeded and there are %d accounts, want 1 and 2", succeeded, n)
		}
	})
}

// hashTogether lets every hash wait until n have begun.
func (s *server) hashTogether(n int) {
	var begun sync.WaitGroup
	begun.Add(n)
	gate := func(context.Context) error {
		begun.Done()
		begun.Wait()
		return nil
	}
	s.hasher.hashGate.Store(&gate)
}

func TestSR_253_RefreshingAtOnceLosesNoSession(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		var writes sync.Map
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{Model: schema.SessionKey, AfterUpdate: func(_ context.Context, row *schema.Row) error {
				writes.Store(row.TimeAt(schema.SessionExpiresAt), true)
				return nil
			}}}
		})
		c := s.signUp("ada@example.com")
		s.clock.Advance(2 * 24 * time.Hour)
		header := c.cookieHeader()
		for i, r := range parallel(50, func(int) reply {
			browser := s.client()
			browser.header.Set("Cookie", header)
			return browser.get("/get-session")
		}) {
			if r.status != 200 || r.body == "null" {
				t.Errorf("request %d answers %v", i, r)
			}
		}
		if c.session() == nil {
			t.Error("the session is lost")
		}
	})
}

func TestARevokedSessionIsNeverRefreshed(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		var revoke func()
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{Model: schema.SessionKey, BeforeUpdate: func(context.Context, schema.Row) error {
				revoke() // in the very moment between reading and refreshing
				return nil
			}}}
		})
		c := s.signUp("ada@example.com")
		token := c.session().Session.Token
		s.clock.Advance(2 * 24 * time.Hour)
		elsewhere := s.client()
		elsewhere.signIn("ada@example.com", goodPassword).ok(t)
		revoke = sync.OnceFunc(func() { elsewhere.post("/revoke-session", fields{"token": token}).ok(t) })
		r := c.get("/get-session").want(t, 401, "FAILED_TO_GET_SESSION")
		if k := r.cookie(sessionCookie); k == nil || k.MaxAge >= 0 {
			t.Errorf("the cookie of a revoked session is issued anew: %v", r.header["Set-Cookie"])
		}
		s.wantRows(1, 1, 1)
	})
}

func TestRevokingAndRefreshingAtOnceEndsTheSession(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		for round := range 10 {
			email := fmt.Sprintf("user%d@example.com", round)
			c := s.signUp(email)
			token, header := c.session().Session.Token, c.cookieHeader()
			s.clock.Advance(2 * 24 * time.Hour)
			elsewhere := s.client()
			elsewhere.signIn(email, goodPassword).ok(t)
			parallel(20, func(i int) reply {
				if i == 10 {
					return elsewhere.post("/revoke-session", fields{"token": token})
				}
				browser := s.client()
				browser.header.Set("Cookie", header)
				return browser.get("/get-session")
			})
			late := s.client()
			late.header.Set("Cookie", header)
			if late.session() != nil {
				t.Fatal("a revoked session lives")
			}
		}
	})
}

func TestSR_250_TheLastTwoAccountsCannotBeUnlinkedAtOnce(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		for round := range 10 {
			u := s.withoutPassword(fmt.Sprintf("user%d@example.com", round))
			s.linkAccount(u, "google", "g-"+u.ID)
			accounts, err := s.Kernel().Accounts.List(context.Background(), u.ID)
			if err != nil || len(accounts) != 2 {
				t.Fatalf("%d accounts, %v", len(accounts), err)
			}
			header := s.sessionFor(u).cookieHeader()
			counts := tally(parallel(2, func(i int) reply {
				browser := s.client()
				browser.header.Set("Cookie", header)
				return browser.post("/unlink-account", fields{"accountId": accounts[i].ID})
			}))
			if counts["200"] != 1 || counts["400 FAILED_TO_UNLINK_LAST_ACCOUNT"] != 1 {
				t.Errorf("the answers are %v", counts)
			}
		}
	})
}

// holdVerify makes the next comparison of a password wait: it returns when the
// comparison has begun, having given a function that lets it go on.
func (s *server) holdVerify(start func() reply) (release func() reply) {
	begun, goOn, answer := make(chan struct{}), make(chan struct{}), make(chan reply, 1)
	once := sync.OnceFunc(func() { close(begun) })
	gate := func(context.Context) error {
		s.hasher.gate.Store(nil)
		once()
		<-goOn
		return nil
	}
	s.hasher.gate.Store(&gate)
	go func() { answer <- start() }()
	<-begun
	return func() reply { close(goOn); return <-answer }
}

func TestSR_249_DeletingAUserWhoIsSigningInLeavesNothing(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		c := s.signUp("ada@example.com")
		late := s.client()
		release := s.holdVerify(func() reply { return late.signIn("ada@example.com", goodPassword) })
		c.post("/delete-user", fields{}).ok(t)
		release().want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		s.wantRows(0, 0, 0)
	})
}

func TestSR_249_DeletingAUserAmongManySignInsLeavesNothing(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		c := s.signUp("ada@example.com")
		replies := parallel(40, func(i int) reply {
			if i == 20 {
				return c.post("/delete-user", fields{})
			}
			return s.client().signIn("ada@example.com", goodPassword)
		})
		for _, r := range replies {
			if r.status != 200 && r.status != 401 {
				t.Errorf("an answer is %v", r)
			}
		}
		s.wantRows(0, 0, 0)
	})
}

func TestSR_255_TheOldPasswordOpensNothingOnceItIsChanged(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		changes := map[string]func(s *server, c *client) reply{
			"change": func(_ *server, c *client) reply {
				return c.post("/change-password", fields{"newPassword": "another good one", "currentPassword": goodPassword, "revokeOtherSessions": true})
			},
			"reset": func(s *server, c *client) reply {
				c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
				return s.client().post("/reset-password", fields{"newPassword": "another good one", "token": s.mails.last(t, "reset").token})
			},
		}
		for name, change := range changes {
			s := newServer(t, store, func(_ *server, o *ostiary.Options) { o.EmailAndPassword.RevokeSessionsOnPasswordReset = true })
			c := s.signUp("ada@example.com")
			thief := s.client()
			release := s.holdVerify(func() reply { return thief.signIn("ada@example.com", goodPassword) })
			change(s, c).ok(t)
			if r := release(); r.status == http.StatusOK && thief.session() != nil {
				t.Errorf("%s: a sign-in with the old password that had begun before has a session", name)
			}
		}
	})
}

func TestTwoPasswordChangesAtOnceLeaveOnePassword(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		c := s.signUp("ada@example.com")
		header := c.cookieHeader()
		s.hashTogether(20)
		replies := parallel(20, func(i int) reply {
			browser := s.client()
			browser.header.Set("Cookie", header)
			return browser.post("/change-password", fields{"newPassword": fmt.Sprintf("new password %d", i), "currentPassword": goodPassword})
		})
		works := 0
		for i, r := range replies {
			if r.status != 200 && r.code() != "INVALID_PASSWORD" {
				t.Errorf("an answer is %v", r)
			}
			if s.client().signIn("ada@example.com", fmt.Sprintf("new password %d", i)).status == 200 {
				works++
			}
		}
		if works != 1 {
			t.Errorf("%d passwords work, want 1", works)
		}
		s.client().signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	})
}

func TestSR_244_OfTwoUsersWhoWantOneAddressOneGetsIt(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		links := make([]string, 20)
		for i := range links {
			c := s.signUp(fmt.Sprintf("user%d@example.com", i))
			c.post("/change-email", fields{"newEmail": "wanted@example.com"}).ok(t)
			links[i] = s.mails.last(t, "verification").url
		}
		counts := map[string]int{}
		for _, r := range parallel(len(links), func(i int) reply { return s.client().follow(links[i]) }) {
			counts[fmt.Sprint(r.status, r.header.Get("Location"))]++
		}
		if counts["302/"] != 1 || counts["302/?error=INVALID_TOKEN"] != len(links)-1 {
			t.Errorf("the answers are %v", counts)
		}
	})
}

func TestChangingAddressesAtOnceNeverFailsTheServer(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, func(_ *server, o *ostiary.Options) { o.User.ChangeEmail.UpdateWithoutVerification = true })
		clients := make([]*client, 20)
		for i := range clients {
			clients[i] = s.signUp(fmt.Sprintf("user%d@example.com", i))
		}
		counts := tally(parallel(len(clients), func(i int) reply { return clients[i].post("/change-email", fields{"newEmail": "wanted@example.com"}) }))
		if counts["200"] != len(clients) {
			t.Errorf("the answers are %v", counts)
		}
		owners := 0
		for _, row := range s.rows(schema.UserKey) {
			if row.StringAt(schema.UserEmail) == "wanted@example.com" {
				owners++
			}
		}
		if owners != 1 {
			t.Errorf("%d users have the address", owners)
		}
	})
}

func TestADeletionTokenDeletesOnce(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		deletions := 0
		s := newServer(t, store, withDeleteMail, func(_ *server, o *ostiary.Options) {
			var mu sync.Mutex
			o.User.DeleteUser.After = func(context.Context, core.User) error {
				mu.Lock()
				defer mu.Unlock()
				deletions++
				return nil
			}
		})
		c := s.signUp("ada@example.com")
		c.post("/delete-user", fields{}).ok(t)
		header, token := c.cookieHeader(), s.mails.last(t, "delete").token
		for _, r := range parallel(50, func(int) reply {
			browser := s.client()
			browser.header.Set("Cookie", header)
			return browser.get("/delete-user/callback?token=" + token)
		}) {
			if r.status != 200 && r.status != 404 {
				t.Errorf("an answer is %v", r)
			}
		}
		if deletions != 1 {
			t.Errorf("the user was deleted %d times", deletions)
		}
		s.wantRows(0, 0, 0)
	})
}

func apiSetPassword(text string) api.SetPasswordInput { return api.SetPasswordInput{NewPassword: text} }
