package oauthproxy_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/oauthproxy"
	"github.com/ostiary/ostiary/providers/github"
)

func Example() {
	ctx := context.Background()
	// A preview deployment; production has the same plugin with the same options.
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:         ostiary.StaticURL("https://pr-7.preview.example.com"),
		Secret:          "an-example-secret-that-nobody-should-use-0123456789",
		Logger:          slog.New(slog.DiscardHandler),
		SocialProviders: []social.Provider{github.New(github.Options{ClientID: "…", ClientSecret: "…"})},
		Plugins:         []core.Plugin{oauthproxy.New(oauthproxy.Options{ProductionURL: "https://app.example.com"})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	started, err := ostiary.Invoke(ctx, auth, api.SignInSocial, api.SignInSocialInput{Provider: "github", CallbackURL: "/dashboard"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(started.Value.URL, "redirect_uri=https%3A%2F%2Fapp.example.com%2Fapi%2Fauth%2Fcallback%2Fgithub"))
	// Output: true
}
