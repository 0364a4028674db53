package core

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ostiary/ostiary/route"
)

// Call is an in-process call of an endpoint. Hooks, validation and gates run as
// for HTTP requests; the rate limit, the origin check and middleware do not.
type Call struct {
	// Header are request headers; those with a session cookie say who is asking.
	Header http.Header
	// Request, if set, is the HTTP request on whose behalf the call is made. Its
	// headers count unless Header is set.
	Request *http.Request
}

// Result is the outcome of an in-process call.
type Result[Out any] struct {
	// Value is the output.
	Value Out
	// Status is the HTTP status that a response would have had.
	Status int
	// Header are the headers that a response would have had, with cookies.
	Header http.Header
}

// Invoke calls an endpoint in-process. The error is an [*APIError] when the
// endpoint, or a hook, answered with one; the result then still has status and
// headers.
func Invoke[In, Out any](ctx context.Context, k *Kernel, r *route.Route[In, Out], in In, call Call) (Result[Out], error) {
	body, query, params, err := r.InputShape().Write(in)
	if err != nil {
		return Result[Out]{}, err
	}
	raw, err := k.invoke(ctx, r.Describe(), call, Input{Body: body, Query: query, Params: params})
	result := Result[Out]{Status: raw.Status, Header: raw.Header}
	if err != nil {
		return result, err
	}
	result.Value, err = convert[Out](raw.Value)
	return result, err
}

// convert returns the outcome as the output type; a hook may have replaced it
// by a value of another type.
func convert[Out any](value any) (out Out, err error) {
	if typed, ok := value.(Out); ok {
		return typed, nil
	}
	if value == nil {
		return out, nil
	}
	text, err := appendJSON(nil, value)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("a hook replaced the output by %T, which is no %T: %w", value, out, err)
	}
	return out, nil
}

// Input is the input of a call by name, in the form in which requests carry it.
type Input struct {
	Body   any // a decoded JSON value, or nil for none
	Query  url.Values
	Params map[string]string
}

// InvokeNamed calls the endpoint of a name in-process, with an input that is
// not typed. It is for tools; programs use [Invoke].
func (k *Kernel) InvokeNamed(ctx context.Context, name string, in Input, call Call) (Result[any], error) {
	e := k.byName[name]
	if e == nil {
		return Result[any]{}, fmt.Errorf("there is no endpoint named %q", name)
	}
	return k.invoke(ctx, e.spec, call, in)
}

func (k *Kernel) invoke(ctx context.Context, spec *route.Spec, call Call, in Input) (Result[any], error) {
	e := k.endpoints[spec]
	if e == nil {
		return Result[any]{}, fmt.Errorf("the endpoint %s is not served here; add the plugin that provides it", spec.Name)
	}
	c := &Context{
		Context: ctx, Kernel: k, Path: spec.Path, Method: spec.Method(), Params: in.Params, Query: in.Query, Body: in.Body,
		Header: call.Header, Request: call.Request, spec: spec, response: responseHead{jar: newJar(k)},
	}
	if c.Body == nil {
		c.Body = route.Absent
	}
	if c.Header == nil && call.Request != nil {
		c.Header = call.Request.Header
	}
	var err error
	if c.site, err = k.siteOf(c.Request, c.Header); err != nil {
		return Result[any]{}, err
	}
	out, err := k.dispatch(c, e)
	if err != nil {
		if failed := AsAPIError(err); failed != nil {
			c.addHeader(failed.Header)
			return Result[any]{Status: failed.Status, Header: c.ResponseHeader()}, failed
		}
		return Result[any]{Status: http.StatusInternalServerError, Header: http.Header{}}, err
	}
	result := Result[any]{Value: out.value, Status: out.httpStatus(), Header: c.ResponseHeader()}
	if out.err != nil {
		return result, out.err
	}
	return result, nil
}

// Identify finds out whose request it is, without an endpoint being called. The
// header returned has the cookies to set.
func (k *Kernel) Identify(r *http.Request, o ReadOptions) (*Identity, http.Header, error) {
	c := &Context{Context: r.Context(), Kernel: k, Method: r.Method, Header: r.Header, Request: r, response: responseHead{jar: newJar(k)}}
	var err error
	if c.site, err = k.siteOf(r, r.Header); err != nil {
		return nil, nil, err
	}
	c.takeToken()
	id, err := c.ReadSession(o)
	if err != nil {
		return nil, c.ResponseHeader(), err
	}
	return id, c.ResponseHeader(), nil
}
