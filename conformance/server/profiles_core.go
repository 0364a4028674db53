package main

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

var coreProfiles = map[string]profile{
	"core": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		everything(s, o)
	}},
	"core-scrypt": {configure: func(s *server, o *ostiary.Options) {
		o.EmailAndPassword.Enabled = true
		everything(s, o)
	}},
	"core-minimal": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailAndPassword.AutoSignIn = new(false)
		o.Advanced.DisabledPaths = []string{"/list-sessions", "/update-user"}
	}},
	"core-off":    {configure: func(*server, *ostiary.Options) {}},
	"core-closed": {configure: configureClosed, seed: seedClosed},
	"core-defer": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Session.DeferRefresh = true
		o.Session.FreshAge = new(300 * time.Second)
		o.User.DeleteUser.Enabled = true
	}},
	"core-verify": {configure: configureVerify},
	"fields":      {configure: configureFields},
	"rate-limit": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailAndPassword.SendResetPassword = s.sendReset
		o.RateLimit = core.RateLimitOptions{
			Enabled: new(true), Window: time.Minute, Max: 10, Storage: core.RateLimitInMemory,
			Rules: []core.RateLimitRule{
				{Path: "/list-accounts", Window: 10 * time.Second, Max: 2},
				{Path: "/update-user", Unlimited: true},
			},
		}
	}},
	"rate-limit-db": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.RateLimit = core.RateLimitOptions{Enabled: new(true), Window: 30 * time.Second, Max: 3, Storage: core.RateLimitInDatabase}
	}},
}

// everything turns every optional feature of accounts on.
func everything(s *server, o *ostiary.Options) {
	o.EmailAndPassword.SendResetPassword = s.sendReset
	o.EmailAndPassword.OnPasswordReset = s.sendTo("password-was-reset")
	o.EmailVerification.Send = s.sendVerification
	o.EmailVerification.AutoSignIn = true
	o.User.ChangeEmail.Enabled = true
	o.User.ChangeEmail.SendConfirmation = s.sendChangeEmail
	o.User.DeleteUser.Enabled = true
	o.TrustedOrigins = []string{"https://trusted.example.com", "https://*.wild.example.com", "myapp://"}
}

func configureClosed(_ *server, o *ostiary.Options) {
	o.EmailAndPassword.Enabled = true
	o.EmailAndPassword.DisableSignUp = true
	o.Session.DisableRefresh = true
	o.Session.ExpiresIn = 172800 * time.Second
	o.Session.UpdateAge = new(time.Duration(0))
}

func seedClosed(ctx context.Context, a *ostiary.Auth) error {
	k := a.Kernel()
	hash, err := k.Passwords.Hash(ctx, "correct horse battery")
	if err != nil {
		return err
	}
	row := k.Users.Table().NewRow().Set("name", "Seed User").Set("email", "seed@example.com").Set("emailVerified", false)
	u, err := k.Users.Create(ctx, row, core.Source{})
	if err != nil {
		return err
	}
	_, err = k.Accounts.CreateCredential(ctx, u.ID, hash)
	return err
}

func configureVerify(s *server, o *ostiary.Options) {
	withPassword(o)
	o.EmailAndPassword.RequireEmailVerification = true
	o.EmailAndPassword.MinPasswordLength = 10
	o.EmailAndPassword.MaxPasswordLength = 64
	o.EmailAndPassword.SendResetPassword = s.sendReset
	o.EmailAndPassword.ResetPasswordTokenExpiresIn = 600 * time.Second
	o.EmailAndPassword.RevokeSessionsOnPasswordReset = true
	o.EmailAndPassword.OnExistingUserSignUp = s.sendTo("existing-sign-up")
	o.EmailVerification.Send = s.sendVerification
	o.EmailVerification.SendOnSignUp = new(true)
	o.EmailVerification.SendOnSignIn = true
	o.EmailVerification.ExpiresIn = 900 * time.Second
	o.EmailVerification.Before = s.sendUser("before-verification", true)
	o.EmailVerification.After = s.sendUser("after-verification", true)
	o.User.ChangeEmail.Enabled = true
	o.User.ChangeEmail.SendConfirmation = s.sendChangeEmail
	o.User.DeleteUser.Enabled = true
	o.User.DeleteUser.SendVerification = s.sendDelete
	o.User.DeleteUser.TokenExpiresIn = 1200 * time.Second
	o.User.DeleteUser.Before = s.sendUser("before-delete", false)
	o.User.DeleteUser.After = s.sendUser("after-delete", false)
	o.Session.ExpiresIn = 86400 * time.Second
	o.Session.UpdateAge = new(3600 * time.Second)
	o.Session.FreshAge = new(600 * time.Second)
}

func configureFields(_ *server, o *ostiary.Options) {
	withPassword(o)
	o.User.Fields = []schema.Field{
		{Name: "role", Optional: true, Default: "user", NoInput: true},
		{Name: "secretNote", Optional: true, Hidden: true},
		{Name: "age", Type: schema.Number, Optional: true},
		{Name: "newsletter", Type: schema.Boolean, Optional: true, Default: true},
		{Name: "birthday", Type: schema.Date, Optional: true},
		{Name: "tags", Type: schema.StringArray, Optional: true},
		{Name: "lang", Default: "en"},
		{Name: "company"},
		{Name: "code", Optional: true, NoInput: true, Default: func() any { return "generated-code" }},
		{Name: "nick", Optional: true, Encode: lowerCase, Decode: withTilde},
		{Name: "score", Type: schema.Number, Optional: true, Validate: wholeUpTo100},
	}
	o.Session.Fields = []schema.Field{
		{Name: "theme", Optional: true, Default: "light"},
		{Name: "level", Type: schema.Number, Optional: true, NoInput: true, Default: 1},
		{Name: "hidden", Optional: true, Hidden: true},
	}
}

func lowerCase(v any) (any, error) {
	if s, ok := v.(string); ok {
		return strings.ToLower(s), nil
	}
	return v, nil
}

func withTilde(v any) (any, error) {
	if s, ok := v.(string); ok {
		return "~" + s, nil
	}
	return v, nil
}

func wholeUpTo100(v any) (any, error) {
	switch n := v.(type) {
	case int64:
		if n >= 0 && n <= 100 {
			return v, nil
		}
	case float64:
		if n == math.Trunc(n) && n >= 0 && n <= 100 {
			return v, nil
		}
	}
	return nil, errors.New("expected a whole number from 0 to 100")
}
