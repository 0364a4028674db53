package main

import (
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
)

// provider is what a page and the tests need to know of a provider beyond its
// code.
type provider struct {
	id string
	// console is where an application is registered; consoleURL is its address,
	// "" when there is none that is the same for everybody.
	console, consoleURL string
	// idName and secretName are the fields of the options for the credentials.
	// Default ClientID and ClientSecret.
	idName, secretName string
	// required are further fields that must be set, with values for examples.
	required []string
	// keys are those of the server's configuration file for the required fields,
	// and idKey that of the client id. Default clientId.
	keys  []string
	idKey string
	// notes are what one has to know.
	notes []string
	// make returns the provider for a client, with the required fields set.
	make func(c social.Client) social.Provider
	// claims are those of an ID token and answers what the provider says about
	// the owner of a token, by method, host and path, both in the shape in which
	// the provider sends them.
	claims  map[string]any
	answers map[string]string
	// tokens is the answer to the exchange of a code besides the access token.
	tokens map[string]any
}

const picture = "https://img.example/ann.png"

// standardClaims are those of OpenID Connect Core 1.0, section 5.1.
func standardClaims(more ...any) map[string]any {
	claims := map[string]any{"sub": "subject-1", "name": "Ann Example", "email": "ann@example.com", "email_verified": true, "picture": picture}
	for i := 0; i+1 < len(more); i += 2 {
		claims[more[i].(string)] = more[i+1]
	}
	return claims
}

const standardUserInfo = `{"sub":"subject-1","name":"Ann Example","preferred_username":"ann","email":"ann@example.com","email_verified":true,"picture":"` + picture + `"}`

// providers are all that there are, in the order of their ids.
func providers() []provider {
	return []provider{
		{
			id: "apple", console: "Certificates, Identifiers & Profiles", consoleURL: "https://developer.apple.com/account/resources/identifiers/list/serviceId",
			notes: []string{
				"The client id is the identifier of a Services ID. The client secret is a JWT that you sign with your key from Apple; `apple.Key` does that: as the option `Key` for every request, or with its method `ClientSecret` for programs that are given a secret, which is then good for half a year at most.",
				"Apple posts its answer to the callback. It sends the user's name, once, with the first sign-in, in that form: it is the user's word, not Apple's.",
				"Apps on a device have their bundle identifier as audience: set `AppBundleIdentifier`, or `Audiences` for several.",
				"Apple accepts no `http` callback and no `localhost`.",
			},
			make: func(c social.Client) social.Provider {
				return apple.New(apple.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			claims: map[string]any{"sub": "001234.0123456789abcdef.1234", "name": "Ann Example", "email": "ann@privaterelay.appleid.com", "email_verified": "true", "is_private_email": "true"},
		},
		{
			id: "atlassian", console: "developer console", consoleURL: "https://developer.atlassian.com/console/myapps/",
			notes: []string{"Add the permission \"User identity API\" with the scope `read:me`, and ask for it with `Scopes`, so that the profile may be read."},
			make: func(c social.Client) social.Provider {
				return atlassian.New(atlassian.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.atlassian.com/me": `{"account_type":"atlassian","account_id":"subject-1","email":"ann@example.com","name":"Ann Example","picture":"` + picture + `","account_status":"active","nickname":"ann","zoneinfo":"Europe/Berlin","locale":"en-US"}`},
		},
		{
			id: "cloudflare", console: "dashboard", consoleURL: "https://dash.cloudflare.com/",
			notes: []string{"Cloudflare refuses parameters that it does not know, so `loginHint` and `additionalParams` of a sign-in are left out, and scopes are sent once each."},
			make: func(c social.Client) social.Provider {
				return cloudflare.New(cloudflare.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.cloudflare.com/client/v4/user": `{"success":true,"errors":[],"messages":[],"result":{"id":"subject-1","email":"ann@example.com","first_name":"Ann","last_name":"Example","two_factor_authentication_enabled":true}}`},
		},
		{
			id: "cognito", console: "Amazon Cognito, app clients of a user pool", consoleURL: "https://console.aws.amazon.com/cognito/",
			required: []string{`Domain: "acme.auth.eu-west-1.amazoncognito.com"`, `Region: "eu-west-1"`, `UserPoolID: "eu-west-1_Example"`},
			keys:     []string{"domain: acme.auth.eu-west-1.amazoncognito.com", "region: eu-west-1", "userPoolId: eu-west-1_Example"},
			notes:    []string{"`Domain` is that of the hosted pages of the pool. `IdentityProvider` sends users straight on to one of the pool's own providers."},
			make: func(c social.Client) social.Provider {
				return cognito.New(cognito.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings, Domain: "acme.auth.eu-west-1.amazoncognito.com", Region: "eu-west-1", UserPoolID: "eu-west-1_Example"})
			},
			claims:  standardClaims("given_name", "Ann", "username", "ann"),
			answers: map[string]string{"GET acme.auth.eu-west-1.amazoncognito.com/oauth2/userinfo": `{"sub":"subject-1","name":"Ann Example","given_name":"Ann","username":"ann","email":"ann@example.com","email_verified":"true","picture":"` + picture + `"}`},
		},
		{
			id: "discord", console: "developer portal", consoleURL: "https://discord.com/developers/applications",
			notes: []string{
				"Users who have agreed before are not asked again (`prompt=none`), unless you set another `Prompt`.",
				"`Permissions` are those of a bot, sent when the scope `bot` is asked for.",
			},
			make: func(c social.Client) social.Provider {
				return discord.New(discord.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET discord.com/api/users/@me": `{"id":"80351110224678912","username":"nelly","discriminator":"0","global_name":"Nelly","avatar":"8342729096ea3675442027381ff50dfe","verified":true,"email":"nelly@example.com","flags":64}`},
		},
		{
			id: "dropbox", console: "App Console", consoleURL: "https://www.dropbox.com/developers/apps",
			notes: []string{"There is a refresh token only with `AccessType: \"offline\"`."},
			make: func(c social.Client) social.Provider {
				return dropbox.New(dropbox.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"POST api.dropboxapi.com/2/users/get_current_account": `{"account_id":"dbid:subject-1","name":{"given_name":"Ann","surname":"Example","display_name":"Ann Example"},"email":"ann@example.com","email_verified":true,"disabled":false,"profile_photo_url":"` + picture + `"}`},
		},
		{
			id: "facebook", console: "Meta for Developers", consoleURL: "https://developers.facebook.com/apps/",
			notes: []string{
				"Every access token is checked with Facebook before it is used: it must have been issued for this application, and the profile must be that of its owner.",
				"Facebook does not say whether an address is verified, so an existing user is linked only on request or if you trust the provider.",
				"Limited Login on iOS gives an ID token, which is accepted. A client may send an access token in its place, together with `accessToken`.",
				"`ConfigID` names a configuration of Facebook Login for Business, `Fields` are read of the profile besides the usual ones.",
			},
			make: func(c social.Client) social.Provider {
				return facebook.New(facebook.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{
				"GET graph.facebook.com/debug_token": `{"data":{"app_id":"client","type":"USER","application":"Acme","is_valid":true,"user_id":"10158000000000001"}}`,
				"GET graph.facebook.com/me":          `{"id":"10158000000000001","name":"Ann Example","email":"ann@example.com","picture":{"data":{"height":50,"is_silhouette":false,"url":"` + picture + `","width":50}}}`,
			},
		},
		{
			id: "figma", console: "My apps", consoleURL: "https://www.figma.com/developers/apps",
			make: func(c social.Client) social.Provider {
				return figma.New(figma.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.figma.com/v1/me": `{"id":"subject-1","email":"ann@example.com","handle":"Ann Example","img_url":"` + picture + `"}`},
		},
		{
			id: "github", console: "Developer settings, OAuth Apps", consoleURL: "https://github.com/settings/developers",
			notes: []string{
				"The address is the public one of the profile, or else the primary one, and is verified if GitHub's list of addresses says so. A GitHub App needs the permission \"Email addresses: read-only\" for that.",
				"GitHub issues refresh tokens only to GitHub Apps whose user tokens expire.",
			},
			make: func(c social.Client) social.Provider {
				return github.New(github.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{
				"GET api.github.com/user":        `{"login":"octocat","id":583231,"node_id":"MDQ6VXNlcjE=","avatar_url":"https://avatars.githubusercontent.com/u/583231?v=4","html_url":"https://github.com/octocat","type":"User","site_admin":false,"name":"monalisa octocat","email":"octocat@example.com"}`,
				"GET api.github.com/user/emails": `[{"email":"other@example.com","verified":false,"primary":false,"visibility":null},{"email":"octocat@example.com","verified":true,"primary":true,"visibility":"public"}]`,
			},
		},
		{
			id: "gitlab", console: "Applications in the user settings", consoleURL: "https://gitlab.com/-/user_settings/applications",
			notes: []string{"`Issuer` is the address of your own GitLab. Users who are blocked or locked are refused."},
			make: func(c social.Client) social.Provider {
				return gitlab.New(gitlab.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET gitlab.com/api/v4/user": `{"id":4711,"username":"ann","name":"Ann Example","state":"active","locked":false,"avatar_url":"` + picture + `","email":"ann@example.com","email_verified":true,"confirmed_at":"2024-01-01T00:00:00.000Z"}`},
		},
		{
			id: "google", console: "Google Auth Platform, clients", consoleURL: "https://console.cloud.google.com/auth/clients",
			notes: []string{
				"`HostedDomain` admits the users of one Google Workspace domain, `\"*\"` those of any. It is checked in the ID token, not only asked for.",
				"A refresh token is issued only with `AccessType: \"offline\"`, and again only with `Prompt: \"consent\"`.",
				"Scopes that the user granted before are included, unless `WithoutGrantedScopes` is set.",
				"ID tokens of mobile apps have their own client ids: name them in `MoreClientIDs`.",
			},
			make: func(c social.Client) social.Provider {
				return google.New(google.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			claims: standardClaims("sub", "110169484474386276334", "given_name", "Ann", "family_name", "Example", "azp", "client", "at_hash", "ignored"),
		},
		{
			id: "huggingface", console: "Connected applications in the settings", consoleURL: "https://huggingface.co/settings/connected-applications",
			make: func(c social.Client) social.Provider {
				return huggingface.New(huggingface.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET huggingface.co/oauth/userinfo": standardUserInfo},
		},
		{
			id: "kakao", console: "My Application", consoleURL: "https://developers.kakao.com/console/app",
			notes: []string{"The client id is the REST API key. Turn on Kakao Login and the consent items for nickname, picture and address."},
			make: func(c social.Client) social.Provider {
				return kakao.New(kakao.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET kapi.kakao.com/v2/user/me": `{"id":123456789,"connected_at":"2024-01-01T00:00:00Z","kakao_account":{"profile_nickname_needs_agreement":false,"profile":{"nickname":"Ann","thumbnail_image_url":"https://img.example/small.png","profile_image_url":"` + picture + `"},"name":"Ann Example","is_email_valid":true,"is_email_verified":true,"email":"ann@example.com"}}`},
		},
		{
			id: "kick", console: "Developer in the settings", consoleURL: "https://kick.com/settings/developer",
			make: func(c social.Client) social.Provider {
				return kick.New(kick.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.kick.com/public/v1/users": `{"data":[{"user_id":4711,"name":"Ann","email":"ann@example.com","profile_picture":"` + picture + `"}],"message":"OK"}`},
		},
		{
			id: "line", console: "LINE Developers Console, a LINE Login channel", consoleURL: "https://developers.line.biz/console/",
			notes: []string{
				"The permission for addresses has to be applied for in the console. LINE does not say whether an address is verified.",
				"ID tokens of clients are verified by asking LINE.",
			},
			make: func(c social.Client) social.Provider {
				return line.New(line.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			claims:  map[string]any{"sub": "U4af4980629", "name": "Ann Example", "picture": picture, "email": "ann@example.com", "amr": []any{"linesso"}},
			answers: map[string]string{"GET api.line.me/oauth2/v2.1/userinfo": `{"sub":"U4af4980629","name":"Ann Example","picture":"` + picture + `","email":"ann@example.com"}`},
		},
		{
			id: "linear", console: "API in the settings of the workspace", consoleURL: "https://linear.app/settings/api",
			make: func(c social.Client) social.Provider {
				return linear.New(linear.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"POST api.linear.app/graphql": `{"data":{"viewer":{"id":"subject-1","name":"Ann Example","email":"ann@example.com","avatarUrl":"` + picture + `","active":true,"createdAt":"2024-01-01T00:00:00.000Z","updatedAt":"2024-01-01T00:00:00.000Z"}}}`},
		},
		{
			id: "linkedin", console: "My apps", consoleURL: "https://www.linkedin.com/developers/apps",
			notes: []string{"Add the product \"Sign In with LinkedIn using OpenID Connect\". Refresh tokens are for selected partners."},
			make: func(c social.Client) social.Provider {
				return linkedin.New(linkedin.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.linkedin.com/v2/userinfo": `{"sub":"782bbtaQ","name":"Ann Example","given_name":"Ann","family_name":"Example","picture":"` + picture + `","locale":"en-US","email":"ann@example.com","email_verified":true}`},
		},
		{
			id: "microsoft", console: "Entra admin center, App registrations", consoleURL: "https://entra.microsoft.com/",
			notes: []string{
				"`Tenant` decides who may sign in: a tenant by its id or domain, `organizations`, `consumers`, or everybody with `common`. It is checked in the token, whose keys are those of all tenants.",
				"The identity is the object id `oid`, which is the same for all applications of a tenant.",
				"An address is verified only if the token says so: any administrator of any tenant can write any address into a profile. Add the optional claims `email` and `verified_primary_email`.",
				"The picture is fetched from Microsoft Graph and stored as a data URL. `PhotoSize` is its width, `WithoutPhoto` leaves it out.",
				"`Authority` is the address of a national cloud. A key takes the place of the secret with `Assertion`.",
			},
			make: func(c social.Client) social.Provider {
				return microsoft.New(microsoft.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			claims: map[string]any{
				"oid": "00000000-0000-0000-66f3-3332eca7ea81", "sub": "pairwise-1", "tid": "3338040d-6c67-4c5b-b112-36a304b66dad", "iss": "https://login.microsoftonline.com/3338040d-6c67-4c5b-b112-36a304b66dad/v2.0",
				"name": "Ann Example", "email": "ann@example.com", "preferred_username": "ann@example.com", "verified_primary_email": []any{"ann@example.com"}, "ver": "2.0",
			},
			answers: map[string]string{"GET graph.microsoft.com/v1.0/me/photos/48x48/$value": "JPEG"},
		},
		{
			id: "naver", console: "My applications", consoleURL: "https://developers.naver.com/apps/",
			notes: []string{"`MapProfile` is given the whole answer; the profile is its member `response`."},
			make: func(c social.Client) social.Provider {
				return naver.New(naver.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET openapi.naver.com/v1/nid/me": `{"resultcode":"00","message":"success","response":{"id":"subject-1","nickname":"ann","name":"Ann Example","email":"ann@example.com","profile_image":"` + picture + `"}}`},
		},
		{
			id: "notion", console: "My integrations", consoleURL: "https://www.notion.so/my-integrations",
			notes: []string{"Make a public integration with the capability \"Read user information including email addresses\". Without it there is no address, and sign-in fails."},
			make: func(c social.Client) social.Provider {
				return notion.New(notion.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.notion.com/v1/users/me": `{"object":"user","id":"bot-1","name":"Acme","type":"bot","bot":{"owner":{"type":"user","user":{"object":"user","id":"subject-1","name":"Ann Example","avatar_url":"` + picture + `","type":"person","person":{"email":"ann@example.com"}}}}}`},
		},
		{
			id: "paybin", console: "account manager at Paybin",
			notes: []string{"`Issuer` is the address of another server than the usual one."},
			make: func(c social.Client) social.Provider {
				return paybin.New(paybin.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			claims: standardClaims("preferred_username", "ann"),
		},
		{
			id: "paypal", console: "Apps & Credentials", consoleURL: "https://developer.paypal.com/dashboard/applications/live",
			notes: []string{
				"Without `Live: true` it is PayPal's sandbox.",
				"What users are asked for is configured under \"Log in with PayPal\" in the dashboard; scopes are not sent.",
			},
			make: func(c social.Client) social.Provider {
				return paypal.New(paypal.Options{ClientID: c.ID, ClientSecret: c.Secret, Settings: c.Settings})
			},
			answers: map[string]string{"GET api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": `{"user_id":"https://www.paypal.com/webapps/auth/identity/user/subject-1","sub":"https://www.paypal.com/webapps/auth/identity/user/subject-1","name":"Ann Example","email":"ann@example.com","email_verified":true,"picture":"` + picture + `","payer_id":"PAYER","verified_account":"true"}`},
		},
		{
			id: "polar", console: "Developer section of the account settings", consoleURL: "https://polar.sh/settings",
			make: func(c social.Client) social.Provider {
				return polar.New(polar.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.polar.sh/v1/oauth2/userinfo": `{"id":"subject-1","email":"ann@example.com","username":"ann","avatar_url":"` + picture + `","github_username":"ann","public_name":"Ann Example","email_verified":true}`},
		},
		{
			id: "railway", console: "Developer in the workspace settings", consoleURL: "https://railway.com/workspace/developer",
			notes: []string{"Railway does not say whether an address is verified."},
			make: func(c social.Client) social.Provider {
				return railway.New(railway.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET backboard.railway.com/oauth/me": `{"sub":"subject-1","email":"ann@example.com","name":"Ann Example","picture":"` + picture + `"}`},
		},
		{
			id: "reddit", console: "apps in the preferences", consoleURL: "https://www.reddit.com/prefs/apps",
			notes: []string{
				"Reddit tells no address: users get a placeholder that receives no mail, unless `MapProfile` sets one.",
				"There is a refresh token only with `Duration: \"permanent\"`.",
			},
			make: func(c social.Client) social.Provider {
				return reddit.New(reddit.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET oauth.reddit.com/api/v1/me": `{"id":"subject1","name":"ann","icon_img":"` + picture + `?width=256&s=0","has_verified_email":true,"oauth_client_id":"client","verified":true}`},
		},
		{
			id: "roblox", console: "OAuth 2.0 Apps", consoleURL: "https://create.roblox.com/dashboard/credentials?activeTab=OAuthTab",
			notes: []string{"Roblox tells no address: users get a placeholder that receives no mail, unless `MapProfile` sets one. Users choose their account anew each time, unless you set another `Prompt`."},
			make: func(c social.Client) social.Provider {
				return roblox.New(roblox.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET apis.roblox.com/oauth/v1/userinfo": `{"sub":"1234567","name":"Ann Example","nickname":"Ann","preferred_username":"ann","created_at":1607354232,"profile":"https://www.roblox.com/users/1234567/profile","picture":"` + picture + `"}`},
		},
		{
			id: "salesforce", console: "App Manager in the setup of your organisation",
			notes: []string{"Make an external client app or a connected app. `Sandbox` uses test.salesforce.com, `LoginHost` the host of your own domain."},
			make: func(c social.Client) social.Provider {
				return salesforce.New(salesforce.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET login.salesforce.com/services/oauth2/userinfo": `{"sub":"https://login.salesforce.com/id/00D/005","user_id":"005000000000001AAA","organization_id":"00D000000000001EAA","preferred_username":"ann@acme.example","name":"Ann Example","email":"ann@example.com","email_verified":true,"photos":{"picture":"` + picture + `","thumbnail":"https://img.example/small.png"}}`},
		},
		{
			id: "slack", console: "Your Apps", consoleURL: "https://api.slack.com/apps",
			make: func(c social.Client) social.Provider {
				return slack.New(slack.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET slack.com/api/openid.connect.userInfo": `{"ok":true,"sub":"U0R7JM","https://slack.com/user_id":"U0R7JM","https://slack.com/team_id":"T0R7GR","email":"ann@example.com","email_verified":true,"name":"Ann Example","picture":"` + picture + `","https://slack.com/user_image_512":"https://img.example/512.png"}`},
		},
		{
			id: "spotify", console: "dashboard", consoleURL: "https://developer.spotify.com/dashboard",
			notes: []string{"Spotify does not verify addresses."},
			make: func(c social.Client) social.Provider {
				return spotify.New(spotify.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.spotify.com/v1/me": `{"display_name":"Ann Example","email":"ann@example.com","id":"subject-1","images":[{"url":"` + picture + `","height":300,"width":300}],"product":"premium","type":"user"}`},
		},
		{
			id: "tiktok", console: "Manage apps", consoleURL: "https://developers.tiktok.com/apps/", idName: "ClientKey", idKey: "clientKey",
			notes: []string{"TikTok tells no address: users get a placeholder that receives no mail, unless `MapProfile` sets one."},
			make: func(c social.Client) social.Provider {
				return tiktok.New(tiktok.Options{ClientKey: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET open.tiktokapis.com/v2/user/info/": `{"data":{"user":{"open_id":"723f24d7","avatar_large_url":"` + picture + `","display_name":"Ann Example","username":"ann"}},"error":{"code":"ok","message":"","log_id":"1"}}`},
		},
		{
			id: "twitch", console: "developer console", consoleURL: "https://dev.twitch.tv/console/apps",
			notes: []string{"Twitch tells only what it is asked for: `Claims` are further claims of the ID token."},
			make: func(c social.Client) social.Provider {
				return twitch.New(twitch.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			claims: map[string]any{"sub": "713936733", "preferred_username": "ann", "email": "ann@example.com", "email_verified": true, "picture": picture},
		},
		{
			id: "twitter", console: "developer portal", consoleURL: "https://developer.x.com/en/portal/dashboard",
			notes: []string{"Turn on \"Request email from users\". An address is one that the user has confirmed; who has none gets a placeholder that receives no mail."},
			make: func(c social.Client) social.Provider {
				return twitter.New(twitter.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.x.com/2/users/me": `{"data":{"id":"2244994945","name":"Ann Example","username":"ann","profile_image_url":"` + picture + `","confirmed_email":"ann@example.com"}}`},
		},
		{
			id: "vercel", console: "Apps in the team settings", consoleURL: "https://vercel.com/dashboard",
			notes: []string{"What users are asked for is configured at Vercel; scopes are sent only if you set some. Tokens cannot be refreshed."},
			make: func(c social.Client) social.Provider {
				return vercel.New(vercel.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.vercel.com/login/oauth/userinfo": standardUserInfo},
		},
		{
			id: "vk", console: "VK ID for business", consoleURL: "https://id.vk.com/about/business/go",
			notes: []string{
				"Users without an address are refused, unless `MapProfile` sets one.",
				"The additional fields `first_name`, `last_name`, `birthday` and `sex` are filled if you declare them.",
			},
			make: func(c social.Client) social.Provider {
				return vk.New(vk.Options{ClientID: c.ID, ClientSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"POST id.vk.com/oauth2/user_info": `{"user":{"user_id":"1234567890","first_name":"Ann","last_name":"Example","email":"ann@example.com","avatar":"` + picture + `","sex":1,"verified":false,"birthday":"01.01.2000"}}`},
		},
		{
			id: "wechat", console: "WeChat Open Platform", consoleURL: "https://open.weixin.qq.com/", idName: "AppID", secretName: "AppSecret",
			notes: []string{
				"WeChat tells no address: users get a placeholder that receives no mail, unless `MapProfile` sets one.",
				"Register only the domain of the callback. Credentials and tokens are sent in the query, as WeChat wants it; they are kept out of logs.",
			},
			make: func(c social.Client) social.Provider {
				return wechat.New(wechat.Options{AppID: c.ID, AppSecret: c.Secret, Scopes: c.Scopes, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.weixin.qq.com/sns/userinfo": `{"openid":"openid-1","nickname":"Ann","sex":1,"headimgurl":"` + picture + `","privilege":[],"unionid":"unionid-1"}`},
			tokens:  map[string]any{"openid": "openid-1", "unionid": "unionid-1"},
		},
		{
			id: "zoom", console: "App Marketplace", consoleURL: "https://marketplace.zoom.us/develop/create",
			notes: []string{"What users are asked for is configured at Zoom; scopes are not sent. `WithoutPKCE` is for applications for which PKCE is turned off."},
			make: func(c social.Client) social.Provider {
				return zoom.New(zoom.Options{ClientID: c.ID, ClientSecret: c.Secret, Settings: c.Settings})
			},
			answers: map[string]string{"GET api.zoom.us/v2/users/me": `{"id":"subject-1","first_name":"Ann","last_name":"Example","display_name":"Ann Example","email":"ann@example.com","pic_url":"` + picture + `","verified":1,"status":"active"}`},
		},
	}
}
