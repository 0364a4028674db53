package runner_test

import (
	"os"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/runner"
)

// Auth is what an application exports, so that the command line finds it.
func Auth() (*ostiary.Auth, error) {
	return ostiary.New(ostiary.Options{
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           os.Getenv("OSTIARY_SECRET"),
		Database:         sqlite.Open("app.db"),
		EmailAndPassword: emailpassword.Options{Enabled: true},
	})
}

// A program of your own can offer the commands, for example on a machine without
// Go: `app-admin migrate --yes`.
func ExampleMain() {
	runner.Main(Auth)
}
