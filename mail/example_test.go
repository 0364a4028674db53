package mail_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ostiary/ostiary/mail"
)

func ExampleConsole() {
	console := mail.NewConsole(os.Stdout)
	err := console.Send(context.Background(), mail.Message{
		To:      "ada@example.com",
		Subject: "Confirm your address",
		Text:    "Follow https://acme.example/verify?token=abc to confirm it.",
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// ---- mail ----
	// To: ada@example.com
	// Subject: Confirm your address
	//
	// Follow https://acme.example/verify?token=abc to confirm it.
	//
	// https://acme.example/verify?token=abc
	// ---- end ----
}

func ExampleTemplates() {
	templates := mail.Templates{AppName: "Acme"}
	m, err := templates.PasswordReset(mail.Data{
		To:        "ada@example.com",
		Name:      "Ada",
		URL:       "https://acme.example/reset?token=abc",
		ExpiresIn: time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	letter, footer, _ := strings.Cut(m.Text, "\n-- \n")
	fmt.Println("Subject:", m.Subject)
	fmt.Println()
	fmt.Println(letter)
	fmt.Println(footer)
	// Output:
	// Subject: Reset your password
	//
	// Reset your password
	//
	// Hello Ada,
	//
	// Somebody, hopefully you, asked to reset the password of your
	// Acme account. The link leads to a page where you choose a new one.
	//
	// Choose a new password:
	//
	// https://acme.example/reset?token=abc
	//
	// This link expires in 1 hour.
	//
	// If this was not you, you can ignore this message:
	// your password stays as it is.
	//
	// Acme sent this message to ada@example.com.
}

func ExampleParseTemplate() {
	german, err := mail.ParseTemplate(`
		{{define "lang"}}de{{end}}
		{{define "subject"}}Dein Link für {{.AppName}}{{end}}
		{{define "heading"}}Anmelden{{end}}
		{{define "greeting"}}Hallo{{with .Name}} {{.}}{{end}},{{end}}
		{{define "intro"}}mit diesem Link meldest du dich an.{{end}}
		{{define "button"}}Anmelden{{end}}
		{{define "ignore"}}Warst du das nicht, ignoriere diese Nachricht.{{end}}
		{{define "footer"}}{{.AppName}} hat dies an {{.To}} gesendet.{{end}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	templates := mail.Templates{
		AppName:   "Acme",
		Overrides: map[mail.Kind]mail.Template{mail.KindMagicLink: german},
	}
	m, err := templates.MagicLink(mail.Data{To: "ada@example.com", URL: "https://acme.example/in?token=abc"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Subject)
	// Output: Dein Link für Acme
}

func ExampleSenderFunc() {
	var sender mail.Sender = mail.SenderFunc(func(ctx context.Context, m mail.Message) error {
		if err := m.Validate(); err != nil {
			return err
		}
		// Here the request to the provider would be made, with ctx.
		fmt.Println("to", m.To)
		return ctx.Err()
	})
	err := sender.Send(context.Background(), mail.Message{To: "ada@example.com\r\nBcc: x@evil.example", Subject: "Hi", Text: "Hi"})
	fmt.Println(err)
	// Output: mail: To: not a single plain e-mail address
}
