package magiclink_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/magiclink"
)

func Example() {
	var mailed magiclink.Mail
	auth, err := ostiary.New(ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"),
		Secret:  "an-example-secret-that-nobody-should-use-0123456789",
		Logger:  slog.New(slog.DiscardHandler),
		Plugins: []core.Plugin{magiclink.New(magiclink.Options{
			Send: func(_ context.Context, m magiclink.Mail) error {
				mailed = m // hand it to your mail service here
				return nil
			},
		})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	_, err = ostiary.Invoke(context.Background(), auth, magiclink.SignIn, magiclink.SignInInput{Email: "ada@example.com", CallbackURL: "/welcome"})
	fmt.Println("mail to", mailed.Email, err)

	w := httptest.NewRecorder()
	auth.ServeHTTP(w, httptest.NewRequest("GET", mailed.URL, nil))
	fmt.Println(w.Code, w.Header().Get("Location"), strings.HasPrefix(w.Header().Get("Set-Cookie"), "__Secure-better-auth.session_token="))
	// Output:
	// mail to ada@example.com <nil>
	// 302 https://app.example.com/welcome true
}
