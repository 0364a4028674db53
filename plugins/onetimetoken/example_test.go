package onetimetoken_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/onetimetoken"
	"github.com/ostiary/ostiary/route"
)

func Example() {
	ctx := context.Background()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-that-nobody-should-use-0123456789",
		Logger:           slog.New(slog.DiscardHandler),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins:          []core.Plugin{onetimetoken.New(onetimetoken.Options{DisableClientRequest: true})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	// Somebody is signed in to one browser.
	signedUp, err := ostiary.Invoke(ctx, auth, api.SignUpEmail, api.SignUpEmailInput{Name: "Ada", Email: "ada@example.com", Password: "correct horse"})
	if err != nil {
		fmt.Println(err)
		return
	}
	browser := http.Header{}
	for _, c := range (&http.Response{Header: signedUp.Header}).Cookies() {
		browser.Add("Cookie", c.Name+"="+c.Value)
	}

	// The program makes a token for her, which another browser redeems.
	made, err := ostiary.Invoke(ctx, auth, onetimetoken.Generate, route.None{}, ostiary.WithHeader(browser))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		session, err := ostiary.Invoke(ctx, auth, onetimetoken.Verify, onetimetoken.VerifyInput{Token: made.Value.Token})
		fmt.Println(session.Value.User.Name, err)
	}
	// Output:
	// Ada <nil>
	//  400 Bad Request: Invalid token
}
