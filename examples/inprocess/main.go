// Command inprocess calls endpoints from Go, without HTTP: it creates a user,
// signs in, and ends the other sessions. Hooks and validation run all the same.
//
//	OSTIARY_SECRET=$(ostiary secret) go run ./inprocess ada@example.com 'correct horse battery'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/examples/account"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: inprocess email password")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, email, password string) (err error) {
	auth, err := account.Open(ctx, account.Options("inprocess.db", "http://localhost:3000", os.Getenv("OSTIARY_SECRET")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(ctx)) }()
	return visit(ctx, auth, os.Stdout, email, password)
}

// visit signs a user up, unless that was done before, and in.
func visit(ctx context.Context, auth *ostiary.Auth, out io.Writer, email, password string) error {
	_, err := auth.API.SignUpEmail(ctx, api.SignUpEmailInput{Name: "Ada", Email: email, Password: password})
	var refused *core.APIError // what a client would have been answered
	switch {
	case err == nil:
		fmt.Fprintln(out, "signed up")
	case errors.As(err, &refused) && refused.Code == api.UserAlreadyExistsUseAnother.Code:
		fmt.Fprintln(out, "known already")
	default:
		return fmt.Errorf("sign up: %w", err)
	}

	// Invoke returns the headers, too: the cookies say who is asking from here on.
	signedIn, err := ostiary.Invoke(ctx, auth, api.SignInEmail, api.SignInEmailInput{Email: email, Password: password})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	as := ostiary.WithHeader(cookiesOf(signedIn.Header))

	sessions, err := auth.API.ListSessions(ctx, as)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	fmt.Fprintf(out, "%d sessions\n", len(sessions))
	if _, err := auth.API.RevokeOtherSessions(ctx, as); err != nil {
		return fmt.Errorf("revoke the other sessions: %w", err)
	}
	return nil
}

// cookiesOf makes request headers of the cookies in response headers.
func cookiesOf(header http.Header) http.Header {
	request := http.Request{Header: http.Header{}}
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		request.AddCookie(cookie)
	}
	return request.Header
}
