package twofactor

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
)

// trusts are the devices on which users are not asked for the second factor. A
// device has a signed cookie that names the trust and is bound to the user; the
// stored row decides, and is another one after every sign-in.
type trusts struct {
	lifetime time.Duration
	strict   bool
}

const (
	trustPurpose  = "trust-device-"
	trustIDLength = 32
	// distrustPurpose begins the identifier under which is stored that a user
	// trusts no earlier device any more.
	distrustPurpose = "2fa-distrust-"
)

func (t trusts) cookie(c *core.Context) core.CookieDefinition {
	return c.DefineCookie("trust_device", t.lifetime)
}

// begin trusts the device of the request.
func (t trusts) begin(ctx context.Context, c *core.Context, userID string) error {
	id := trustPurpose + c.Random.String(trustIDLength, random.URLSafe)
	if err := c.Verifications.Create(ctx, id, userID, t.lifetime); err != nil {
		return err
	}
	return c.SetSignedCookie(t.cookie(c), trustMAC(c, userID, id)+"!"+id)
}

func trustMAC(c *core.Context, userID, id string) string {
	mac := c.Secrets.MAC([]byte(userID + "!" + id))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// spend reports whether the device of the request is trusted by a user. If so the
// trust is used up, for [trusts.renew] to begin it anew; if not the cookie is of
// no use, and is deleted.
func (t trusts) spend(ctx context.Context, c *core.Context, user *core.User) (bool, error) {
	id, ok := t.idOf(c, user.ID)
	if ok {
		var err error
		if ok, err = t.consume(ctx, c, user, id); err != nil {
			return false, err
		}
	}
	if ok {
		c.Keep(spentKey{}, true)
		return true, nil
	}
	if _, sent := c.Cookie(t.cookie(c).Name); sent {
		return false, c.ExpireCookie(t.cookie(c))
	}
	return false, nil
}

// spentKey marks calls in which the trust in the device was used up.
type spentKey struct{}

// renew is the after hook of sign-ins: it begins the trust in the device anew.
func (t trusts) renew(c *core.Context) error {
	if spent, _ := c.Value(spentKey{}).(bool); !spent || c.NewSession == nil {
		return nil
	}
	return t.begin(c, c, c.NewSession.User.ID)
}

// idOf returns the trust that the request's cookie names, if the cookie was made
// for the user.
func (t trusts) idOf(c *core.Context, userID string) (string, bool) {
	value, _ := c.SignedCookie(t.cookie(c).Name)
	text, id, ok := strings.Cut(value, "!")
	if !ok || !strings.HasPrefix(id, trustPurpose) {
		return "", false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", false
	}
	return id, c.Secrets.VerifyMAC(mac, []byte(userID+"!"+id))
}

// consume uses up a trust. It reports whether it was one of the user.
func (t trusts) consume(ctx context.Context, c *core.Context, user *core.User, id string) (bool, error) {
	found, err := c.Verifications.Find(ctx, id)
	if err != nil || found == nil || found.Value != user.ID {
		return false, err
	}
	if t.strict {
		if lapsed, err := t.lapsed(ctx, c, user.ID, found.CreatedAt); err != nil || lapsed {
			return false, err
		}
	}
	won, err := c.Verifications.Consume(ctx, id)
	return won != nil, err
}

// lapsed reports whether a user has disabled the second factor, or got a new
// password, since a device was trusted.
func (t trusts) lapsed(ctx context.Context, c *core.Context, userID string, since time.Time) (bool, error) {
	ended, err := c.Verifications.Find(ctx, distrustPurpose+userID)
	if err != nil || (ended != nil && !ended.CreatedAt.Before(since)) {
		return true, err
	}
	account, err := c.Accounts.Credential(ctx, userID)
	if err != nil {
		return true, err
	}
	return account != nil && account.UpdatedAt.After(since), nil
}

// end ends the trust in the device of the request, and under the strict rule in
// all devices of the user.
func (t trusts) end(ctx context.Context, c *core.Context, userID string) error {
	if t.strict {
		if err := c.Verifications.Create(ctx, distrustPurpose+userID, "1", t.lifetime); err != nil {
			return err
		}
	}
	id, ok := t.idOf(c, userID)
	if !ok {
		return nil
	}
	if err := c.Verifications.Delete(ctx, id); err != nil {
		return err
	}
	return c.ExpireCookie(t.cookie(c))
}
