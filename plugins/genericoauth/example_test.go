package genericoauth_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/genericoauth"
)

func Example() {
	ctx := context.Background()
	plugin := genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{
		genericoauth.Keycloak("https://id.acme.example/realms/staff", genericoauth.Provider{ClientID: "shop", ClientSecret: "…"}),
		{
			ID: "acme", ClientID: "shop", ClientSecret: "…",
			AuthorizationURL: "https://acme.example/authorize", TokenURL: "https://acme.example/token", UserInfoURL: "https://acme.example/me",
			Settings: social.Settings{MapProfile: func(raw map[string]any, p *social.Profile) {
				p.Name = social.Text(raw, "nickname")
			}},
		},
	}})
	auth, err := ostiary.New(ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"),
		Secret:  "an-example-secret-that-nobody-should-use-0123456789",
		Logger:  slog.New(slog.DiscardHandler),
		Plugins: []core.Plugin{plugin},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)
	for _, p := range plugin.SocialProviders() {
		fmt.Println(p.ID())
	}
	// Output:
	// keycloak
	// acme
}
