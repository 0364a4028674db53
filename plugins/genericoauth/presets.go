package genericoauth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// The presets fill in what is known of a provider, where the application does not
// say otherwise. The addresses are those of the providers' documentation.

// Auth0 completes p as a tenant of Auth0, given its domain, for example
// "acme.eu.auth0.com".
func Auth0(domain string, p Provider) Provider {
	host := domain
	if u, err := url.Parse(domain); err == nil && u.Host != "" {
		host = u.Host
	}
	return p.openID("auth0", "https://"+strings.TrimRight(host, "/"))
}

// Okta completes p as an authorisation server of Okta, given its issuer, for
// example "https://acme.okta.com/oauth2/default".
func Okta(issuer string, p Provider) Provider { return p.openID("okta", issuer) }

// Keycloak completes p as a realm of Keycloak, given its issuer, for example
// "https://id.acme.example/realms/staff".
func Keycloak(issuer string, p Provider) Provider { return p.openID("keycloak", issuer) }

const discoveryPath = "/.well-known/openid-configuration"

func (p Provider) openID(id, issuer string) Provider {
	p.ID = or(p.ID, id)
	p.DiscoveryURL = or(p.DiscoveryURL, strings.TrimSuffix(issuer, "/")+discoveryPath)
	return p.withScopes("openid", "profile", "email")
}

func (p Provider) withScopes(scopes ...string) Provider {
	if p.Scopes == nil {
		p.Scopes = scopes
	}
	return p
}

// member makes a member of the profile the subject, for providers that speak no
// OpenID Connect, or are not discovered.
func (p Provider) member(name string) Provider {
	if p.Subject == nil {
		p.Subject = func(_, raw map[string]any) string { return social.Subject(raw[name]) }
	}
	return p
}

// tenantID is a GUID: a name would leave open whose tenant it is.
var tenantID = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// MicrosoftEntraID completes p as one tenant of Entra ID, given its id. The
// subject is the object id of the user, which is the same for all applications
// of the tenant. Users without an address get a placeholder.
func MicrosoftEntraID(tenant string, p Provider) Provider {
	p = p.openID("microsoft-entra-id", "https://login.microsoftonline.com/"+url.PathEscape(tenant)+"/v2.0")
	p.UserInfoURL = or(p.UserInfoURL, "https://graph.microsoft.com/oidc/userinfo")
	p.RequireIDToken = true
	if !tenantID.MatchString(tenant) {
		p.problem = fmt.Errorf("the tenant %q is not the id of a tenant; use its GUID, not a domain or a word such as common", tenant)
	}
	if p.Subject == nil {
		p.Subject = func(claims, _ map[string]any) string { return social.Text(claims, "oid") }
	}
	p.complete = func(ctx context.Context, k *core.Kernel, g social.Grant, claims map[string]any) (map[string]any, error) {
		more, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: p.UserInfoURL, Token: g.AccessToken})
		if err != nil {
			k.Log.WarnContext(ctx, "Microsoft Graph said nothing about the user; the ID token alone counts", "error", err)
		}
		return merge(claims, more), nil
	}
	p.read = func(raw map[string]any) *social.Profile {
		profile := standardProfile(raw)
		if profile.Email == "" {
			profile.Email, profile.EmailVerified = social.Placeholder(social.Text(raw, "oid"), "microsoft-entra-id"), false
		}
		return profile
	}
	return p
}

// merge adds to claims what a UserInfo endpoint says, if it speaks of the same
// user. The claims, which are signed, count more.
func merge(claims, more map[string]any) map[string]any {
	if claims["sub"] == nil || more["sub"] != claims["sub"] {
		return claims
	}
	for name, value := range claims {
		more[name] = value
	}
	return more
}

// Slack completes p as Slack.
func Slack(p Provider) Provider {
	p.ID = or(p.ID, "slack")
	p.AuthorizationURL = or(p.AuthorizationURL, "https://slack.com/openid/connect/authorize")
	p.TokenURL = or(p.TokenURL, "https://slack.com/api/openid.connect.token")
	p.UserInfoURL = or(p.UserInfoURL, "https://slack.com/api/openid.connect.userInfo")
	p.fetch = social.FetchFrom(p.UserInfoURL)
	p.read = func(raw map[string]any) *social.Profile {
		profile := standardProfile(raw)
		profile.Image = social.Text(raw, "picture", "https://slack.com/user_image_512")
		return profile
	}
	return p.member("sub").withScopes("openid", "profile", "email")
}

// Line completes p as LINE, which does not say whether addresses are verified.
func Line(p Provider) Provider {
	p.ID = or(p.ID, "line")
	p.AuthorizationURL = or(p.AuthorizationURL, "https://access.line.me/oauth2/v2.1/authorize")
	p.TokenURL = or(p.TokenURL, "https://api.line.me/oauth2/v2.1/token")
	p.UserInfoURL = or(p.UserInfoURL, "https://api.line.me/oauth2/v2.1/userinfo")
	p.read = func(raw map[string]any) *social.Profile {
		profile := standardProfile(raw)
		profile.EmailVerified = false
		return profile
	}
	return p.member("sub").withScopes("openid", "profile", "email")
}

// HubSpot completes p as HubSpot.
func HubSpot(p Provider) Provider {
	p.ID = or(p.ID, "hubspot")
	p.AuthorizationURL = or(p.AuthorizationURL, "https://app.hubspot.com/oauth/authorize")
	p.TokenURL = or(p.TokenURL, "https://api.hubapi.com/oauth/v1/token")
	p.UserInfoURL = or(p.UserInfoURL, "https://api.hubapi.com/oauth/v1/access-tokens")
	p.fetch = func(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
		return social.GetProfile(ctx, k, social.ProfileRequest{URL: p.UserInfoURL + "/" + url.PathEscape(g.AccessToken)})
	}
	p.read = func(raw map[string]any) *social.Profile {
		return &social.Profile{Name: social.Text(raw, "user"), Email: social.Text(raw, "user")}
	}
	if p.Subject == nil {
		p.Subject = func(_, raw map[string]any) string {
			if id := social.Subject(raw["user_id"]); id != "" {
				return id
			}
			return social.Subject(social.Object(raw["signed_access_token"])["userId"])
		}
	}
	return p.withScopes("oauth")
}

// Patreon completes p as Patreon.
func Patreon(p Provider) Provider {
	p.ID = or(p.ID, "patreon")
	p.AuthorizationURL = or(p.AuthorizationURL, "https://www.patreon.com/oauth2/authorize")
	p.TokenURL = or(p.TokenURL, "https://www.patreon.com/api/oauth2/token")
	p.UserInfoURL = or(p.UserInfoURL, "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified")
	p.fetch = social.FetchFrom(p.UserInfoURL)
	p.read = func(raw map[string]any) *social.Profile {
		user := social.Object(social.Object(raw["data"])["attributes"])
		return &social.Profile{
			Name: social.Text(user, "full_name"), Email: social.Text(user, "email"),
			EmailVerified: social.True(user["is_email_verified"]), Image: social.Text(user, "image_url"),
		}
	}
	if p.Subject == nil {
		p.Subject = func(_, raw map[string]any) string { return social.Subject(social.Object(raw["data"])["id"]) }
	}
	return p.withScopes("identity[email]")
}

// Gumroad completes p as Gumroad, which does not say whether addresses are
// verified.
func Gumroad(p Provider) Provider {
	p.ID = or(p.ID, "gumroad")
	p.AuthorizationURL = or(p.AuthorizationURL, "https://gumroad.com/oauth/authorize")
	p.TokenURL = or(p.TokenURL, "https://api.gumroad.com/oauth/token")
	p.UserInfoURL = or(p.UserInfoURL, "https://api.gumroad.com/v2/user")
	p.fetch = func(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
		raw, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: p.UserInfoURL, Token: g.AccessToken})
		if err != nil || raw["success"] != true {
			return nil, err
		}
		return social.Object(raw["user"]), nil
	}
	p.read = func(raw map[string]any) *social.Profile {
		return &social.Profile{Name: social.Text(raw, "name"), Email: social.Text(raw, "email"), Image: social.Text(raw, "profile_url")}
	}
	return p.member("user_id").withScopes("view_profile")
}

// Yandex completes p as Yandex, which does not say whether addresses are
// verified. Users without an address are refused.
func Yandex(p Provider) Provider {
	p.ID = or(p.ID, "yandex")
	p.AuthorizationURL = or(p.AuthorizationURL, "https://oauth.yandex.com/authorize")
	p.TokenURL = or(p.TokenURL, "https://oauth.yandex.com/token")
	p.UserInfoURL = or(p.UserInfoURL, "https://login.yandex.ru/info?format=json")
	p.fetch = func(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
		header := http.Header{"Authorization": {"OAuth " + g.AccessToken}}
		return social.GetProfile(ctx, k, social.ProfileRequest{URL: p.UserInfoURL, Header: header})
	}
	p.read = readYandex
	return p.member("id").withScopes("login:info", "login:email", "login:avatar")
}

func readYandex(raw map[string]any) *social.Profile {
	email := social.Text(raw, "default_email")
	if list, _ := raw["emails"].([]any); email == "" && len(list) > 0 {
		email, _ = list[0].(string)
	}
	if email == "" {
		return nil
	}
	profile := &social.Profile{Email: email, Name: social.Text(raw, "display_name", "real_name", "first_name", "login")}
	if id := social.Text(raw, "default_avatar_id"); id != "" && raw["is_avatar_empty"] != true {
		profile.Image = "https://avatars.yandex.net/get-yapic/" + url.PathEscape(id) + "/islands-200"
	}
	return profile
}
