package ostiarytest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/ostiarytest"
)

func Example() {
	// A test of your own page.
	_ = func(t *testing.T) {
		auth := ostiarytest.New(t, ostiary.Options{})
		page := auth.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "hello", ostiary.SessionFrom(r.Context()).User.Name)
		}))
		r := auth.SignedIn(t, httptest.NewRequest("GET", "/", nil), auth.User(t, "ada@example.com"))
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		if w.Body.String() != "hello ada\n" {
			t.Errorf("the page says %q", w.Body)
		}
	}
}

func ExampleOutbox() {
	var mails ostiarytest.Outbox
	options := ostiary.Options{}
	options.User.DeleteUser.Enabled = true
	options.User.DeleteUser.SendVerification = mails.SendDelete
	fmt.Println(len(mails.All()))
	// Output: 0
}
