// Package salesforce signs users in with Salesforce.
package salesforce

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, email and profile.
	Scopes []string
	social.Settings

	// Sandbox uses the sandbox of Salesforce.
	Sandbox bool
	// LoginHost is the host of one's own domain, for example
	// "acme.my.salesforce.com". Default: the common one.
	LoginHost string
}

// New returns the provider.
func New(o Options) social.Provider {
	host := o.LoginHost
	switch {
	case host == "" && o.Sandbox:
		host = "test.salesforce.com"
	case host == "":
		host = "login.salesforce.com"
	}
	return social.Definition{
		ID: "salesforce", Name: "Salesforce",
		AuthorizationEndpoint: "https://" + host + "/services/oauth2/authorize",
		TokenEndpoint:         "https://" + host + "/services/oauth2/token",
		DefaultScopes:         []string{"openid", "email", "profile"},
		SecretRequired:        true,
		Fetch:                 social.FetchFrom("https://" + host + "/services/oauth2/userinfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["user_id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(social.Object(raw["photos"]), "picture", "thumbnail"),
	}
}
