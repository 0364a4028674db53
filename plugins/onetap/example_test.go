package onetap_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/onetap"
)

func Example() {
	ctx := context.Background()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"),
		Secret:  "an-example-secret-that-nobody-should-use-0123456789",
		Logger:  slog.New(slog.DiscardHandler),
		Plugins: []core.Plugin{onetap.New(onetap.Options{ClientIDs: []string{"1234.apps.googleusercontent.com"}})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	// Programs can sign users in too, with a token that they got themselves.
	_, err = ostiary.Invoke(ctx, auth, onetap.Callback, onetap.CallbackInput{IDToken: "not a token"})
	fmt.Println(core.AsAPIError(err).Message)
	// Output: invalid id token
}
