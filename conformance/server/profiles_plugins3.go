package main

import (
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/onetimetoken"
)

var plugin3Profiles = map[string]profile{
	"one-time-token": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{onetimetoken.New(onetimetoken.Options{})}
	}},
	"one-time-token-hashed": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = []core.Plugin{onetimetoken.New(onetimetoken.Options{
			HashTokens: true, ExpiresIn: time.Minute, DisableClientRequest: true, SetHeaderOnNewSession: true,
		})}
	}},
}
