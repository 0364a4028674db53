package main

import (
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

var cookieProfiles = map[string]profile{
	"cache-compact": cacheProfile(core.CompactCache),
	"cache-jwt":     cacheProfile(core.JWTCache),
	"cache-jwe":     cacheProfile(core.JWECache),
	"cache-version": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, MaxAge: 600 * time.Second, Version: "v2"}
	}},
	"secure": {configure: func(_ *server, o *ostiary.Options) { withPassword(o) }},
	"cookies": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, MaxAge: 120 * time.Second}
		o.Cookies = core.CookieOptions{
			Prefix:         "acme",
			CrossSubDomain: core.CrossSubDomain{Enabled: true, Domain: "example.com"},
			Overrides: map[string]core.CookieOverride{
				"session_token": {Name: "sid", Attributes: core.CookieAttributes{SameSite: "none", Partitioned: new(true)}},
				"session_data":  {Attributes: core.CookieAttributes{Path: "/api"}},
			},
		}
		o.TrustedOrigins = []string{"https://app.example.com"}
	}},
	"insecure": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Cookies.Secure = new(false)
		o.Advanced.DisableOriginCheck = true
	}},
	"no-csrf": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Advanced.DisableCSRFCheck = true
		o.TrustedOrigins = []string{"https://trusted.example.com"}
	}},
}

// cacheProfile is the cookie cache in one strategy.
func cacheProfile(strategy core.CacheStrategy) profile {
	return profile{configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.User.Fields = []schema.Field{
			{Name: "secretNote", Optional: true, Hidden: true},
			{Name: "plan", Optional: true, Default: "free"},
		}
		o.User.DeleteUser.Enabled = true
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, MaxAge: 300 * time.Second, Strategy: strategy}
		o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}}
	}}
}
