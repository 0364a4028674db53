package core

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/ostiary/ostiary/route"
)

// Hook runs before or after endpoints, for HTTP requests and in-process calls
// alike. The application's hooks run first, then those of the plugins in their
// order, before and after the endpoint.
//
// A before hook sees the input as it was received, unchecked. It may change it
// with [Context.Change], which takes effect when all before hooks have run; it
// may answer in the endpoint's place by returning [Respond]; or refuse by
// returning an [APIError].
//
// An after hook sees the outcome in [Context.Returned] and may replace it with
// [Context.Replace], with another status if it calls [Context.SetStatus] too,
// or by returning an [APIError].
//
// Package hooks makes hooks that are typed by their route.
type Hook struct {
	// Match says which endpoints the hook is for. Nil means all.
	Match func(c *Context) bool
	// Before and After are the two kinds of hook; a Hook may have both.
	Before, After func(c *Context) error

	source string
	spec   *route.Spec // of the one route that a typed hook is for
}

// Respond answers with a value when a before hook returns it: the endpoint and
// the after hooks are skipped.
func Respond(value any) error { return &early{value: value} }

// RespondStatus is [Respond] with an HTTP status.
func RespondStatus(status int, value any) error { return &early{value: value, status: status} }

type early struct {
	value  any
	status int
}

func (*early) Error() string { return "core: answered by a before hook" }

// Change is what a before hook changes of the input. Objects in it are merged
// into those of the input, everything else replaces; nil values change nothing.
type Change struct {
	Body   map[string]any
	Query  url.Values
	Header http.Header
	Params map[string]string

	// outdated are the names of body members and query parameters that a typed
	// hook has removed, or replaced as a whole.
	outdatedBody, outdatedQuery []string
}

// Change changes the input of the endpoint. Other before hooks do not see it.
func (c *Context) Change(change Change) { c.changes = append(c.changes, change) }

// applyChanges merges what before hooks changed into the input.
func (c *Context) applyChanges() {
	for _, change := range c.changes {
		if len(change.Body)+len(change.outdatedBody) > 0 {
			body, _ := c.Body.(map[string]any)
			c.Body = merged(without(body, change.outdatedBody), change.Body)
		}
		if len(change.Query)+len(change.outdatedQuery) > 0 {
			c.Query = without(c.Query, change.outdatedQuery)
			maps.Copy(c.Query, change.Query)
		}
		if len(change.Header) > 0 {
			c.Header = c.Header.Clone()
			if c.Header == nil {
				c.Header = http.Header{}
			}
			for name, values := range change.Header {
				c.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
		if len(change.Params) > 0 {
			c.Params = without(c.Params, nil)
			maps.Copy(c.Params, change.Params)
		}
	}
	c.changes = nil
}

// without returns a copy of a map without some of its members.
func without[M ~map[string]V, V any](m M, names []string) M {
	out := make(M, len(m))
	for name, v := range m {
		if !slices.Contains(names, name) {
			out[name] = v
		}
	}
	return out
}

// merged returns base with the members of change merged into it.
func merged(base, change map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for name, v := range change {
		if v == nil {
			continue
		}
		if into, ok := out[name].(map[string]any); ok {
			if from, ok := v.(map[string]any); ok {
				out[name] = merged(into, from)
				continue
			}
		}
		out[name] = v
	}
	return out
}

// Replace makes value the outcome of the call, in place of the endpoint's own.
func (c *Context) Replace(value any) { c.replaced, c.replacement = true, value }

// TypedBefore is the before hook of one route that receives its input, as far as
// it could be read: what is missing or of the wrong type is zero, and the
// endpoint will refuse it. What the hook changes is used. See package hooks.
func TypedBefore[In, Out any](r *route.Route[In, Out], fn func(c *Context, in *In) error) Hook {
	return Hook{
		spec:  r.Describe(),
		Match: ForRoute(r),
		Before: func(c *Context) error {
			value, _ := r.InputShape().Read(c.Body, c.Query, c.Params)
			in := value.Interface().(In)
			if err := fn(c, &in); err != nil {
				return err
			}
			before, _ := r.InputShape().Read(c.Body, c.Query, c.Params)
			return c.changeInput(r, before.Interface(), in)
		},
	}
}

// changeInput records as a change what differs between two inputs.
func (c *Context) changeInput(r route.Described, before, after any) error {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	shape := r.InputShape()
	oldBody, oldQuery, oldParams, err := shape.Write(before)
	if err != nil {
		return err
	}
	body, query, params, err := shape.Write(after)
	if err != nil {
		return err
	}
	oldMembers, _ := oldBody.(map[string]any)
	members, _ := body.(map[string]any)
	c.Change(Change{
		Body: differing(oldMembers, members), Query: differing(oldQuery, query), Params: differing(oldParams, params),
		outdatedBody: outdated(oldMembers, members), outdatedQuery: outdated(oldQuery, query),
	})
	return nil
}

// outdated returns the names of the members of before that are not the same in
// after, or not there.
func outdated[M ~map[string]V, V any](before, after M) []string {
	var names []string
	for name, old := range before {
		if v, has := after[name]; !has || !reflect.DeepEqual(old, v) {
			names = append(names, name)
		}
	}
	return names
}

// differing returns the members of after that are not the same in before.
func differing[M ~map[string]V, V any](before, after M) M {
	changed := M{}
	for name, v := range after {
		if old, had := before[name]; !had || !reflect.DeepEqual(old, v) {
			changed[name] = v
		}
	}
	return changed
}

// TypedAfter is the after hook of one route that receives its output. It is not
// called when the endpoint failed. What the hook changes is sent.
func TypedAfter[In, Out any](r *route.Route[In, Out], fn func(c *Context, out *Out) error) Hook {
	return Hook{
		spec:  r.Describe(),
		Match: ForRoute(r),
		After: func(c *Context) error {
			out, ok := c.Returned.(Out)
			if !ok {
				return nil
			}
			if err := fn(c, &out); err != nil {
				return err
			}
			c.Replace(out)
			return nil
		},
	}
}

// ForRoute matches one route.
func ForRoute(r route.Described) func(c *Context) bool {
	spec := r.Describe()
	return func(c *Context) bool { return c.spec == spec }
}

// runBefore runs the before hooks. A value means that one of them answered.
func (k *Kernel) runBefore(c *Context) (*early, error) {
	for i := range k.hooks {
		h := &k.hooks[i]
		if h.Before == nil || (h.Match != nil && !h.Match(c)) {
			continue
		}
		err := h.Before(c)
		if err == nil {
			continue
		}
		if answer, answered := errors.AsType[*early](err); answered {
			return answer, nil
		}
		return nil, err
	}
	c.applyChanges()
	return nil, nil
}

// runAfter runs the after hooks over the outcome.
func (k *Kernel) runAfter(c *Context, out *outcome) error {
	for i := range k.hooks {
		h := &k.hooks[i]
		if h.After == nil || (h.Match != nil && !h.Match(c)) {
			continue
		}
		c.Returned, c.replaced = out.returned(), false
		before := c.response.status
		err := h.After(c)
		if e := AsAPIError(err); e != nil {
			out.fail(e)
			c.addHeader(e.Header)
			continue
		}
		if err != nil {
			return err
		}
		if c.replaced {
			out.replace(c.replacement)
			if c.response.status != before {
				out.status = c.response.status
			}
		}
	}
	return nil
}
