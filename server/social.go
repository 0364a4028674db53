package server

import (
	"maps"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/providers/apple"
	"github.com/ostiary/ostiary/providers/atlassian"
	"github.com/ostiary/ostiary/providers/cloudflare"
	"github.com/ostiary/ostiary/providers/cognito"
	"github.com/ostiary/ostiary/providers/discord"
	"github.com/ostiary/ostiary/providers/dropbox"
	"github.com/ostiary/ostiary/providers/facebook"
	"github.com/ostiary/ostiary/providers/figma"
	"github.com/ostiary/ostiary/providers/github"
	"github.com/ostiary/ostiary/providers/gitlab"
	"github.com/ostiary/ostiary/providers/google"
	"github.com/ostiary/ostiary/providers/huggingface"
	"github.com/ostiary/ostiary/providers/kakao"
	"github.com/ostiary/ostiary/providers/kick"
	"github.com/ostiary/ostiary/providers/line"
	"github.com/ostiary/ostiary/providers/linear"
	"github.com/ostiary/ostiary/providers/linkedin"
	"github.com/ostiary/ostiary/providers/microsoft"
	"github.com/ostiary/ostiary/providers/naver"
	"github.com/ostiary/ostiary/providers/notion"
	"github.com/ostiary/ostiary/providers/paybin"
	"github.com/ostiary/ostiary/providers/paypal"
	"github.com/ostiary/ostiary/providers/polar"
	"github.com/ostiary/ostiary/providers/railway"
	"github.com/ostiary/ostiary/providers/reddit"
	"github.com/ostiary/ostiary/providers/roblox"
	"github.com/ostiary/ostiary/providers/salesforce"
	"github.com/ostiary/ostiary/providers/slack"
	"github.com/ostiary/ostiary/providers/spotify"
	"github.com/ostiary/ostiary/providers/tiktok"
	"github.com/ostiary/ostiary/providers/twitch"
	"github.com/ostiary/ostiary/providers/twitter"
	"github.com/ostiary/ostiary/providers/vercel"
	"github.com/ostiary/ostiary/providers/vk"
	"github.com/ostiary/ostiary/providers/wechat"
	"github.com/ostiary/ostiary/providers/zoom"
	"github.com/ostiary/ostiary/server/internal/configfile"
)

// SocialProvider is a provider with which users sign in, by its id. The keys of
// the second part are those of single providers.
type SocialProvider struct {
	// Enabled. Default true.
	Enabled *bool `key:"enabled"`
	// ClientID is that of the application at the provider; of several, the first
	// one signs users in, and ID tokens for all are accepted.
	ClientID ClientID `key:"clientId"`
	// ClientSecret is best given as OSTIARY_SOCIAL_<ID>_CLIENT_SECRET.
	ClientSecret Secret `key:"clientSecret"`
	// Scope are asked for besides the default ones.
	Scope []string `key:"scope"`
	// DisableDefaultScope asks for Scope only. Default false.
	DisableDefaultScope bool `key:"disableDefaultScope"`
	// RedirectURI replaces the callback address.
	RedirectURI string `key:"redirectURI"`
	// AuthorizationEndpoint replaces the provider's.
	AuthorizationEndpoint string `key:"authorizationEndpoint"`
	// Prompt is sent to the provider.
	Prompt string `key:"prompt"`
	// ResponseMode is how the provider answers.
	ResponseMode string `key:"responseMode"`
	// DisableIDTokenSignIn refuses ID tokens of clients. Default false.
	DisableIDTokenSignIn bool `key:"disableIdTokenSignIn"`
	// DisableImplicitSignUp and DisableSignUp refuse users without an account.
	// Default false.
	DisableImplicitSignUp bool `key:"disableImplicitSignUp"`
	DisableSignUp         bool `key:"disableSignUp"`
	// OverrideUserInfoOnSignIn replaces what is known of a user. Default false.
	OverrideUserInfoOnSignIn bool `key:"overrideUserInfoOnSignIn"`
	// RequireEmailVerification needs a verified address. Default false.
	RequireEmailVerification bool `key:"requireEmailVerification"`

	AccessType           string   `key:"accessType"`
	AppBundleIdentifier  string   `key:"appBundleIdentifier"`
	Audience             []string `key:"audience"`
	Authority            string   `key:"authority"`
	Claims               []string `key:"claims"`
	ClientKey            string   `key:"clientKey"`
	ConfigID             string   `key:"configId"`
	DisableProfilePhoto  bool     `key:"disableProfilePhoto"`
	Display              string   `key:"display"`
	Domain               string   `key:"domain"`
	Duration             string   `key:"duration" oneOf:"temporary,permanent"`
	Environment          string   `key:"environment" oneOf:"sandbox,live,production"`
	Fields               []string `key:"fields"`
	HostedDomain         string   `key:"hd"`
	IdentityProvider     string   `key:"identityProvider"`
	IncludeGrantedScopes *bool    `key:"includeGrantedScopes"`
	Issuer               string   `key:"issuer"`
	Language             string   `key:"lang"`
	LoginURL             string   `key:"loginUrl"`
	Permissions          int64    `key:"permissions" min:"0"`
	PKCE                 *bool    `key:"pkce"`
	ProfilePhotoSize     int      `key:"profilePhotoSize" min:"48" max:"648"`
	Region               string   `key:"region"`
	RequireClientSecret  bool     `key:"requireClientSecret"`
	TenantID             string   `key:"tenantId"`
	UserPoolID           string   `key:"userPoolId"`
}

// ClientID is a client id, or several.
type ClientID []string

// DecodeConfig reads text, or a list of texts.
func (c *ClientID) DecodeConfig(p configfile.Place) {
	var one string
	switch {
	case p.IsText():
		p.Into(&one)
		*c = ClientID{one}
	case p.IsList():
		var all []string
		p.Into(&all)
		*c = all
	default:
		p.Problem("expected text, or a list of texts")
	}
}

// client is what every provider is told of the application.
type client struct {
	id, secret string
	scopes     []string
	settings   social.Settings
}

func (s *SocialProvider) client() client {
	c := client{secret: s.ClientSecret.Reveal(), scopes: s.Scope, settings: social.Settings{
		WithoutDefaultScopes: s.DisableDefaultScope, RedirectURI: s.RedirectURI, AuthorizationEndpoint: s.AuthorizationEndpoint,
		Prompt: s.Prompt, ResponseMode: s.ResponseMode, DisableIDTokenSignIn: s.DisableIDTokenSignIn,
		DisableSignUp: s.DisableSignUp, DisableImplicitSignUp: s.DisableImplicitSignUp,
		OverrideUserInfo: s.OverrideUserInfoOnSignIn, RequireEmailVerification: s.RequireEmailVerification,
	}}
	if len(s.ClientID) > 0 {
		c.id, c.settings.MoreClientIDs = s.ClientID[0], s.ClientID[1:]
	}
	return c
}

// maker makes a provider of its configuration; own are the keys that only some
// providers know.
type maker struct {
	own  []string
	make func(s *SocialProvider, c client) social.Provider
}

// socialMakers are the providers that can be configured.
func socialMakers() map[string]maker {
	return map[string]maker{
		"apple": {[]string{"appBundleIdentifier", "audience"}, func(s *SocialProvider, c client) social.Provider {
			return apple.New(apple.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, AppBundleIdentifier: s.AppBundleIdentifier, Audiences: s.Audience})
		}},
		"atlassian": {nil, func(_ *SocialProvider, c client) social.Provider {
			return atlassian.New(atlassian.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"cloudflare": {nil, func(_ *SocialProvider, c client) social.Provider {
			return cloudflare.New(cloudflare.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"cognito": {[]string{"domain", "region", "userPoolId", "requireClientSecret", "identityProvider"}, func(s *SocialProvider, c client) social.Provider {
			return cognito.New(cognito.Options{
				ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings,
				Domain: s.Domain, Region: s.Region, UserPoolID: s.UserPoolID, RequireClientSecret: s.RequireClientSecret, IdentityProvider: s.IdentityProvider,
			})
		}},
		"discord": {[]string{"permissions"}, func(s *SocialProvider, c client) social.Provider {
			return discord.New(discord.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Permissions: s.Permissions})
		}},
		"dropbox": {[]string{"accessType"}, func(s *SocialProvider, c client) social.Provider {
			return dropbox.New(dropbox.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, AccessType: s.AccessType})
		}},
		"facebook": {[]string{"fields", "configId"}, func(s *SocialProvider, c client) social.Provider {
			return facebook.New(facebook.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Fields: s.Fields, ConfigID: s.ConfigID})
		}},
		"figma": {nil, func(_ *SocialProvider, c client) social.Provider {
			return figma.New(figma.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"github": {nil, func(_ *SocialProvider, c client) social.Provider {
			return github.New(github.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"gitlab": {[]string{"issuer"}, func(s *SocialProvider, c client) social.Provider {
			return gitlab.New(gitlab.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Issuer: s.Issuer})
		}},
		"google": {[]string{"accessType", "display", "hd", "includeGrantedScopes"}, func(s *SocialProvider, c client) social.Provider {
			return google.New(google.Options{
				ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings,
				HostedDomain: s.HostedDomain, AccessType: s.AccessType, Display: s.Display, WithoutGrantedScopes: !enabled(s.IncludeGrantedScopes),
			})
		}},
		"huggingface": {nil, func(_ *SocialProvider, c client) social.Provider {
			return huggingface.New(huggingface.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"kakao": {nil, func(_ *SocialProvider, c client) social.Provider {
			return kakao.New(kakao.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"kick": {nil, func(_ *SocialProvider, c client) social.Provider {
			return kick.New(kick.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"line": {nil, func(_ *SocialProvider, c client) social.Provider {
			return line.New(line.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"linear": {nil, func(_ *SocialProvider, c client) social.Provider {
			return linear.New(linear.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"linkedin": {nil, func(_ *SocialProvider, c client) social.Provider {
			return linkedin.New(linkedin.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"microsoft": {[]string{"tenantId", "authority", "disableProfilePhoto", "profilePhotoSize"}, func(s *SocialProvider, c client) social.Provider {
			return microsoft.New(microsoft.Options{
				ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings,
				Tenant: s.TenantID, Authority: s.Authority, WithoutPhoto: s.DisableProfilePhoto, PhotoSize: s.ProfilePhotoSize,
			})
		}},
		"naver": {nil, func(_ *SocialProvider, c client) social.Provider {
			return naver.New(naver.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"notion": {nil, func(_ *SocialProvider, c client) social.Provider {
			return notion.New(notion.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"paybin": {[]string{"issuer"}, func(s *SocialProvider, c client) social.Provider {
			return paybin.New(paybin.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Issuer: s.Issuer})
		}},
		"paypal": {[]string{"environment"}, func(s *SocialProvider, c client) social.Provider {
			return paypal.New(paypal.Options{ClientID: c.id, ClientSecret: c.secret, Settings: c.settings, Live: s.Environment == "live"})
		}},
		"polar": {nil, func(_ *SocialProvider, c client) social.Provider {
			return polar.New(polar.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"railway": {nil, func(_ *SocialProvider, c client) social.Provider {
			return railway.New(railway.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"reddit": {[]string{"duration"}, func(s *SocialProvider, c client) social.Provider {
			return reddit.New(reddit.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Duration: s.Duration})
		}},
		"roblox": {nil, func(_ *SocialProvider, c client) social.Provider {
			return roblox.New(roblox.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"salesforce": {[]string{"environment", "loginUrl"}, func(s *SocialProvider, c client) social.Provider {
			return salesforce.New(salesforce.Options{
				ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Sandbox: s.Environment == "sandbox", LoginHost: s.LoginURL,
			})
		}},
		"slack": {nil, func(_ *SocialProvider, c client) social.Provider {
			return slack.New(slack.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"spotify": {nil, func(_ *SocialProvider, c client) social.Provider {
			return spotify.New(spotify.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"tiktok": {[]string{"clientKey"}, func(s *SocialProvider, c client) social.Provider {
			return tiktok.New(tiktok.Options{ClientKey: s.ClientKey, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"twitch": {[]string{"claims"}, func(s *SocialProvider, c client) social.Provider {
			return twitch.New(twitch.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Claims: s.Claims})
		}},
		"twitter": {nil, func(_ *SocialProvider, c client) social.Provider {
			return twitter.New(twitter.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"vercel": {nil, func(_ *SocialProvider, c client) social.Provider {
			return vercel.New(vercel.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"vk": {nil, func(_ *SocialProvider, c client) social.Provider {
			return vk.New(vk.Options{ClientID: c.id, ClientSecret: c.secret, Scopes: c.scopes, Settings: c.settings})
		}},
		"wechat": {[]string{"lang"}, func(s *SocialProvider, c client) social.Provider {
			return wechat.New(wechat.Options{AppID: c.id, AppSecret: c.secret, Scopes: c.scopes, Settings: c.settings, Language: s.Language})
		}},
		"zoom": {[]string{"pkce"}, func(s *SocialProvider, c client) social.Provider {
			return zoom.New(zoom.Options{ClientID: c.id, ClientSecret: c.secret, Settings: c.settings, WithoutPKCE: !enabled(s.PKCE)})
		}},
	}
}

// ownKeys returns the keys that only some providers know and that are set.
func (s *SocialProvider) ownKeys() []string {
	var set []string
	for key, given := range map[string]bool{
		"accessType": s.AccessType != "", "appBundleIdentifier": s.AppBundleIdentifier != "", "audience": s.Audience != nil,
		"authority": s.Authority != "", "claims": s.Claims != nil, "clientKey": s.ClientKey != "", "configId": s.ConfigID != "",
		"disableProfilePhoto": s.DisableProfilePhoto, "display": s.Display != "", "domain": s.Domain != "", "duration": s.Duration != "",
		"environment": s.Environment != "", "fields": s.Fields != nil, "hd": s.HostedDomain != "", "identityProvider": s.IdentityProvider != "",
		"includeGrantedScopes": s.IncludeGrantedScopes != nil, "issuer": s.Issuer != "", "lang": s.Language != "", "loginUrl": s.LoginURL != "",
		"permissions": s.Permissions != 0, "pkce": s.PKCE != nil, "profilePhotoSize": s.ProfilePhotoSize != 0, "region": s.Region != "",
		"requireClientSecret": s.RequireClientSecret, "tenantId": s.TenantID != "", "userPoolId": s.UserPoolID != "",
	} {
		if given {
			set = append(set, key)
		}
	}
	slices.Sort(set)
	return set
}

// socialProviders returns the providers that are configured.
func (t *translation) socialProviders() []social.Provider {
	var providers []social.Provider
	makers := socialMakers()
	for i := range t.SocialProviders {
		id, s := t.SocialProviders[i].Name, &t.SocialProviders[i].Value
		if !enabled(s.Enabled) {
			continue
		}
		known, ok := makers[id]
		if !ok {
			t.problem("socialProviders.%s: there is no such provider; use one of %s, or plugins.genericOAuth for any other",
				id, strings.Join(slices.Sorted(maps.Keys(makers)), ", "))
			continue
		}
		for _, key := range s.ownKeys() {
			if !slices.Contains(known.own, key) {
				t.problem("socialProviders.%s.%s: this provider knows no such option", id, key)
			}
		}
		providers = append(providers, known.make(s, s.client()))
	}
	return providers
}
