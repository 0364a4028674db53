// Package plugin is a complete plugin on one page: users invite others with a
// code. It adds a table, a field of the user, endpoints, a hook and a rate limit.
package plugin

import (
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// Invite makes a code that lets somebody sign up.
var Invite = route.New[route.None, InviteOutput]("POST", "/invitation/create", route.Spec{
	Name: "createInvitation", Summary: "Invite somebody", Tags: []string{"Invitation"},
})

// InviteOutput is the output of [Invite].
type InviteOutput struct {
	Code string `json:"code"`
}

// NotInvited is the error of a sign-up without a valid code.
var NotInvited = api.Code{Code: "NOT_INVITED", Message: "You need an invitation to sign up"}

const model = "invitation"

// Plugin lets only those sign up who were invited.
type Plugin struct{ table *schema.Table }

// New returns the plugin.
func New() *Plugin { return &Plugin{} }

// ID names the plugin.
func (*Plugin) ID() string { return "invitation" }

// Models adds the table of invitations, and to users who invited them.
func (*Plugin) Models() []schema.Model {
	inviter := &schema.Reference{Model: schema.UserKey}
	return []schema.Model{
		{Key: model, Fields: []schema.Field{
			{Name: "code", Unique: true},
			{Name: "inviterId", References: inviter},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		}},
		{Key: schema.UserKey, Fields: []schema.Field{{Name: "invitedBy", Optional: true, NoInput: true}}},
	}
}

// Init keeps the table.
func (p *Plugin) Init(k *core.Kernel) error {
	p.table = k.DB.Table(model)
	return nil
}

// Endpoints lets signed-in users invite.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{core.Handle(Invite, p.invite, core.AuthoritativeGate)}
}

func (p *Plugin) invite(c *core.Context, _ route.None) (InviteOutput, error) {
	code := c.Random.Token(24)
	row := p.table.NewRow().Set("code", code).Set("inviterId", c.Session.User.ID)
	_, err := c.DB.Create(c, row)
	return InviteOutput{Code: code}, err
}

// Hooks asks for a code on sign-up. The code is used up before the user exists:
// of two who share one, one gets in.
func (p *Plugin) Hooks() []core.Hook {
	return []core.Hook{hooks.Before(api.SignUpEmail, func(c *core.Context, in *api.SignUpEmailInput) error {
		code, _ := in.Extra["invitation"].(string)
		if code == "" {
			return core.Fail(http.StatusForbidden, NotInvited)
		}
		invitation, err := c.DB.ConsumeOne(c, p.table, database.Eq("code", code))
		if err != nil {
			return err
		}
		if invitation == nil {
			return core.Fail(http.StatusForbidden, NotInvited)
		}
		c.SetHeader("X-Invited-By", invitation.Get("inviterId").(string))
		return nil
	})}
}

// RateLimits bounds how many invitations can be made.
func (*Plugin) RateLimits() []core.RateLimitRule {
	return []core.RateLimitRule{{Path: "/invitation/*", Window: time.Minute, Max: 5}}
}

// Codes are the plugin's error codes.
func (*Plugin) Codes() []api.Code { return []api.Code{NotInvited} }

// The compiler checks that the plugin is what it says.
var (
	_ core.Modeler          = (*Plugin)(nil)
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)
	_ core.RateLimiter      = (*Plugin)(nil)
	_ core.CodeProvider     = (*Plugin)(nil)
)
