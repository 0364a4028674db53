// Package customsession lets the application decide what get-session answers:
// the session and the user with whatever else the client needs, such as roles
// from another table. What the server itself knows of the session stays as it
// is.
package customsession

import (
	"errors"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// Func returns what to answer for a session: any value that has a JSON form. It
// is called on every read, also when the session came from the cookie cache. The
// session as stored, with hidden fields, is in c.Session where that is known.
type Func func(c *core.Context, s api.SessionAndUser) (any, error)

// Options of the plugin.
type Options struct {
	// Answer returns what to answer. Required.
	Answer Func
	// DeviceSessions also passes what the plugin multi-session lists through
	// Answer.
	DeviceSessions bool
}

// Plugin is the plugin; make it with [New].
type Plugin struct{ options Options }

var (
	_ core.Initializer  = (*Plugin)(nil)
	_ core.HookProvider = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin { return &Plugin{o} }

// ID returns "custom-session".
func (*Plugin) ID() string { return "custom-session" }

// Init checks the options.
func (p *Plugin) Init(*core.Kernel) error {
	if p.options.Answer == nil {
		return errors.New("customsession.Options.Answer: not set; give a function that returns what get-session is to answer")
	}
	return nil
}

// listDeviceSessions is the endpoint of the plugin multi-session.
const listDeviceSessions = "/multi-session/list-device-sessions"

// Hooks returns the hooks that replace the answers.
func (p *Plugin) Hooks() []core.Hook {
	hooks := []core.Hook{{Match: core.ForRoute(api.GetSession), After: p.replace}}
	if p.options.DeviceSessions {
		hooks = append(hooks, core.Hook{Match: func(c *core.Context) bool { return c.Path == listDeviceSessions }, After: p.replaceAll})
	}
	return hooks
}

// replace replaces the answer of get-session. That nobody is signed in remains
// null.
func (p *Plugin) replace(c *core.Context) error {
	s, ok := c.Returned.(*api.SessionAndUser)
	if !ok || s == nil {
		return nil
	}
	answer, err := p.options.Answer(c, *s)
	if err != nil {
		return err
	}
	c.Replace(answer)
	return nil
}

// replaceAll replaces every item of a list of sessions.
func (p *Plugin) replaceAll(c *core.Context) error {
	list, ok := c.Returned.([]api.SessionAndUser)
	if !ok {
		return nil
	}
	answers := make([]any, len(list))
	for i := range list {
		var err error
		if answers[i], err = p.options.Answer(c, list[i]); err != nil {
			return err
		}
	}
	c.Replace(answers)
	return nil
}
