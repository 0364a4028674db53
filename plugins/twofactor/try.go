package twofactor

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// try compares a TOTP or backup code. On the way in that costs a guess of the
// challenge and counts towards the lock of the user, both before the code is
// compared; a user who is signed in may try freely.
func (p *Plugin) try(c *core.Context, v *verifier, f *factor, wrong api.Code, right func() (bool, error)) error {
	if err := p.checkLock(c, v, f); err != nil {
		return err
	}
	var g *guess
	if v.challenge != nil {
		var err error
		if g, err = p.begin(c, v.challenge); err != nil {
			return err
		}
	}
	t, err := p.charge(c, v, f)
	if err != nil {
		g.undecided(c)
		return err
	}
	ok, err := right()
	if err != nil {
		g.undecided(c)
		t.undecided(c)
		return err
	}
	if ok {
		return t.right(c)
	}
	g.wrong(c)
	if err := t.wrong(c); err != nil {
		return err
	}
	return core.Fail(http.StatusUnauthorized, wrong)
}
