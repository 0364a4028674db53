package core

import (
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/route"
)

// Endpoint is a route with the function that serves it.
type Endpoint struct {
	route  route.Described
	spec   *route.Spec
	gates  []Gate
	owner  string // the id of the plugin that serves it
	invoke func(c *Context) (any, error)
}

// Gate runs before the function of an endpoint, when its input has been found
// to be in order. An error it returns is the outcome of the call.
type Gate func(c *Context) error

// Handle ties a route to the function that serves it. The gates run first, in
// order. The function may redirect by returning [Context.Redirect] and fail by
// returning an [APIError]; any other error is a failure of the server.
func Handle[In, Out any](r *route.Route[In, Out], fn func(c *Context, in In) (Out, error), gates ...Gate) Endpoint {
	shape := r.InputShape()
	return Endpoint{
		route: r,
		spec:  r.Describe(),
		gates: gates,
		invoke: func(c *Context) (any, error) {
			value, issues := shape.Read(c.Body, c.Query, c.Params)
			if len(issues) > 0 {
				return nil, validationError(issues)
			}
			for _, gate := range gates {
				if err := gate(c); err != nil {
					return nil, err
				}
			}
			out, err := fn(c, *value.Addr().Interface().(*In))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// Route returns the route that the endpoint serves.
func (e *Endpoint) Route() route.Described { return e.route }

// outcome is the result of a call as after hooks see and change it.
type outcome struct {
	value  any
	err    *APIError
	status int // of the endpoint: set explicitly, or that of its error
}

func (o *outcome) returned() any {
	if o.err != nil {
		return o.err
	}
	return o.value
}

func (o *outcome) replace(value any) { o.value, o.err = value, nil }

func (o *outcome) fail(err *APIError) { o.value, o.err = nil, err }

// httpStatus is the status sent: that of the endpoint if it set one or failed,
// else that of an error that took its place.
func (o *outcome) httpStatus() int {
	switch {
	case o.status != 0:
		return o.status
	case o.err != nil:
		return o.err.Status
	}
	return http.StatusOK
}

// dispatch runs an endpoint with its hooks. The error is one that ends the call
// without after hooks: that of a before hook, or a failure of the server.
func (k *Kernel) dispatch(c *Context, e *Endpoint) (out outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
	}()
	c.takeToken()
	answer, err := k.runBefore(c)
	if err != nil {
		if api := AsAPIError(err); api == nil || !api.IsRedirect() {
			c.response = responseHead{jar: newJar(k)}
		}
		return out, err
	}
	if answer != nil {
		return outcome{value: answer.value, status: answer.status}, nil
	}
	c.forbidStoring()
	value, err := e.invoke(c)
	if c.held != nil {
		value, err = c.answerHeld()
	}
	out = outcome{value: value, status: c.response.status}
	if err != nil {
		failed := AsAPIError(err)
		if failed == nil {
			return out, fmt.Errorf("%s %s: %w", c.Method, c.Path, err)
		}
		if failed.Cause != nil && failed.Status >= 500 {
			k.Log.ErrorContext(c, "request failed", "path", c.Path, "error", failed)
		}
		out.fail(failed)
		out.status = failed.Status
		c.addHeader(failed.Header)
	}
	if err := k.runAfter(c, &out); err != nil {
		return out, err
	}
	return out, nil
}

// forbidStoring keeps caches from keeping the answer, unless the endpoint says
// otherwise: nearly every answer has a token or personal data in it. Better Auth
// does that for some endpoints only, and so do development servers, for the sake
// of those who compare the two.
func (c *Context) forbidStoring() {
	if c.spec.NoStore || !c.config.Development {
		c.SetHeader("Cache-Control", "no-store")
	}
	if c.spec.NoStore {
		c.SetHeader("Pragma", "no-cache")
	}
}
