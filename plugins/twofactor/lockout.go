package twofactor

import (
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
)

// toll is what a guess on the way in costs: it counts as failed from before the
// code is compared until the code has turned out to be right, so that guesses at
// the same time cannot all be free. Guesses of users who are signed in cost
// nothing, for which toll is nil.
type toll struct {
	plugin *Plugin
	userID string
	factor *factor // nil for users who have only codes sent to them
	count  int64
}

// checkLock refuses a user who is locked. It clears a lock that is over.
func (p *Plugin) checkLock(c *core.Context, v *verifier, f *factor) error {
	if p.options.Lockout.Disabled || v.session != nil {
		return nil
	}
	if f == nil {
		n, err := c.Verifications.Recorded(c, failurePurpose+v.user.ID)
		if err != nil {
			return err
		}
		if n >= int64(p.options.Lockout.MaxFailedAttempts) {
			return locked()
		}
		return nil
	}
	if f.lockedUntil.IsZero() {
		return nil
	}
	now := database.Milliseconds(c.Now())
	if f.lockedUntil.After(now) {
		return locked()
	}
	unlock := p.factors.table.NewRow().Set("failedVerificationCount", int64(0)).Set("lockedUntil", nil)
	_, err := c.DB.UpdateMany(c, unlock, database.Eq("id", f.id), database.Compare("lockedUntil", database.LessOrEqual, now))
	return err
}

func locked() error { return core.Fail(http.StatusTooManyRequests, AccountTemporarilyLocked) }

// charge takes the toll of a guess. It refuses guesses beyond the limit.
func (p *Plugin) charge(c *core.Context, v *verifier, f *factor) (*toll, error) {
	if p.options.Lockout.Disabled || v.session != nil {
		return nil, nil
	}
	t := &toll{plugin: p, userID: v.user.ID, factor: f}
	if err := t.take(c); err != nil {
		return nil, err
	}
	if t.count > int64(p.options.Lockout.MaxFailedAttempts) {
		if err := t.lock(c); err != nil {
			return nil, err
		}
		return nil, locked()
	}
	return t, nil
}

func (t *toll) take(c *core.Context) error {
	p := t.plugin
	if t.factor == nil {
		var err error
		t.count, err = c.Verifications.Record(c, failurePurpose+t.userID, p.options.Lockout.Duration)
		return err
	}
	row, err := c.DB.IncrementOne(c, p.factors.table.NewRow(), []database.Increment{{Field: "failedVerificationCount", Delta: 1}}, database.Eq("id", t.factor.id))
	if err != nil {
		return err
	}
	if row == nil { // disabled at this very moment
		return core.Fail(http.StatusUnauthorized, InvalidTwoFactorCookie)
	}
	t.count = factorOf(*row).failures
	return nil
}

// wrong keeps the toll, and locks the user when it was the last one allowed.
func (t *toll) wrong(c *core.Context) error {
	if t == nil || t.count < int64(t.plugin.options.Lockout.MaxFailedAttempts) {
		return nil
	}
	return t.lock(c)
}

func (t *toll) lock(c *core.Context) error {
	if t.factor == nil {
		return nil // the failures themselves lock, until they are forgotten
	}
	o := &t.plugin.options.Lockout
	change := t.plugin.factors.table.NewRow().Set("lockedUntil", c.Now().Add(o.Duration))
	_, err := c.DB.UpdateMany(c, change, database.Eq("id", t.factor.id),
		database.Compare("failedVerificationCount", database.GreaterOrEqual, int64(o.MaxFailedAttempts)),
		database.Eq("lockedUntil", nil))
	return err
}

// right forgets all failures.
func (t *toll) right(c *core.Context) error {
	if t == nil {
		return nil
	}
	if t.factor == nil {
		return c.Verifications.Forget(c, failurePurpose+t.userID)
	}
	reset := t.plugin.factors.table.NewRow().Set("failedVerificationCount", int64(0)).Set("lockedUntil", nil)
	_, err := c.DB.UpdateMany(c, reset, database.Eq("id", t.factor.id))
	return err
}

// undecided gives the toll back, because the code could not be compared.
func (t *toll) undecided(c *core.Context) {
	if t == nil || t.factor == nil {
		return
	}
	if _, err := c.DB.IncrementOne(c, t.plugin.factors.table.NewRow(), []database.Increment{{Field: "failedVerificationCount", Delta: -1}}, database.Eq("id", t.factor.id)); err != nil {
		c.Log.WarnContext(c, "a guess that could not be decided counts as failed", "error", err)
	}
}

// Purposes of events that are counted over a time.
const (
	failurePurpose = "2fa-failure-"
	sentPurpose    = "2fa-otp-sent-"
)
