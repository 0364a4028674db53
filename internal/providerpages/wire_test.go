package main

import "net/url"

// wire is what a provider expects to be sent and what is made of its answers:
// what the provider documents, written down once more, apart from the code.
type wire struct {
	// authorize is the authorisation endpoint; scope are the default scopes.
	authorize, scope string
	// scopes are what is asked for if the options add "option" and the request
	// "request". Default: the default scopes, then both.
	scopes string
	// withoutPKCE, hint and prompt: no code challenge is sent; the login hint is;
	// the prompt of the options is.
	withoutPKCE, hint, prompt bool
	// params are further parameters, alone the additional ones of a request are
	// left out.
	params url.Values
	alone  bool
	// credentials: no sign-in begins without a secret.
	credentials bool
	// idName is the name of the client id.
	idName string

	// token is the token endpoint, with its method.
	token string
	// basic: the credentials are in the header of token requests; refreshInBody:
	// except when refreshing. query: everything is in the query.
	basic, refreshInBody, query bool
	// exchange and refresh are further parameters of token requests.
	exchange, refresh url.Values
	withoutRefresh    bool

	idToken *idTokens
	profile who
}

// idTokens say which ID tokens of clients are accepted.
type idTokens struct {
	issuer, keys string // keys is the address of the keys, with its method
	claims       map[string]any
	hashedNonce  bool
	ageless      bool // an old token is good until it expires
}

// who is what matters of a profile.
type who struct {
	Subject, Name, Email, Image string
	EmailVerified               bool
}

// ann is the user in most recorded profiles.
func ann(verified bool) who {
	return who{"subject-1", "Ann Example", "ann@example.com", picture, verified}
}

// whoElse is ann with another subject, name and address.
func whoElse(subject, name, email, image string, verified bool) who {
	return who{subject, name, email, image, verified}
}

func wires() map[string]wire {
	const tenant = "3338040d-6c67-4c5b-b112-36a304b66dad"
	return map[string]wire{
		"apple": {
			authorize: "https://appleid.apple.com/auth/authorize", scope: "email name", credentials: true,
			params: url.Values{"response_type": {"code id_token"}, "response_mode": {"form_post"}},
			token:  "POST appleid.apple.com/auth/token",
			idToken: &idTokens{
				issuer: "https://appleid.apple.com", keys: "GET appleid.apple.com/auth/keys", hashedNonce: true,
				claims: map[string]any{"email_verified": "true"},
			},
			profile: whoElse("001234.0123456789abcdef.1234", "Ann Example", "ann@privaterelay.appleid.com", "", true),
		},
		"atlassian": {
			authorize: "https://auth.atlassian.com/authorize", scope: "read:jira-user offline_access", credentials: true, prompt: true,
			params: url.Values{"audience": {"api.atlassian.com"}},
			token:  "POST auth.atlassian.com/oauth/token", profile: ann(false),
		},
		"cloudflare": {
			authorize: "https://dash.cloudflare.com/oauth2/auth", scope: "user-details.read", alone: true,
			token: "POST dash.cloudflare.com/oauth2/token", basic: true,
			profile: whoElse("subject-1", "Ann Example", "ann@example.com", "", false),
		},
		"cognito": {
			authorize: "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/authorize", scope: "openid profile email", prompt: true,
			token:   "POST acme.auth.eu-west-1.amazoncognito.com/oauth2/token",
			idToken: &idTokens{issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example", keys: "GET cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example/.well-known/jwks.json"},
			profile: ann(true),
		},
		"discord": {
			authorize: "https://discord.com/api/oauth2/authorize", scope: "identify email", scopes: "identify email request option", withoutPKCE: true, prompt: true,
			params:  url.Values{"prompt": {"none"}},
			token:   "POST discord.com/api/oauth2/token",
			profile: whoElse("80351110224678912", "Nelly", "nelly@example.com", "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png", true),
		},
		"dropbox": {
			authorize: "https://www.dropbox.com/oauth2/authorize", scope: "account_info.read",
			token:   "POST api.dropboxapi.com/oauth2/token",
			profile: whoElse("dbid:subject-1", "Ann Example", "ann@example.com", picture, true),
		},
		"facebook": {
			authorize: "https://www.facebook.com/v24.0/dialog/oauth", scope: "email public_profile", withoutPKCE: true, hint: true, credentials: true,
			token:   "POST graph.facebook.com/v24.0/oauth/access_token",
			idToken: &idTokens{issuer: "https://www.facebook.com", keys: "GET limited.facebook.com/.well-known/oauth/openid/jwks/", ageless: true},
			profile: whoElse("10158000000000001", "Ann Example", "ann@example.com", picture, false),
		},
		"figma": {
			authorize: "https://www.figma.com/oauth", scope: "current_user:read", credentials: true,
			token: "POST api.figma.com/v1/oauth/token", basic: true, profile: ann(false),
		},
		"github": {
			authorize: "https://github.com/login/oauth/authorize", scope: "read:user user:email", hint: true, prompt: true,
			token:   "POST github.com/login/oauth/access_token",
			profile: whoElse("583231", "monalisa octocat", "octocat@example.com", "https://avatars.githubusercontent.com/u/583231?v=4", true),
		},
		"gitlab": {
			authorize: "https://gitlab.com/oauth/authorize", scope: "read_user", hint: true,
			token: "POST gitlab.com/oauth/token", profile: whoElse("4711", "Ann Example", "ann@example.com", picture, true),
		},
		"google": {
			authorize: "https://accounts.google.com/o/oauth2/v2/auth", scope: "email profile openid", hint: true, prompt: true, credentials: true,
			params:  url.Values{"include_granted_scopes": {"true"}},
			token:   "POST oauth2.googleapis.com/token",
			idToken: &idTokens{issuer: "https://accounts.google.com", keys: "GET www.googleapis.com/oauth2/v3/certs"},
			profile: whoElse("110169484474386276334", "Ann Example", "ann@example.com", picture, true),
		},
		"huggingface": {
			authorize: "https://huggingface.co/oauth/authorize", scope: "openid profile email",
			token: "POST huggingface.co/oauth/token", profile: ann(true),
		},
		"kakao": {
			authorize: "https://kauth.kakao.com/oauth/authorize", scope: "account_email profile_image profile_nickname", withoutPKCE: true, hint: true,
			token: "POST kauth.kakao.com/oauth/token", profile: whoElse("123456789", "Ann", "ann@example.com", picture, true),
		},
		"kick": {
			authorize: "https://id.kick.com/oauth/authorize", scope: "user:read",
			token: "POST id.kick.com/oauth/token", profile: whoElse("4711", "Ann", "ann@example.com", picture, false),
		},
		"line": {
			authorize: "https://access.line.me/oauth2/v2.1/authorize", scope: "openid profile email", hint: true,
			token: "POST api.line.me/oauth2/v2.1/token", idToken: &idTokens{},
			profile: whoElse("U4af4980629", "Ann Example", "ann@example.com", picture, false),
		},
		"linear": {
			authorize: "https://linear.app/oauth/authorize", scope: "read", withoutPKCE: true, hint: true,
			token: "POST api.linear.app/oauth/token", profile: ann(false),
		},
		"linkedin": {
			authorize: "https://www.linkedin.com/oauth/v2/authorization", scope: "profile email openid", withoutPKCE: true, hint: true,
			token: "POST www.linkedin.com/oauth/v2/accessToken", profile: whoElse("782bbtaQ", "Ann Example", "ann@example.com", picture, true),
		},
		"microsoft": {
			authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", scope: "openid profile email User.Read offline_access", hint: true, prompt: true,
			token:   "POST login.microsoftonline.com/common/oauth2/v2.0/token",
			refresh: url.Values{"scope": {"openid profile email User.Read offline_access"}},
			idToken: &idTokens{
				issuer: "https://login.microsoftonline.com/" + tenant + "/v2.0", keys: "GET login.microsoftonline.com/common/discovery/v2.0/keys",
				claims: map[string]any{"oid": "subject-1", "tid": tenant, "email_verified": true},
			},
			profile: whoElse("00000000-0000-0000-66f3-3332eca7ea81", "Ann Example", "ann@example.com", "data:image/jpeg;base64, SlBFRw==", true),
		},
		"naver": {
			authorize: "https://nid.naver.com/oauth2.0/authorize", scope: "profile email", withoutPKCE: true,
			token: "POST nid.naver.com/oauth2.0/token", profile: ann(false),
		},
		"notion": {
			authorize: "https://api.notion.com/v1/oauth/authorize", withoutPKCE: true, hint: true,
			params: url.Values{"owner": {"user"}},
			token:  "POST api.notion.com/v1/oauth/token", basic: true, refreshInBody: true, profile: ann(false),
		},
		"paybin": {
			authorize: "https://idp.paybin.io/oauth2/authorize", scope: "openid email profile", hint: true, prompt: true, credentials: true,
			token: "POST idp.paybin.io/oauth2/token", profile: ann(true),
		},
		"paypal": {
			authorize: "https://www.sandbox.paypal.com/signin/authorize", scopes: "-", prompt: true, credentials: true,
			token: "POST api-m.sandbox.paypal.com/v1/oauth2/token", basic: true,
			profile: whoElse("https://www.paypal.com/webapps/auth/identity/user/subject-1", "Ann Example", "ann@example.com", picture, true),
		},
		"polar": {
			authorize: "https://polar.sh/oauth2/authorize", scope: "openid profile email", prompt: true,
			token: "POST api.polar.sh/v1/oauth2/token", profile: ann(true),
		},
		"railway": {
			authorize: "https://backboard.railway.com/oauth/auth", scope: "openid email profile",
			token: "POST backboard.railway.com/oauth/token", basic: true, profile: ann(false),
		},
		"reddit": {
			authorize: "https://www.reddit.com/api/v1/authorize", scope: "identity", withoutPKCE: true,
			token: "POST www.reddit.com/api/v1/access_token", basic: true,
			profile: whoElse("subject1", "ann", "subject1@reddit.placeholder.invalid", picture, false),
		},
		"roblox": {
			authorize: "https://apis.roblox.com/oauth/v1/authorize", scope: "openid profile", withoutPKCE: true, prompt: true,
			params: url.Values{"prompt": {"select_account consent"}},
			token:  "POST apis.roblox.com/oauth/v1/token", profile: whoElse("1234567", "Ann", "1234567@roblox.placeholder.invalid", picture, false),
		},
		"salesforce": {
			authorize: "https://login.salesforce.com/services/oauth2/authorize", scope: "openid email profile", credentials: true,
			token: "POST login.salesforce.com/services/oauth2/token", profile: whoElse("005000000000001AAA", "Ann Example", "ann@example.com", picture, true),
		},
		"slack": {
			authorize: "https://slack.com/openid/connect/authorize", scope: "openid profile email", scopes: "openid profile email request option", withoutPKCE: true,
			token: "POST slack.com/api/openid.connect.token", profile: whoElse("U0R7JM", "Ann Example", "ann@example.com", picture, true),
		},
		"spotify": {
			authorize: "https://accounts.spotify.com/authorize", scope: "user-read-email",
			token: "POST accounts.spotify.com/api/token", profile: ann(false),
		},
		"tiktok": {
			authorize: "https://www.tiktok.com/v2/auth/authorize", scope: "user.info.profile", scopes: "user.info.profile,option,request", withoutPKCE: true, idName: "client_key",
			token: "POST open.tiktokapis.com/v2/oauth/token/", profile: whoElse("723f24d7", "Ann Example", "723f24d7@tiktok.placeholder.invalid", picture, false),
		},
		"twitch": {
			authorize: "https://id.twitch.tv/oauth2/authorize", scope: "user:read:email openid", withoutPKCE: true,
			params:  url.Values{"claims": {`{"id_token":{"email":null,"email_verified":null,"preferred_username":null,"picture":null}}`}},
			token:   "POST id.twitch.tv/oauth2/token",
			profile: whoElse("713936733", "ann", "ann@example.com", picture, true),
		},
		"twitter": {
			authorize: "https://x.com/i/oauth2/authorize", scope: "users.read tweet.read offline.access users.email",
			token: "POST api.x.com/2/oauth2/token", basic: true, profile: whoElse("2244994945", "Ann Example", "ann@example.com", picture, true),
		},
		"vercel": {
			authorize: "https://vercel.com/oauth/authorize", withoutRefresh: true,
			token: "POST api.vercel.com/login/oauth/token", profile: ann(true),
		},
		"vk": {
			authorize: "https://id.vk.com/authorize", scope: "email phone",
			token: "POST id.vk.com/oauth2/auth", exchange: url.Values{"device_id": {"a-device"}},
			profile: whoElse("1234567890", "Ann Example", "ann@example.com", picture, false),
		},
		"wechat": {
			authorize: "https://open.weixin.qq.com/connect/qrconnect#wechat_redirect", scope: "snsapi_login", scopes: "snsapi_login,option,request",
			withoutPKCE: true, credentials: true, idName: "appid", params: url.Values{"lang": {"cn"}},
			token: "GET api.weixin.qq.com/sns/oauth2/access_token", query: true,
			profile: whoElse("unionid-1", "Ann", "unionid-1@wechat.placeholder.invalid", picture, false),
		},
		"zoom": {
			authorize: "https://zoom.us/oauth/authorize", scopes: "-",
			token: "POST zoom.us/oauth/token", profile: ann(true),
		},
	}
}
