package magiclink

import (
	"context"
	"net/url"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

const (
	tokenLength = 32
	letters     = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// signIn mails a link. It does not look at the users, so that neither its answer
// nor the time it takes tells whether the address is known.
func (p *Plugin) signIn(c *core.Context, in SignInInput) (api.Status, error) {
	token := p.newToken(c, in.Email)
	if err := p.store(c, token, in.Email, in.Name); err != nil {
		return api.Status{}, err
	}
	m := Mail{
		Email: in.Email, URL: link(c, token, in), Token: token, Metadata: in.Metadata,
		ExpiresIn: p.options.ExpiresIn, Request: c.Request,
	}
	if err := c.Await(func(ctx context.Context) error { return p.options.Send(ctx, m) }); err != nil {
		return api.Status{}, err
	}
	return api.Status{Status: true}, nil
}

func (p *Plugin) newToken(c *core.Context, email string) string {
	if p.options.GenerateToken != nil {
		return p.options.GenerateToken(email)
	}
	return c.Random.String(tokenLength, letters)
}

// link returns the URL that is mailed.
func link(c *core.Context, token string, in SignInInput) string {
	if in.CallbackURL == "" {
		in.CallbackURL = "/"
	}
	address := c.BaseURL() + Verify.Describe().Path + "?token=" + url.QueryEscape(token)
	for _, target := range [...]struct{ name, url string }{
		{"callbackURL", in.CallbackURL},
		{"newUserCallbackURL", in.NewUserCallbackURL},
		{"errorCallbackURL", in.ErrorCallbackURL},
	} {
		if target.url != "" {
			address += "&" + target.name + "=" + url.QueryEscape(target.url)
		}
	}
	return address
}
