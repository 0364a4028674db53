package main

import (
	"context"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/bearer"
	"github.com/ostiary/ostiary/plugins/magiclink"
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
