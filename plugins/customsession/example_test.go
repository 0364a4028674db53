package customsession_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/customsession"
)

// answer is what clients of this application get for a session.
type answer struct {
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
}

func Example() {
	ctx := context.Background()
	auth, err := ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-that-nobody-should-use-0123456789",
		Logger:           slog.New(slog.DiscardHandler),
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins: []core.Plugin{customsession.New(customsession.Options{
			Answer: func(_ *core.Context, s api.SessionAndUser) (any, error) {
				return answer{Name: s.User.Name, Roles: []string{"editor"}}, nil
			},
		})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)

	result, err := ostiary.Invoke(ctx, auth, api.SignUpEmail, api.SignUpEmailInput{Name: "Ada", Email: "ada@example.com", Password: "correct horse"})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest("GET", "https://app.example.com/api/auth/get-session", nil)
	r.Header["Cookie"] = result.Header["Set-Cookie"]
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: {"name":"Ada","roles":["editor"]}
}
