package main

import (
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/providers/atlassian"
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
	"github.com/ostiary/ostiary/providers/paypal"
	"github.com/ostiary/ostiary/providers/polar"
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
	"github.com/ostiary/ostiary/providers/zoom"
)

var socialProfiles = map[string]profile{
	"social": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailVerification.Send = s.sendVerification
		o.SocialProviders = []social.Provider{
			googleProvider(social.Settings{}),
			github.New(github.Options{ClientID: "github-client", ClientSecret: "github-secret", Scopes: []string{"repo"}}),
			discordProvider(social.Settings{}),
			gitlab.New(gitlab.Options{ClientID: "gitlab-client", ClientSecret: "gitlab-secret", Settings: social.Settings{DisableImplicitSignUp: true}}),
		}
		o.TrustedOrigins = []string{"https://trusted.example.com"}
	}},
	"social-linking": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.SocialProviders = []social.Provider{
			googleProvider(social.Settings{OverrideUserInfo: true}), githubProvider(), discordProvider(social.Settings{DisableSignUp: true}),
		}
		o.Account.EncryptOAuthTokens = true
		o.Account.KeepTokensOnSignIn = true
		o.Account.Linking = core.LinkingOptions{
			TrustedProviders: []string{"github"}, AllowDifferentEmails: true, AllowUnlinkingAll: true, UpdateUserInfoOnLink: true,
		}
	}},
	"social-no-linking": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.SocialProviders = []social.Provider{googleProvider(social.Settings{}), githubProvider()}
		o.Account.StateStrategy = core.StateInCookie
		o.Account.Linking.Disabled = true
	}},
	"social-many": {configure: func(_ *server, o *ostiary.Options) { o.SocialProviders = manyProviders() }},
	"stateless": {stateless: true, configure: func(_ *server, o *ostiary.Options) {
		o.SocialProviders = []social.Provider{googleProvider(social.Settings{}), githubProvider()}
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, MaxAge: 604800 * time.Second, Strategy: core.JWECache, Refresh: true}
	}},
}

func googleProvider(s social.Settings) social.Provider {
	return google.New(google.Options{ClientID: "google-client", ClientSecret: "google-secret", Settings: s})
}

func githubProvider() social.Provider {
	return github.New(github.Options{ClientID: "github-client", ClientSecret: "github-secret"})
}

func discordProvider(s social.Settings) social.Provider {
	return discord.New(discord.Options{ClientID: "discord-client", ClientSecret: "discord-secret", Settings: s})
}

// manyProviders are the providers of profile social-many, each with the same
// scheme of id and secret.
func manyProviders() []social.Provider {
	return []social.Provider{
		atlassian.New(atlassian.Options{ClientID: "atlassian-client", ClientSecret: "atlassian-secret"}),
		discord.New(discord.Options{ClientID: "discord-client", ClientSecret: "discord-secret"}),
		dropbox.New(dropbox.Options{ClientID: "dropbox-client", ClientSecret: "dropbox-secret"}),
		facebook.New(facebook.Options{ClientID: "facebook-client", ClientSecret: "facebook-secret"}),
		figma.New(figma.Options{ClientID: "figma-client", ClientSecret: "figma-secret"}),
		github.New(github.Options{ClientID: "github-client", ClientSecret: "github-secret"}),
		gitlab.New(gitlab.Options{ClientID: "gitlab-client", ClientSecret: "gitlab-secret"}),
		google.New(google.Options{ClientID: "google-client", ClientSecret: "google-secret"}),
		huggingface.New(huggingface.Options{ClientID: "huggingface-client", ClientSecret: "huggingface-secret"}),
		kakao.New(kakao.Options{ClientID: "kakao-client", ClientSecret: "kakao-secret"}),
		kick.New(kick.Options{ClientID: "kick-client", ClientSecret: "kick-secret"}),
		line.New(line.Options{ClientID: "line-client", ClientSecret: "line-secret"}),
		linear.New(linear.Options{ClientID: "linear-client", ClientSecret: "linear-secret"}),
		linkedin.New(linkedin.Options{ClientID: "linkedin-client", ClientSecret: "linkedin-secret"}),
		naver.New(naver.Options{ClientID: "naver-client", ClientSecret: "naver-secret"}),
		notion.New(notion.Options{ClientID: "notion-client", ClientSecret: "notion-secret"}),
		paypal.New(paypal.Options{ClientID: "paypal-client", ClientSecret: "paypal-secret"}),
		polar.New(polar.Options{ClientID: "polar-client", ClientSecret: "polar-secret"}),
		reddit.New(reddit.Options{ClientID: "reddit-client", ClientSecret: "reddit-secret"}),
		roblox.New(roblox.Options{ClientID: "roblox-client", ClientSecret: "roblox-secret"}),
		salesforce.New(salesforce.Options{ClientID: "salesforce-client", ClientSecret: "salesforce-secret"}),
		slack.New(slack.Options{ClientID: "slack-client", ClientSecret: "slack-secret"}),
		spotify.New(spotify.Options{ClientID: "spotify-client", ClientSecret: "spotify-secret"}),
		tiktok.New(tiktok.Options{ClientSecret: "tiktok-secret", ClientKey: "tiktok-key"}),
		twitch.New(twitch.Options{ClientID: "twitch-client", ClientSecret: "twitch-secret"}),
		twitter.New(twitter.Options{ClientID: "twitter-client", ClientSecret: "twitter-secret"}),
		vercel.New(vercel.Options{ClientID: "vercel-client", ClientSecret: "vercel-secret"}),
		vk.New(vk.Options{ClientID: "vk-client", ClientSecret: "vk-secret"}),
		zoom.New(zoom.Options{ClientID: "zoom-client", ClientSecret: "zoom-secret"}),
		microsoft.New(microsoft.Options{ClientID: "microsoft-client", ClientSecret: "microsoft-secret"}),
	}
}
