package main

import (
	"context"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/genericoauth"
)

var oauthProfiles = map[string]profile{
	"generic-oauth": {
		configure: func(_ *server, o *ostiary.Options) {
			withPassword(o)
			o.Plugins = []core.Plugin{genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{
				{
					ID: "idp", DiscoveryURL: "https://idp.test/.well-known/openid-configuration",
					ClientID: "idp-client", ClientSecret: "idp-secret", Scopes: []string{"openid", "email", "profile"},
				},
				{
					ID: "plain", AuthorizationURL: "https://oauth.test/authorize", TokenURL: "https://oauth.test/token",
					UserInfoURL: "https://oauth.test/userinfo", ClientID: "plain-client", ClientSecret: "plain-secret",
					Scopes: []string{"read"}, Auth: genericoauth.SecretInBasic,
					AuthorizationParams: social.Params{{Name: "audience", Value: "api"}},
					Settings: social.Settings{MapProfile: func(raw map[string]any, p *social.Profile) {
						p.Name = "Mapped " + social.Text(raw, "name")
					}},
				},
			}})}
		},
		// The reference discovers its providers when it starts.
		seed: func(ctx context.Context, a *ostiary.Auth) error {
			return a.Kernel().Plugin("generic-oauth").(*genericoauth.Plugin).Discover(ctx)
		},
	},
}
