package emailverification

import (
	"net/http"
	"strings"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// silence is the least time that an anonymous request for a mail takes, so that
// the answer's time does not tell whether the address is known.
const silence = 500 * time.Millisecond

// send serves the request for a verification mail.
func (f *Feature) send(c *core.Context, in api.SendVerificationEmailInput) (api.Status, error) {
	if !f.Configured() {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.VerificationEmailNotEnabled)
	}
	id := c.OptionalSession()
	if id == nil {
		return api.Status{Status: true}, c.TakeAtLeast(silence, func() error { return f.sendUnknown(c, in) })
	}
	switch {
	case !strings.EqualFold(id.User.Email, in.Email):
		return api.Status{}, core.Fail(http.StatusBadRequest, api.EmailMismatch)
	case id.User.EmailVerified:
		return api.Status{}, core.Fail(http.StatusBadRequest, api.EmailAlreadyVerified)
	}
	return api.Status{Status: true}, f.sendNow(c, id.User, in.CallbackURL)
}

// sendUnknown mails a link to whoever has the address, if anybody needs one.
func (f *Feature) sendUnknown(c *core.Context, in api.SendVerificationEmailInput) error {
	u, err := c.Users.ByEmail(c, in.Email)
	if err != nil {
		return err
	}
	if u == nil || u.EmailVerified {
		nobody := core.User{User: api.User{Email: core.CanonicalEmail(in.Email)}}
		_, err := f.Mail(c, nobody, in.CallbackURL)
		return err
	}
	return f.Deliver(c, *u, in.CallbackURL) // a failure is not told: it would tell that there is a user
}

// sendNow mails a link and tells whether that worked.
func (f *Feature) sendNow(c *core.Context, u core.User, callbackURL string) error {
	send, err := f.Delivery(c, u, callbackURL)
	if err != nil {
		return err
	}
	return c.Await(send)
}
