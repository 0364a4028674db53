package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/mail/smtp"
)

func ExampleNew() {
	_, err := smtp.New(smtp.Options{
		Host:     "smtp.acme.example",
		Username: "acme",
		Password: "from the environment",
		From:     "Acme <no-reply@acme.example>",
		TLS:      smtp.NoTLS,
	})
	fmt.Println(err)
	// Output: smtp: TLS: "none" is for a server on this machine; see AllowPlaintext
}

func ExampleError() {
	sender, err := smtp.New(smtp.Options{
		Host: "127.0.0.1", Port: 1, // nothing listens there
		From: "Acme <no-reply@acme.example>",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = sender.Send(ctx, mail.Message{To: "ada@example.com", Subject: "Hello", Text: "Hello, Ada"})

	var failed *smtp.Error
	if errors.As(err, &failed) {
		fmt.Println("could not", failed.Step, "- try again:", failed.Temporary())
	}
	// Output: could not connect - try again: true
}
