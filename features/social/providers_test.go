package social_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/core"
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

// who is what matters of a profile.
type who struct {
	Subject, Name, Email, Image string
	Verified                    bool
}

// providerCase is a provider with what it answers.
type providerCase struct {
	provider social.Provider
	token    string            // the endpoint for tokens
	claims   map[string]any    // of the ID token
	answers  map[string]string // by method, host and path
	want     *who              // nil when the user is refused
}

const anns = "https://img.test/ann.png"

func providerCases() map[string]providerCase {
	const id, secret = "client", "secret"
	claims := map[string]any{"sub": "s1", "name": "Ann", "email": "ann@example.com", "email_verified": "true", "picture": anns}
	told := `{"sub":"s1","id":"s1","name":"Ann","email":"ann@example.com","email_verified":true,"picture":"` + anns + `"}`
	verified := &who{"s1", "Ann", "ann@example.com", anns, true}
	unverified := &who{"s1", "Ann", "ann@example.com", anns, false}
	const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
	microsoftClaims := with(claims, "oid", "s1", "sub", "pairwise", "tid", "t1", "iss", "https://login.microsoftonline.com/t1/v2.0", "email_verified", nil)
	delete(microsoftClaims, "email_verified")
	graph := map[string]string{
		"GET graph.facebook.com/debug_token": `{"data":{"is_valid":true,"app_id":"client","user_id":"s1"}}`,
		"GET graph.facebook.com/me":          `{"id":"s1","name":"Ann","email":"ann@example.com","picture":{"data":{"url":"` + anns + `"}}}`,
	}
	return map[string]providerCase{
		"apple":                             {apple.New(apple.Options{ClientID: id, ClientSecret: secret}), "appleid.apple.com/auth/token", claims, nil, &who{"s1", "Ann", "ann@example.com", "", true}},
		"atlassian":                         {atlassian.New(atlassian.Options{ClientID: id, ClientSecret: secret}), "auth.atlassian.com/oauth/token", nil, map[string]string{"GET api.atlassian.com/me": `{"account_id":"s1","name":"Ann","email":"ann@example.com","picture":"` + anns + `","email_verified":true}`}, unverified},
		"cloudflare":                        {cloudflare.New(cloudflare.Options{ClientID: id, ClientSecret: secret}), "dash.cloudflare.com/oauth2/token", nil, map[string]string{"GET api.cloudflare.com/client/v4/user": `{"success":true,"result":{"id":"s1","first_name":"Ann","last_name":null,"email":"ann@example.com"}}`}, &who{"s1", "Ann", "ann@example.com", "", false}},
		"cloudflare, no success":            {cloudflare.New(cloudflare.Options{ClientID: id}), "dash.cloudflare.com/oauth2/token", nil, map[string]string{"GET api.cloudflare.com/client/v4/user": `{"success":false,"result":{"id":"s1"}}`}, nil},
		"cognito":                           {cognito.New(cognito.Options{ClientID: id, Domain: "https://acme.auth.test/", Region: "r", UserPoolID: "p"}), "acme.auth.test/oauth2/token", claims, nil, verified},
		"cognito without ID token":          {cognito.New(cognito.Options{ClientID: id, Domain: "acme.auth.test", Region: "r", UserPoolID: "p"}), "acme.auth.test/oauth2/token", nil, map[string]string{"GET acme.auth.test/oauth2/userinfo": strings.Replace(told, `"name"`, `"given_name"`, 1)}, verified},
		"discord":                           {discord.New(discord.Options{ClientID: id, ClientSecret: secret}), "discord.com/api/oauth2/token", nil, map[string]string{"GET discord.com/api/users/@me": `{"id":"80351110224678912","username":"nelly","global_name":"Nelly","discriminator":"0","avatar":"abc","email":"n@example.com","verified":true}`}, &who{"80351110224678912", "Nelly", "n@example.com", "https://cdn.discordapp.com/avatars/80351110224678912/abc.png", true}},
		"discord, moving picture":           {discord.New(discord.Options{ClientID: id, ClientSecret: secret}), "discord.com/api/oauth2/token", nil, map[string]string{"GET discord.com/api/users/@me": `{"id":"8","username":"nelly","avatar":"a_bc"}`}, &who{"8", "nelly", "", "https://cdn.discordapp.com/avatars/8/a_bc.gif", false}},
		"discord, no picture":               {discord.New(discord.Options{ClientID: id, ClientSecret: secret}), "discord.com/api/oauth2/token", nil, map[string]string{"GET discord.com/api/users/@me": `{"id":"80351110224678912","username":"nelly","discriminator":"0","avatar":null}`}, &who{"80351110224678912", "nelly", "", "https://cdn.discordapp.com/embed/avatars/5.png", false}},
		"discord, old name":                 {discord.New(discord.Options{ClientID: id, ClientSecret: secret}), "discord.com/api/oauth2/token", nil, map[string]string{"GET discord.com/api/users/@me": `{"id":"8","username":"nelly","discriminator":"1337"}`}, &who{"8", "nelly", "", "https://cdn.discordapp.com/embed/avatars/2.png", false}},
		"dropbox":                           {dropbox.New(dropbox.Options{ClientID: id, ClientSecret: secret}), "api.dropboxapi.com/oauth2/token", nil, map[string]string{"POST api.dropboxapi.com/2/users/get_current_account": `{"account_id":"s1","name":{"display_name":"Ann"},"email":"ann@example.com","email_verified":true,"profile_photo_url":"` + anns + `"}`}, verified},
		"facebook":                          {facebook.New(facebook.Options{ClientID: id, ClientSecret: secret}), "graph.facebook.com/v24.0/oauth/access_token", nil, graph, unverified},
		"facebook, ID token":                {facebook.New(facebook.Options{ClientID: id, ClientSecret: secret}), "graph.facebook.com/v24.0/oauth/access_token", claims, nil, unverified},
		"facebook, another app":             {facebook.New(facebook.Options{ClientID: "other", ClientSecret: secret}), "graph.facebook.com/v24.0/oauth/access_token", nil, graph, nil},
		"facebook, another user":            {facebook.New(facebook.Options{ClientID: id, ClientSecret: secret}), "graph.facebook.com/v24.0/oauth/access_token", nil, map[string]string{"GET graph.facebook.com/debug_token": graph["GET graph.facebook.com/debug_token"], "GET graph.facebook.com/me": `{"id":"s2"}`}, nil},
		"figma":                             {figma.New(figma.Options{ClientID: id, ClientSecret: secret}), "api.figma.com/v1/oauth/token", nil, map[string]string{"GET api.figma.com/v1/me": `{"id":"s1","handle":"Ann","email":"ann@example.com","img_url":"` + anns + `"}`}, unverified},
		"github":                            {github.New(github.Options{ClientID: id, ClientSecret: secret}), "github.com/login/oauth/access_token", nil, map[string]string{"GET api.github.com/user": `{"id":42,"login":"ann","name":null,"email":null}`, "GET api.github.com/user/emails": `[{"email":"b@example.com","primary":false,"verified":false},{"email":"ann@example.com","primary":true,"verified":true}]`}, &who{"42", "ann", "ann@example.com", "", true}},
		"github, public address not listed": {github.New(github.Options{ClientID: id, ClientSecret: secret}), "github.com/login/oauth/access_token", nil, map[string]string{"GET api.github.com/user": `{"id":42,"login":"ann","email":"public@example.com","email_verified":true}`, "GET api.github.com/user/emails": `[{"email":"ann@example.com","primary":true,"verified":true}]`}, &who{"42", "ann", "public@example.com", "", false}},
		"github, addresses not told":        {github.New(github.Options{ClientID: id, ClientSecret: secret}), "github.com/login/oauth/access_token", nil, map[string]string{"GET api.github.com/user": `{"id":42,"login":"ann","email":"public@example.com"}`}, &who{"42", "ann", "public@example.com", "", false}},
		"gitlab":                            {gitlab.New(gitlab.Options{ClientID: id, ClientSecret: secret, Issuer: "https://git.test/"}), "git.test/oauth/token", nil, map[string]string{"GET git.test/api/v4/user": `{"id":7,"username":"ann","email":"ann@example.com","state":"active","locked":false,"email_verified":true}`}, &who{"7", "ann", "ann@example.com", "", true}},
		"gitlab, blocked":                   {gitlab.New(gitlab.Options{ClientID: id, ClientSecret: secret}), "gitlab.com/oauth/token", nil, map[string]string{"GET gitlab.com/api/v4/user": `{"id":7,"state":"blocked"}`}, nil},
		"gitlab, locked":                    {gitlab.New(gitlab.Options{ClientID: id, ClientSecret: secret}), "gitlab.com/oauth/token", nil, map[string]string{"GET gitlab.com/api/v4/user": `{"id":7,"state":"active","locked":true}`}, nil},
		"google":                            {google.New(google.Options{ClientID: id, ClientSecret: secret}), "oauth2.googleapis.com/token", claims, nil, verified},
		"google, right domain":              {google.New(google.Options{ClientID: id, ClientSecret: secret, HostedDomain: "acme.test"}), "oauth2.googleapis.com/token", with(claims, "hd", "acme.test"), nil, verified},
		"google, any domain":                {google.New(google.Options{ClientID: id, ClientSecret: secret, HostedDomain: "*"}), "oauth2.googleapis.com/token", with(claims, "hd", "acme.test"), nil, verified},
		"google, no domain":                 {google.New(google.Options{ClientID: id, ClientSecret: secret, HostedDomain: "*"}), "oauth2.googleapis.com/token", claims, nil, nil},
		"google, other domain":              {google.New(google.Options{ClientID: id, ClientSecret: secret, HostedDomain: "acme.test"}), "oauth2.googleapis.com/token", with(claims, "hd", "evil.test"), nil, nil},
		"google, no ID token":               {google.New(google.Options{ClientID: id, ClientSecret: secret}), "oauth2.googleapis.com/token", nil, nil, nil},
		"huggingface":                       {huggingface.New(huggingface.Options{ClientID: id, ClientSecret: secret}), "huggingface.co/oauth/token", nil, map[string]string{"GET huggingface.co/oauth/userinfo": told}, verified},
		"kakao":                             {kakao.New(kakao.Options{ClientID: id, ClientSecret: secret}), "kauth.kakao.com/oauth/token", nil, map[string]string{"GET kapi.kakao.com/v2/user/me": `{"id":99,"kakao_account":{"profile":{"nickname":"Ann","thumbnail_image_url":"` + anns + `"},"email":"ann@example.com","is_email_valid":true,"is_email_verified":true}}`}, &who{"99", "Ann", "ann@example.com", anns, true}},
		"kakao, address no longer valid":    {kakao.New(kakao.Options{ClientID: id, ClientSecret: secret}), "kauth.kakao.com/oauth/token", nil, map[string]string{"GET kapi.kakao.com/v2/user/me": `{"id":99,"kakao_account":{"name":"Ann","email":"ann@example.com","is_email_valid":false,"is_email_verified":true}}`}, &who{"99", "Ann", "ann@example.com", "", false}},
		"kick":                              {kick.New(kick.Options{ClientID: id, ClientSecret: secret}), "id.kick.com/oauth/token", nil, map[string]string{"GET api.kick.com/public/v1/users": `{"data":[{"user_id":5,"name":"Ann","email":"ann@example.com","profile_picture":"` + anns + `"}]}`}, &who{"5", "Ann", "ann@example.com", anns, false}},
		"kick, nobody":                      {kick.New(kick.Options{ClientID: id, ClientSecret: secret}), "id.kick.com/oauth/token", nil, map[string]string{"GET api.kick.com/public/v1/users": `{"data":[]}`}, nil},
		"line":                              {line.New(line.Options{ClientID: id, ClientSecret: secret}), "api.line.me/oauth2/v2.1/token", claims, nil, unverified},
		"line without ID token":             {line.New(line.Options{ClientID: id, ClientSecret: secret}), "api.line.me/oauth2/v2.1/token", nil, map[string]string{"GET api.line.me/oauth2/v2.1/userinfo": told}, unverified},
		"linear":                            {linear.New(linear.Options{ClientID: id, ClientSecret: secret}), "api.linear.app/oauth/token", nil, map[string]string{"POST api.linear.app/graphql": `{"data":{"viewer":{"id":"s1","name":"Ann","email":"ann@example.com","avatarUrl":"` + anns + `"}}}`}, unverified},
		"linkedin":                          {linkedin.New(linkedin.Options{ClientID: id, ClientSecret: secret}), "www.linkedin.com/oauth/v2/accessToken", nil, map[string]string{"GET api.linkedin.com/v2/userinfo": told}, verified},
		"microsoft":                         {microsoft.New(microsoft.Options{ClientID: id, WithoutPhoto: true}), "login.microsoftonline.com/common/oauth2/v2.0/token", microsoftClaims, nil, unverified},
		"microsoft, address of a verified domain":      {microsoft.New(microsoft.Options{ClientID: id}), "login.microsoftonline.com/common/oauth2/v2.0/token", with(microsoftClaims, "verified_primary_email", []string{"ann@example.com"}), nil, verified},
		"microsoft, another verified address":          {microsoft.New(microsoft.Options{ClientID: id}), "login.microsoftonline.com/common/oauth2/v2.0/token", with(microsoftClaims, "verified_secondary_email", []string{"x@example.com"}), nil, unverified},
		"microsoft, picture":                           {microsoft.New(microsoft.Options{ClientID: id}), "login.microsoftonline.com/common/oauth2/v2.0/token", microsoftClaims, map[string]string{"GET graph.microsoft.com/v1.0/me/photos/48x48/$value": "JPEG"}, &who{"s1", "Ann", "ann@example.com", "data:image/jpeg;base64, SlBFRw==", false}},
		"microsoft, tenant and issuer differ":          {microsoft.New(microsoft.Options{ClientID: id}), "login.microsoftonline.com/common/oauth2/v2.0/token", with(microsoftClaims, "tid", "t2"), nil, nil},
		"microsoft, another tenant":                    {microsoft.New(microsoft.Options{ClientID: id, Tenant: "t2"}), "login.microsoftonline.com/t2/oauth2/v2.0/token", microsoftClaims, nil, nil},
		"microsoft, no object id":                      {microsoft.New(microsoft.Options{ClientID: id}), "login.microsoftonline.com/common/oauth2/v2.0/token", with(microsoftClaims, "oid", 5), nil, &who{"", "Ann", "ann@example.com", anns, false}},
		"microsoft, personal account of organizations": {microsoft.New(microsoft.Options{ClientID: id, Tenant: "organizations"}), "login.microsoftonline.com/organizations/oauth2/v2.0/token", with(microsoftClaims, "tid", personal, "iss", "https://login.microsoftonline.com/"+personal+"/v2.0"), nil, nil},
		"microsoft, work account of consumers":         {microsoft.New(microsoft.Options{ClientID: id, Tenant: "consumers"}), "login.microsoftonline.com/consumers/oauth2/v2.0/token", microsoftClaims, nil, nil},
		"naver":                                        {naver.New(naver.Options{ClientID: id, ClientSecret: secret}), "nid.naver.com/oauth2.0/token", nil, map[string]string{"GET openapi.naver.com/v1/nid/me": `{"resultcode":"00","response":{"id":"s1","nickname":"Ann","email":"ann@example.com","profile_image":"` + anns + `"}}`}, unverified},
		"naver, failure":                               {naver.New(naver.Options{ClientID: id, ClientSecret: secret}), "nid.naver.com/oauth2.0/token", nil, map[string]string{"GET openapi.naver.com/v1/nid/me": `{"resultcode":"24","response":{"id":"s1"}}`}, nil},
		"notion":                                       {notion.New(notion.Options{ClientID: id, ClientSecret: secret}), "api.notion.com/v1/oauth/token", nil, map[string]string{"GET api.notion.com/v1/users/me": `{"bot":{"owner":{"user":{"id":"s1","name":"Ann","person":{"email":"ann@example.com"},"avatar_url":"` + anns + `"}}}}`}, unverified},
		"notion, owned by a workspace":                 {notion.New(notion.Options{ClientID: id, ClientSecret: secret}), "api.notion.com/v1/oauth/token", nil, map[string]string{"GET api.notion.com/v1/users/me": `{"bot":{"owner":{"workspace":true}}}`}, nil},
		"paybin":                                       {paybin.New(paybin.Options{ClientID: id, ClientSecret: secret}), "idp.paybin.io/oauth2/token", claims, nil, verified},
		"paypal":                                       {paypal.New(paypal.Options{ClientID: id, ClientSecret: secret, Live: true}), "api-m.paypal.com/v1/oauth2/token", claims, map[string]string{"GET api-m.paypal.com/v1/identity/oauth2/userinfo": strings.Replace(told, `"id"`, `"user_id"`, 1)}, verified},
		"paypal, two users":                            {paypal.New(paypal.Options{ClientID: id, ClientSecret: secret}), "api-m.sandbox.paypal.com/v1/oauth2/token", with(claims, "sub", "s2"), map[string]string{"GET api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo": strings.Replace(told, `"id"`, `"user_id"`, 1)}, nil},
		"polar":                                        {polar.New(polar.Options{ClientID: id, ClientSecret: secret}), "api.polar.sh/v1/oauth2/token", nil, map[string]string{"GET api.polar.sh/v1/oauth2/userinfo": `{"id":"s1","username":"Ann","email":"ann@example.com","avatar_url":"` + anns + `"}`}, unverified},
		"railway":                                      {railway.New(railway.Options{ClientID: id, ClientSecret: secret}), "backboard.railway.com/oauth/token", nil, map[string]string{"GET backboard.railway.com/oauth/me": told}, unverified},
		"reddit":                                       {reddit.New(reddit.Options{ClientID: id, ClientSecret: secret}), "www.reddit.com/api/v1/access_token", nil, map[string]string{"GET oauth.reddit.com/api/v1/me": `{"id":"s1","name":"Ann","icon_img":"` + anns + `?width=256"}`}, &who{"s1", "Ann", "s1@reddit.placeholder.invalid", anns, false}},
		"roblox":                                       {roblox.New(roblox.Options{ClientID: id, ClientSecret: secret}), "apis.roblox.com/oauth/v1/token", nil, map[string]string{"GET apis.roblox.com/oauth/v1/userinfo": `{"sub":"s1","preferred_username":"Ann","picture":"` + anns + `"}`}, &who{"s1", "Ann", "s1@roblox.placeholder.invalid", anns, false}},
		"salesforce":                                   {salesforce.New(salesforce.Options{ClientID: id, ClientSecret: secret, Sandbox: true}), "test.salesforce.com/services/oauth2/token", nil, map[string]string{"GET test.salesforce.com/services/oauth2/userinfo": `{"user_id":"s1","name":"Ann","email":"ann@example.com","email_verified":true,"photos":{"thumbnail":"` + anns + `"}}`}, verified},
		"slack":                                        {slack.New(slack.Options{ClientID: id, ClientSecret: secret}), "slack.com/api/openid.connect.token", nil, map[string]string{"GET slack.com/api/openid.connect.userInfo": `{"https://slack.com/user_id":"s1","name":"Ann","email":"ann@example.com","email_verified":true,"https://slack.com/user_image_512":"` + anns + `"}`}, verified},
		"spotify":                                      {spotify.New(spotify.Options{ClientID: id, ClientSecret: secret}), "accounts.spotify.com/api/token", nil, map[string]string{"GET api.spotify.com/v1/me": `{"id":"s1","display_name":"Ann","email":"ann@example.com","images":[{"url":"` + anns + `"}]}`}, unverified},
		"tiktok":                                       {tiktok.New(tiktok.Options{ClientKey: id, ClientSecret: secret}), "open.tiktokapis.com/v2/oauth/token/", nil, map[string]string{"GET open.tiktokapis.com/v2/user/info/": `{"data":{"user":{"open_id":"s1","display_name":"Ann","avatar_large_url":"` + anns + `"}}}`}, &who{"s1", "Ann", "s1@tiktok.placeholder.invalid", anns, false}},
		"twitch":                                       {twitch.New(twitch.Options{ClientID: id, ClientSecret: secret}), "id.twitch.tv/oauth2/token", with(claims, "preferred_username", "Ann", "name", "other"), nil, verified},
		"twitter":                                      {twitter.New(twitter.Options{ClientID: id, ClientSecret: secret}), "api.x.com/2/oauth2/token", nil, map[string]string{"GET api.x.com/2/users/me": `{"data":{"id":"s1","name":"Ann","profile_image_url":"` + anns + `","confirmed_email":"ann@example.com"}}`}, verified},
		"twitter without address":                      {twitter.New(twitter.Options{ClientID: id, ClientSecret: secret}), "api.x.com/2/oauth2/token", nil, map[string]string{"GET api.x.com/2/users/me": `{"data":{"id":"s1","name":"Ann"}}`}, &who{"s1", "Ann", "s1@twitter.placeholder.invalid", "", false}},
		"vercel":                                       {vercel.New(vercel.Options{ClientID: id, ClientSecret: secret}), "api.vercel.com/login/oauth/token", nil, map[string]string{"GET api.vercel.com/login/oauth/userinfo": told}, verified},
		"vk":                                           {vk.New(vk.Options{ClientID: id, ClientSecret: secret}), "id.vk.com/oauth2/auth", nil, map[string]string{"POST id.vk.com/oauth2/user_info": `{"user":{"user_id":"s1","first_name":"Ann","email":"ann@example.com","avatar":"` + anns + `"}}`}, unverified},
		"wechat":                                       {wechat.New(wechat.Options{AppID: id, AppSecret: secret}), "", nil, map[string]string{"GET api.weixin.qq.com/sns/oauth2/access_token": `{"access_token":"a","openid":"o1"}`, "GET api.weixin.qq.com/sns/userinfo": `{"openid":"o1","unionid":"s1","nickname":"Ann","headimgurl":"` + anns + `"}`}, &who{"s1", "Ann", "s1@wechat.placeholder.invalid", anns, false}},
		"wechat, failure":                              {wechat.New(wechat.Options{AppID: id, AppSecret: secret}), "", nil, map[string]string{"GET api.weixin.qq.com/sns/oauth2/access_token": `{"access_token":"a","openid":"o1"}`, "GET api.weixin.qq.com/sns/userinfo": `{"errcode":40003,"errmsg":"invalid openid"}`}, nil},
		"zoom":                                         {zoom.New(zoom.Options{ClientID: id, ClientSecret: secret}), "zoom.us/oauth/token", nil, map[string]string{"GET api.zoom.us/v2/users/me": `{"id":"s1","display_name":"Ann","email":"ann@example.com","pic_url":"` + anns + `","verified":1}`}, verified},
	}
}

func TestProviders_read_profiles(t *testing.T) {
	t.Parallel()
	for name, test := range providerCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(_ *core.Config, o *social.Options) { o.Providers = []social.Provider{test.provider} })
			for at, text := range test.answers {
				s.net.answers[at] = text
			}
			if test.token != "" {
				answer := `{"access_token":"a"}`
				if test.claims != nil {
					answer = `{"access_token":"a","id_token":"` + signToken(t, test.claims) + `"}`
				}
				s.net.answers["POST "+test.token] = answer
			}
			tokens, err := test.provider.Exchange(t.Context(), s.Kernel, social.CodeExchange{Code: "c", Verifier: "v", RedirectURI: "https://app.example.com/cb"})
			if err != nil {
				t.Fatal(err)
			}
			p, err := test.provider.Profile(t.Context(), s.Kernel, social.Grant{Tokens: *tokens})
			switch {
			case test.want == nil && p != nil:
				t.Errorf("accepted %+v", p)
			case test.want != nil && p == nil:
				t.Errorf("refused: %v", err)
			case p != nil:
				if diff := cmp.Diff(*test.want, who{p.Subject, p.Name, p.Email, p.Image, p.EmailVerified}); diff != "" {
					t.Error(diff)
				}
				if p.Raw == nil {
					t.Error("the raw profile is missing")
				}
			}
		})
	}
}

func TestProviders_do_not_panic_on_profiles_without_members(t *testing.T) {
	t.Parallel()
	for name, test := range providerCases() {
		for _, body := range []string{`{}`, `null`, `{"data":null}`, `{"data":{"user":[]}}`} {
			s := newSite(t, func(_ *core.Config, o *social.Options) { o.Providers = []social.Provider{test.provider} })
			for at := range test.answers {
				s.net.answers[at] = body
			}
			p, _ := test.provider.Profile(t.Context(), s.Kernel, social.Grant{Tokens: social.Tokens{AccessToken: "a", IDToken: signToken(t, object{})}})
			if p != nil && p.EmailVerified {
				t.Errorf("%s: an address that is not told is verified", name)
			}
		}
	}
}

func TestProviders_addresses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, test := range providerCases() {
		address, err := test.provider.AuthorizationURL(t.Context(), s.Kernel, social.AuthorizationRequest{
			State: "the-state", Verifier: strings.Repeat("v", 128), RedirectURI: "https://app.example.com/cb", LoginHint: "a@b.c", Scopes: []string{"more"},
			Params: map[string]string{"state": "evil", "more": "1"},
		})
		if err != nil {
			if !strings.Contains(name, ",") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" {
			t.Errorf("%s: %q %v", name, address, err)
			continue
		}
		q := u.Query()
		if q.Get("state") != "the-state" || q.Get("redirect_uri") != "https://app.example.com/cb" || !strings.HasPrefix(q.Get("response_type"), "code") {
			t.Errorf("%s: %s", name, address)
		}
		if strings.Contains(address, "vvvv") {
			t.Errorf("%s: the verifier is in the address", name)
		}
	}
}

func TestProviders_that_need_credentials_say_so(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, p := range []social.Provider{
		google.New(google.Options{ClientID: "c"}), apple.New(apple.Options{ClientID: "c"}), facebook.New(facebook.Options{ClientID: "c"}), github.New(github.Options{}),
	} {
		if address, err := p.AuthorizationURL(t.Context(), s.Kernel, social.AuthorizationRequest{State: "s"}); err == nil {
			t.Errorf("%s: %q", p.ID(), address)
		}
	}
	if _, err := core.New(core.Config{Secret: testSecret, Plugins: []core.Plugin{
		social.New(social.Options{Providers: []social.Provider{cognito.New(cognito.Options{ClientID: "c"})}}),
	}}); err == nil || !strings.Contains(err.Error(), "Domain, Region and UserPoolID must be set") {
		t.Errorf("cognito: %v", err)
	}
}

func TestApple_takes_the_name_from_the_form(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := apple.New(apple.Options{ClientID: "c", ClientSecret: "s"})
	g := social.Grant{Tokens: social.Tokens{IDToken: signToken(t, object{"sub": "s1", "email": "ann@example.com"})}, FirstName: "Ann", LastName: "Example"}
	profile, err := p.Profile(t.Context(), s.Kernel, g)
	if err != nil || profile.Name != "Ann Example" {
		t.Errorf("%+v %v", profile, err)
	}
}

func TestLINE_verifies_ID_tokens_at_LINE(t *testing.T) {
	t.Parallel()
	for body, ok := range map[string]bool{
		`{"aud":"c","nonce":"n"}`: true, `{"aud":"other","nonce":"n"}`: false, `{"aud":"c","nonce":"m"}`: false, `{"aud":"c"}`: false, `{}`: false,
	} {
		s := newSite(t)
		s.net.answers["POST api.line.me/oauth2/v2.1/verify"] = body
		err := line.New(line.Options{ClientID: "c", ClientSecret: "s"}).VerifyIDToken(t.Context(), s.Kernel, social.IDToken{Token: "t", Nonce: "n"})
		if (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// The keys of Microsoft are those of all tenants.
func TestMicrosoft_ID_tokens_of_other_tenants_are_refused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.net.fail["GET login.microsoftonline.com/t1/discovery/v2.0/keys"] = 500
	for _, tenant := range []string{"t1", "acme.example"} {
		p := microsoft.New(microsoft.Options{ClientID: "acme-client", Tenant: tenant})
		claims := with(s.net.claims(ann()), "tid", "t2", "iss", "https://login.microsoftonline.com/t2/v2.0")
		err := p.VerifyIDToken(t.Context(), s.Kernel, social.IDToken{Token: signToken(t, claims)})
		if err == nil || s.net.requests("") != 0 {
			t.Errorf("%s: %v after %d requests", tenant, err, s.net.requests(""))
		}
	}
}
