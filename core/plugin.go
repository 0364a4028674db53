package core

import (
	"context"
	"net/http"
	"slices"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/schema"
)

// Plugin extends the server. Everything beyond its id is optional: a plugin
// implements those of the interfaces below that it needs. The features of the
// core are plugins too, and have no other means.
//
// When a kernel is made, plugins are asked in their order, for: [Modeler],
// [Initializer], then [EndpointProvider], [HookProvider], [RateLimiter] and
// [CodeProvider]. When it is closed, [Closer] is called in reverse order.
type Plugin interface {
	// ID names the plugin, for example "two-factor". It must be unique.
	ID() string
}

// Modeler is a plugin with tables, or with fields of core tables.
type Modeler interface {
	Models() []schema.Model
}

// Initializer is a plugin that needs the kernel, or wants to check its options.
// It must not serve anything yet. Plugins that come later are not initialised.
type Initializer interface {
	Init(k *Kernel) error
}

// EndpointProvider is a plugin with endpoints.
type EndpointProvider interface {
	Endpoints() []Endpoint
}

// HookProvider is a plugin with hooks around endpoints.
type HookProvider interface {
	Hooks() []Hook
}

// DatabaseHookProvider is a plugin with hooks around writes.
type DatabaseHookProvider interface {
	DatabaseHooks() []DatabaseHook
}

// RateLimiter is a plugin with rate limits of its own.
type RateLimiter interface {
	RateLimits() []RateLimitRule
}

// MiddlewareProvider is a plugin with middleware that runs before the hooks, on
// HTTP requests only.
type MiddlewareProvider interface {
	Middleware() []Middleware
}

// Middleware runs before the hooks of the endpoints that its path matches.
type Middleware struct {
	// Path is an endpoint path; "**" matches any rest.
	Path string
	// Run may refuse the request by returning an error.
	Run func(c *Context) error
}

// RequestInterceptor is a plugin that sees requests before they are routed. A
// response ends the processing; a request other than the given one takes its
// place.
type RequestInterceptor interface {
	OnRequest(k *Kernel, r *http.Request) (*http.Request, *Response, error)
}

// ResponseInterceptor is a plugin that sees responses before they are sent. The
// first plugin to return one replaces it, and ends the processing.
type ResponseInterceptor interface {
	OnResponse(k *Kernel, r *http.Request, response *Response) (*Response, error)
}

// CodeProvider is a plugin with error codes.
type CodeProvider interface {
	Codes() []api.Code
}

// Closer is a plugin with something to stop, such as background work.
type Closer interface {
	Close(ctx context.Context) error
}

// Plugins returns all plugins, in their order.
func (k *Kernel) Plugins() []Plugin { return slices.Clone(k.plugins) }

// Plugin returns the plugin of an id, or nil.
func (k *Kernel) Plugin(id string) Plugin {
	for _, p := range k.plugins {
		if p.ID() == id {
			return p
		}
	}
	return nil
}
