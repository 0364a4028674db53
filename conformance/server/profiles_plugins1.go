package main

import (
	"context"
	"strings"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/bearer"
	"github.com/ostiary/ostiary/plugins/customsession"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/plugins/multisession"
	"github.com/ostiary/ostiary/plugins/username"
)

var plugin1Profiles = map[string]profile{
	"bearer": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{bearer.New(bearer.Options{})}
	}},
	"bearer-signed": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{bearer.New(bearer.Options{RequireSignature: true})}
	}},
	"custom-session": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, MaxAge: 300 * time.Second}
		o.Plugins = []core.Plugin{customsession.New(customsession.Options{Answer: shout})}
	}},
	"magic-link": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{magiclink.New(magiclink.Options{Send: s.sendMagicLink})}
	}},
	"magic-link-strict": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{magiclink.New(magiclink.Options{
			Send: s.sendMagicLink, DisableSignUp: true, ExpiresIn: 120 * time.Second, HashTokens: true,
		})}
	}},
	"multi-session": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{multisession.New(multisession.Options{MaximumSessions: 3})}
	}},
	"username": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{username.New(username.Options{MinLength: 4, MaxLength: 12})}
	}},
	"verification-hashed": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailAndPassword.SendResetPassword = s.sendReset
		o.Verification.HashIdentifiers = true
		o.Plugins = []core.Plugin{magiclink.New(magiclink.Options{Send: s.sendMagicLink})}
	}},
}

func (s *server) sendMagicLink(_ context.Context, m magiclink.Mail) error {
	s.outbox.add("magic-link", map[string]any{"email": m.Email, "url": m.URL, "token": m.Token})
	return nil
}

// shout is the answer of profile custom-session.
func shout(_ *core.Context, s api.SessionAndUser) (any, error) {
	s.User.Extra = map[string]any{"shout": strings.ToUpper(s.User.Name)}
	return map[string]any{"roles": []string{"a", "b"}, "user": s.User, "session": s.Session}, nil
}
