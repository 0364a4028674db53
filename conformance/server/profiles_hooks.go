package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/schema"
)

var hookProfiles = map[string]profile{
	"hooks": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.Hooks = hooks.Set{hooks.Before(api.SignUpEmail, onlyExampleDotCom), hooks.BeforeAll(beforeByHeader), hooks.AfterAll(s.welcome), hooks.AfterAll(s.afterByHeader)}
	}},
	"db-hooks": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailAndPassword.SendResetPassword = s.sendReset
		o.User.DeleteUser.Enabled = true
		o.DatabaseHooks = s.databaseHooks()
	}},
	"custom-schema": {configure: configureNames},
	"ids-serial": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.User.DeleteUser.Enabled = true
		o.IDs = schema.SerialIDs
	}},
	"ids-uuid": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.IDs = schema.UUIDs
	}},
}

func onlyExampleDotCom(_ *core.Context, in *api.SignUpEmailInput) error {
	if !strings.HasSuffix(in.Email, "@example.com") {
		return core.FailWith(http.StatusBadRequest, "DOMAIN_NOT_ALLOWED", "Only example.com addresses may sign up")
	}
	in.Name += " (hooked)"
	return nil
}

func beforeByHeader(c *core.Context) error {
	if c.Path == api.SignUpEmail.Describe().Path {
		return nil
	}
	switch c.Header.Get("X-Hook") {
	case "early":
		return core.Respond(map[string]any{"early": true, "path": c.Path})
	case "redirect":
		return c.Redirect("/elsewhere")
	case "cookies":
		plain := core.NewCookie("plain", core.CookieAttributes{Path: "/", MaxAge: new(int64(60))})
		signed := core.NewCookie("signed", core.CookieAttributes{Path: "/", HTTPOnly: new(true), SameSite: "strict"})
		return errors.Join(c.SetCookie(plain, "one two"), c.SetSignedCookie(signed, "three"))
	case "read":
		return core.Respond(map[string]any{"plain": orNull(c.Cookie("plain")), "signed": orNull(c.SignedCookie("signed"))})
	case "crash":
		return errors.New("crash")
	case "query":
		if c.Path == api.GetSession.Describe().Path {
			c.Change(core.Change{Query: url.Values{"disableRefresh": {"true"}}})
		}
	}
	return nil
}

func orNull(value string, ok bool) any {
	if !ok {
		return nil
	}
	return value
}

func (s *server) welcome(c *core.Context) error {
	if !strings.HasPrefix(c.Path, "/sign-up") || c.NewSession == nil {
		return nil
	}
	user := c.NewSession.User
	s.outbox.add("after-sign-up", map[string]any{"to": user.Email, "name": user.Name})
	return c.SetCookie(core.NewCookie("welcomed", core.CookieAttributes{Path: "/"}), "yes")
}

func (s *server) afterByHeader(c *core.Context) error {
	failed, isError := c.Returned.(*core.APIError)
	switch c.Header.Get("X-After") {
	case "wrap":
		var wrapped any = c.Returned
		if isError {
			wrapped = map[string]any{"failed": failed.Status, "code": orNull(failed.Code, failed.Code != "")}
		}
		c.Replace(map[string]any{"wrapped": wrapped})
	case "fail":
		return core.FailWith(http.StatusTeapot, "", "teapot")
	case "header":
		c.SetHeader("X-Retry-After", "7")
	case "note":
		s.outbox.add("after-note", map[string]any{"path": c.Path, "failed": isError, "newSession": c.NewSession != nil})
	}
	return nil
}

// databaseHooks are the hooks of profile db-hooks.
func (s *server) databaseHooks() []core.DatabaseHook {
	sendUser := func(kind string, row schema.Row) {
		s.outbox.add(kind, map[string]any{"email": row.StringAt(schema.UserEmail), "name": row.StringAt(schema.UserName)})
	}
	return []core.DatabaseHook{
		{
			Model:        schema.UserKey,
			BeforeCreate: beforeUserCreate,
			AfterCreate:  func(_ context.Context, row schema.Row) error { sendUser("user.created", row); return nil },
			BeforeUpdate: beforeUserUpdate,
			AfterUpdate: func(_ context.Context, row *schema.Row) error {
				if row != nil {
					sendUser("user.updated", *row)
				}
				return nil
			},
			BeforeDelete: func(_ context.Context, row schema.Row) error {
				s.outbox.add("user.deleting", map[string]any{"email": row.StringAt(schema.UserEmail)})
				if row.StringAt(schema.UserName) == "KEEP" {
					return core.ErrAbort
				}
				return nil
			},
			AfterDelete: func(_ context.Context, row schema.Row) error {
				s.outbox.add("user.deleted", map[string]any{"email": row.StringAt(schema.UserEmail)})
				return nil
			},
		},
		{
			Model: schema.SessionKey,
			BeforeCreate: func(_ context.Context, row schema.Row) error {
				if row.StringAt(schema.SessionUserAgent) == "blocked/1" {
					return core.ErrAbort
				}
				row.SetAt(schema.SessionIPAddress, "hooked")
				return nil
			},
			AfterCreate: s.sendAgent("session.created"),
			AfterDelete: s.sendAgent("session.deleted"),
		},
		{
			Model: schema.AccountKey,
			BeforeCreate: func(_ context.Context, row schema.Row) error {
				row.SetAt(schema.AccountScope, "hooked")
				return nil
			},
			AfterCreate: func(_ context.Context, row schema.Row) error {
				s.outbox.add("account.created", map[string]any{"providerId": row.StringAt(schema.AccountProviderID)})
				return nil
			},
		},
		{Model: schema.VerificationKey, AfterCreate: func(context.Context, schema.Row) error {
			s.outbox.add("verification.created", map[string]any{})
			return nil
		}},
	}
}

func (s *server) sendAgent(kind string) func(context.Context, schema.Row) error {
	return func(_ context.Context, row schema.Row) error {
		s.outbox.add(kind, map[string]any{"userAgent": row.StringAt(schema.SessionUserAgent)})
		return nil
	}
}

func beforeUserCreate(_ context.Context, row schema.Row) error {
	switch name := row.StringAt(schema.UserName); name {
	case "abort":
		return core.ErrAbort
	case "error":
		return core.FailWith(http.StatusBadRequest, "", "refused by hook")
	default:
		row.SetAt(schema.UserName, strings.ToUpper(name))
		return nil
	}
}

func beforeUserUpdate(_ context.Context, change schema.Row) error {
	switch name := change.StringAt(schema.UserName); name {
	case "":
	case "abort":
		return core.ErrAbort
	default:
		change.SetAt(schema.UserName, name+"!")
	}
	return nil
}

func configureNames(s *server, o *ostiary.Options) {
	withPassword(o)
	o.EmailAndPassword.SendResetPassword = s.sendReset
	o.User.Table = "people"
	o.User.Columns = map[string]string{"email": "email_address", "name": "full_name", "emailVerified": "email_ok"}
	o.User.Fields = []schema.Field{{Name: "age", Type: schema.Number, Optional: true, Column: "years"}}
	o.User.ChangeEmail.Enabled = true
	o.User.DeleteUser.Enabled = true
	o.Session.Table = "logins"
	o.Session.Columns = map[string]string{"userId": "person_id", "expiresAt": "valid_until"}
	o.Account.Table = "identities"
	o.Account.Columns = map[string]string{"userId": "person_id", "providerId": "provider"}
	o.Verification.Table = "proofs"
	o.Verification.Columns = map[string]string{"identifier": "about", "expiresAt": "valid_until"}
}
