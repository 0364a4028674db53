package username_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/username"
)

func Example() {
	ctx := context.Background()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-that-nobody-should-use-0123456789",
		Logger:           slog.New(slog.DiscardHandler),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins:          []core.Plugin{username.New(username.Options{MinLength: 2})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	_, err = auth.API.SignUpEmail(ctx, api.SignUpEmailInput{
		Name: "Ada Lovelace", Email: "ada@example.com", Password: "correct horse", Extra: map[string]any{"username": "Ada"},
	})
	fmt.Println(err)

	free, err := ostiary.Invoke(ctx, auth, username.IsAvailable, username.IsAvailableInput{Username: "ADA"})
	fmt.Println(free.Value.Available, err)

	result, err := ostiary.Invoke(ctx, auth, username.SignIn, username.SignInInput{Username: "ada", Password: "correct horse"})
	fmt.Println(result.Value.User.Extra["displayUsername"], err)
	// Output:
	// <nil>
	// false <nil>
	// Ada <nil>
}
