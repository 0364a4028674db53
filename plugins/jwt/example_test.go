package jwt_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/jwt"
)

func Example() {
	tokens := jwt.New(jwt.Options{
		// What other services have to know, and nothing else.
		Claims: func(_ context.Context, id *core.Identity) (map[string]any, error) {
			return map[string]any{"email": id.User.Email}, nil
		},
	})
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-0123456789-abcdefghijkl",
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins:          []core.Plugin{tokens},
		Logger:           slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	// Clients ask GET /token; programs can sign claims of their own.
	token, err := tokens.Sign(context.Background(), map[string]any{"sub": "nightly-job"}, jwt.SignOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := tokens.Verify(context.Background(), token, jwt.VerifyOptions{})
	fmt.Println(claims.Subject(), claims["iss"], err)
	// Output: nightly-job https://app.example.com <nil>
}
