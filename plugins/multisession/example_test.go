package multisession_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/multisession"
	"github.com/ostiary/ostiary/route"
)

func Example() {
	ctx := context.Background()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-that-nobody-should-use-0123456789",
		Logger:           slog.New(slog.DiscardHandler),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins:          []core.Plugin{multisession.New(multisession.Options{MaximumSessions: 3})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	// Two users sign in with one browser, which keeps the cookies.
	browser := http.Header{}
	for _, name := range []string{"ada", "bob"} {
		result, err := ostiary.Invoke(ctx, auth, api.SignUpEmail,
			api.SignUpEmailInput{Name: name, Email: name + "@example.com", Password: "correct horse"}, ostiary.WithHeader(browser))
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, c := range (&http.Response{Header: result.Header}).Cookies() {
			browser.Add("Cookie", c.Name+"="+c.Value)
		}
	}
	list, err := ostiary.Invoke(ctx, auth, multisession.List, route.None{}, ostiary.WithHeader(browser))
	for _, s := range list.Value {
		fmt.Println(s.User.Name)
	}
	fmt.Println(err)
	// Output:
	// ada
	// bob
	// <nil>
}
