// Package hooks makes hooks around endpoints, typed by their routes.
//
//	hooks.Set{
//		hooks.Before(api.SignUpEmail, func(c *core.Context, in *api.SignUpEmailInput) error {
//			if !strings.HasSuffix(in.Email, "@example.com") {
//				return core.FailWith(http.StatusBadRequest, "DOMAIN_NOT_ALLOWED", "Only example.com addresses may sign up")
//			}
//			return nil
//		}),
//		hooks.AfterAll(func(c *core.Context) error { … }),
//	}
package hooks

import (
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// Set is a list of hooks, in the order in which they run.
type Set []core.Hook

// Before runs fn before an endpoint, with its input, which fn may change.
func Before[In, Out any](r *route.Route[In, Out], fn func(c *core.Context, in *In) error) core.Hook {
	return core.TypedBefore(r, fn)
}

// After runs fn after an endpoint that succeeded, with its output, which fn may
// change.
func After[In, Out any](r *route.Route[In, Out], fn func(c *core.Context, out *Out) error) core.Hook {
	return core.TypedAfter(r, fn)
}

// BeforeAll runs fn before every endpoint. The input is in c.Body, c.Query and
// c.Params as it was received; c.Change changes it.
func BeforeAll(fn func(c *core.Context) error) core.Hook { return core.Hook{Before: fn} }

// AfterAll runs fn after every endpoint. The outcome is in c.Returned; c.Replace
// replaces it.
func AfterAll(fn func(c *core.Context) error) core.Hook { return core.Hook{After: fn} }

// BeforeMatching runs fn before the endpoints that match.
func BeforeMatching(match func(c *core.Context) bool, fn func(c *core.Context) error) core.Hook {
	return core.Hook{Match: match, Before: fn}
}

// AfterMatching runs fn after the endpoints that match.
func AfterMatching(match func(c *core.Context) bool, fn func(c *core.Context) error) core.Hook {
	return core.Hook{Match: match, After: fn}
}
