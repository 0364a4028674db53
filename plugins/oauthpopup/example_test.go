package oauthpopup_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/bearer"
	"github.com/ostiary/ostiary/plugins/oauthpopup"
	"github.com/ostiary/ostiary/providers/github"
)

func Example() {
	ctx := context.Background()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:         ostiary.StaticURL("https://auth.example.com"),
		Secret:          "an-example-secret-that-nobody-should-use-0123456789",
		Logger:          slog.New(slog.DiscardHandler),
		TrustedOrigins:  []string{"https://widget.example.com"}, // where the embedded application comes from
		SocialProviders: []social.Provider{github.New(github.Options{ClientID: "…", ClientSecret: "…"})},
		Plugins:         []core.Plugin{bearer.New(bearer.Options{}), oauthpopup.New()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	started, err := ostiary.Invoke(ctx, auth, oauthpopup.Start, oauthpopup.StartInput{Provider: "github", PopupOrigin: "https://evil.example"})
	fmt.Println(started.Status, core.AsAPIError(err).Code)
	// Output: 403 INVALID_ORIGIN
}
