package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/plugins/outbox"
)

func Example() {
	ctx := context.Background()
	letters := mail.Templates{AppName: "Acme"}
	box := outbox.New(outbox.Options{Sender: mail.SenderFunc(func(_ context.Context, m mail.Message) error { // or smtp.New(…)
		_, err := fmt.Fprintf(os.Stdout, "To %s: %s\n", m.To, m.Subject)
		return err
	})})
	auth, err := ostiary.New(ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"), Secret: "an-example-secret-that-nobody-should-use-0123456789",
		Database: memory.New(), Logger: slog.New(slog.DiscardHandler),
		EmailAndPassword: emailpassword.Options{Enabled: true, RequireEmailVerification: true},
		EmailVerification: emailverification.Options{
			Send: func(ctx context.Context, m emailverification.Mail) error {
				letter, err := letters.Verification(mail.Data{To: m.User.Email, Name: m.User.Name, URL: m.URL, ExpiresIn: m.ExpiresIn})
				if err != nil {
					return err
				}
				return box.Send(ctx, letter)
			},
		},
		Plugins: []core.Plugin{box},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	box.Start() // delivers what an earlier process has left, too

	if _, err := auth.API.SignUpEmail(ctx, api.SignUpEmailInput{Name: "Ada", Email: "ada@example.com", Password: "correct horse"}); err != nil {
		fmt.Println(err)
	}
	if err := auth.Close(ctx); err != nil { // delivers what is due
		fmt.Println(err)
	}
	// Output: To ada@example.com: Confirm your e-mail address
}
