package bearer_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/bearer"
)

func Example() {
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-that-nobody-should-use-0123456789",
		Logger:           slog.New(slog.DiscardHandler),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins:          []core.Plugin{bearer.New(bearer.Options{RequireSignature: true})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	// The app signs up and keeps the token.
	result, err := ostiary.Invoke(context.Background(), auth, api.SignUpEmail, api.SignUpEmailInput{Name: "Ada", Email: "ada@example.com", Password: "correct horse"})
	if err != nil {
		fmt.Println(err)
		return
	}
	token := result.Header.Get("set-auth-token")

	// It sends the token to your own endpoints as well.
	me := auth.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello", ostiary.SessionFrom(r.Context()).User.Name)
	}))
	r := httptest.NewRequest("GET", "https://app.example.com/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	me.ServeHTTP(w, r)
	fmt.Print(w.Body)
	// Output: hello Ada
}
