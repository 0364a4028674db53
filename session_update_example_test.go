package ostiary_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// A session has a theme that users choose, and a tenant that the program sets.
type choices struct {
	Theme  string  `ostiary:"theme,default=light,values=light|dark"`
	Tenant *string `ostiary:"tenant,noinput"`
	Visits int     `ostiary:"visits,noinput,default=0"`
}

func choosing() (*ostiary.Auth, error) {
	return ostiary.New(ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"),
		Secret:  testSecret,
		Session: core.SessionOptions{ModelOptions: core.ModelOptions{Fields: schema.FieldsOf[choices]()}},
	})
}

func ExampleAuth_UpdateSession() {
	auth, err := choosing()
	if err != nil {
		fmt.Println(err)
		return
	}
	http.Handle("POST /tenant", auth.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := auth.UpdateSession(w, r, ostiary.Patch{"tenant": r.FormValue("tenant")}, ostiary.WithReason("tenant chosen"))
		var refused *ostiary.FieldError
		switch {
		case errors.As(err, &refused):
			http.Error(w, refused.Error(), http.StatusBadRequest)
		case errors.Is(err, ostiary.ErrRevoked), errors.Is(err, ostiary.ErrNoSession):
			http.Error(w, "sign in again", http.StatusUnauthorized)
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	})))
}

func ExampleMutateSession() {
	auth, err := choosing()
	if err != nil {
		fmt.Println(err)
		return
	}
	http.Handle("GET /counted", auth.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := ostiary.MutateSession(auth, w, r, func(c *choices) error {
			c.Visits++
			return nil
		})
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		c, err := ostiary.SessionFields[choices](id)
		if err != nil {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "visit %d", c.Visits)
	})))
}

func ExamplePatchOf() {
	patch := ostiary.PatchOf(choices{Theme: "dark"}, "theme")
	fmt.Println(patch)
	// Output: map[theme:dark]
}
