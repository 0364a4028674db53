package social_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/providers/github"
)

func Example() {
	k, err := core.New(core.Config{
		BaseURL:  core.StaticURL("https://app.example.com"),
		Secret:   "a-secret-of-at-least-32-random-characters",
		Database: memory.New(),
		Plugins: []core.Plugin{social.New(social.Options{Providers: []social.Provider{
			github.New(github.Options{ClientID: "my-id", ClientSecret: "my-secret", Scopes: []string{"repo"}}),
		}})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := core.Invoke(context.Background(), k, api.SignInSocial, api.SignInSocialInput{Provider: "github", CallbackURL: "/dashboard"}, core.Call{})
	if err != nil {
		fmt.Println(err)
		return
	}
	address, _ := url.Parse(out.Value.URL)
	fmt.Println(address.Host)
	fmt.Println(address.Query().Get("scope"))
	fmt.Println(address.Query().Get("redirect_uri"))
	// Output:
	// github.com
	// read:user user:email repo
	// https://app.example.com/api/auth/callback/github
}

func ExampleDefinition() {
	acme := social.Definition{
		ID: "acme", Name: "Acme",
		AuthorizationEndpoint: "https://id.acme.example/authorize",
		TokenEndpoint:         "https://id.acme.example/token",
		DefaultScopes:         []string{"profile", "email"},
		Fetch:                 social.FetchFrom("https://id.acme.example/userinfo"),
		Profile: func(raw map[string]any) *social.Profile {
			return &social.Profile{Subject: social.Subject(raw["id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email")}
		},
	}.New(social.Client{ID: "my-id", Secret: "my-secret"})
	feature := social.New(social.Options{Providers: []social.Provider{acme}})

	fmt.Println(feature.ID(), acme.ID(), acme.Traits().Refreshes)
	// Output: social acme true
}
