package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

const (
	secret   = "growth-secret-0123456789-abcdefghijklmnopqrstuvwxyz"
	password = "correct horse battery"
	expired  = 500 // how many sessions a cleanup removes: one batch
)

// plain keeps passwords as they are, to measure everything else.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) { return password, nil }
func (plain) Verify(_ context.Context, hash, password string) (bool, error) {
	return hash == password, nil
}

// world is a server and what is in its database.
type world struct {
	auth            *ostiary.Auth
	filler          *filler
	sessions, users int
}

// cookie is the Cookie header of a random session.
func (w *world) cookie() http.Header {
	token := fmt.Sprintf("%032d", rand.IntN(w.sessions))
	return http.Header{"Cookie": {"better-auth.session_token=" + url.QueryEscape(w.auth.Kernel().Secrets.SignedValue(token))}}
}

func (w *world) address() string { return fmt.Sprintf("user%d@growth.test", rand.IntN(w.users)) }

// operation is one thing to measure.
type operation struct {
	name   string
	before func(context.Context, *world) error // not measured
	run    func(context.Context, *world) error
	few    bool // it takes long
}

var all = []operation{
	{name: "session", run: func(ctx context.Context, w *world) error {
		id, err := w.auth.Session((&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: w.cookie()}).WithContext(ctx))
		if err == nil && id == nil {
			err = errors.New("nobody is signed in")
		}
		return err
	}},
	{name: "sign-in", run: func(ctx context.Context, w *world) error {
		_, err := ostiary.Invoke(ctx, w.auth, api.SignInEmail, api.SignInEmailInput{Email: w.address(), Password: password})
		return err
	}},
	{name: "sign-up", run: func(ctx context.Context, w *world) error {
		address := fmt.Sprintf("new%d@growth.test", time.Now().UnixNano())
		_, err := ostiary.Invoke(ctx, w.auth, api.SignUpEmail, api.SignUpEmailInput{Name: "New", Email: address, Password: password})
		return err
	}},
	{name: "update-user", run: func(ctx context.Context, w *world) error {
		_, err := ostiary.Invoke(ctx, w.auth, api.UpdateUser, api.UpdateUserInput{Fields: map[string]any{"name": "Changed"}}, ostiary.WithHeader(w.cookie()))
		return err
	}},
	{name: "list-sessions", run: func(ctx context.Context, w *world) error {
		_, err := ostiary.Invoke(ctx, w.auth, api.ListSessions, route.None{}, ostiary.WithHeader(w.cookie()))
		return err
	}},
	{name: "list-accounts", run: func(ctx context.Context, w *world) error {
		_, err := ostiary.Invoke(ctx, w.auth, api.ListAccounts, route.None{}, ostiary.WithHeader(w.cookie()))
		return err
	}},
	{
		name: "remove 500 expired", few: true, before: func(ctx context.Context, w *world) error { return w.filler.expire(ctx, expired) },
		run: func(ctx context.Context, w *world) error {
			n, err := w.auth.CleanUp(ctx)
			if err == nil && n != expired {
				err = fmt.Errorf("%d rows were removed", n)
			}
			return err
		},
	},
}
