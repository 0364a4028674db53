package openapi_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/openapi"
)

func Example() {
	described := openapi.New(openapi.Options{Title: "Acme accounts", NameAllOperations: true})
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-0123456789-abcdefghijkl",
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins:          []core.Plugin{described},
		Logger:           slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	// Served at /open-api/generate-schema, and shown at /reference; programs can
	// have it too, for example to generate clients.
	d := described.Document("https://app.example.com/api/auth")
	fmt.Println(d.Info.Title, d.OpenAPI, d.Paths["/sign-in/email"]["post"].OperationID)
	// Output: Acme accounts 3.1.1 signInEmail
}
