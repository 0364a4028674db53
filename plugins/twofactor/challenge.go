package twofactor

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
)

// challenge is a sign-in that waits for the second factor. It is stored under
// its id, which the browser has in a signed cookie, and used up by the sign-in.
type challenge struct {
	id        string
	userID    string
	expiresAt time.Time
}

const (
	challengePurpose  = "2fa-"
	challengeIDLength = 20
	attemptsPurpose   = "2fa-attempts-"
	otpPurpose        = "2fa-otp-"

	// guessesPerChallenge bounds wrong TOTP and backup codes together.
	guessesPerChallenge = 5
)

func (p *Plugin) challengeCookie(c *core.Context) core.CookieDefinition {
	return c.DefineCookie("two_factor", p.options.ChallengeLifetime)
}

// newChallenge stores a challenge, with its count of guesses, and gives it to
// the browser.
func (p *Plugin) newChallenge(c *core.Context, userID string) error {
	id := challengePurpose + c.Random.String(challengeIDLength, random.URLSafe)
	lifetime := p.options.ChallengeLifetime
	if err := c.Verifications.Create(c, id, userID, lifetime); err != nil {
		return err
	}
	if err := c.Verifications.Create(c, attemptsPurpose+id, "0", lifetime); err != nil {
		return err
	}
	return c.SetSignedCookie(p.challengeCookie(c), id)
}

// challengeOf returns the challenge of the request's cookie; nil when there is
// none. It may have expired, which shows when it is used up.
func (p *Plugin) challengeOf(c *core.Context) (*challenge, error) {
	id, ok := c.SignedCookie(p.challengeCookie(c).Name)
	if !ok || len(id) != len(challengePurpose)+challengeIDLength || !strings.HasPrefix(id, challengePurpose) {
		return nil, nil
	}
	found, err := c.Verifications.Latest(c, id)
	if err != nil || found == nil {
		return nil, err
	}
	return &challenge{id: id, userID: found.Value, expiresAt: found.ExpiresAt}, nil
}

// guess is the right to try one code against a challenge. While it is held
// nobody else can: the count of guesses is gone from the store, and stays gone
// unless the guess is settled. A nil guess is one that costs nothing.
type guess struct {
	challenge *challenge
	count     int
}

// begin takes the right to try a code. Without any left the challenge ends.
func (p *Plugin) begin(c *core.Context, ch *challenge) (*guess, error) {
	won, err := c.Verifications.Consume(c, attemptsPurpose+ch.id)
	if err != nil {
		return nil, err
	}
	if won == nil {
		return nil, core.Fail(http.StatusUnauthorized, InvalidTwoFactorCookie)
	}
	count, err := strconv.Atoi(won.Value)
	if err == nil && count >= 0 && count < guessesPerChallenge {
		return &guess{ch, count}, nil
	}
	if _, err := c.Verifications.Consume(c, ch.id); err != nil {
		return nil, core.FailWith(http.StatusInternalServerError, "FAILED_TO_INVALIDATE_TWO_FACTOR_CHALLENGE", "Failed to invalidate two-factor challenge").Because(err)
	}
	if err := c.ExpireCookie(p.challengeCookie(c)); err != nil {
		return nil, err
	}
	return nil, core.Fail(http.StatusBadRequest, TooManyAttempts)
}

// wrong counts the guess; undecided gives it back, because the code could not be
// compared. Should storing fail, the challenge allows no further guess.
func (g *guess) wrong(c *core.Context)     { g.giveBack(c, 1) }
func (g *guess) undecided(c *core.Context) { g.giveBack(c, 0) }

func (g *guess) giveBack(c *core.Context, less int) {
	if g == nil {
		return
	}
	if err := c.Verifications.Create(c, attemptsPurpose+g.challenge.id, strconv.Itoa(g.count+less), g.challenge.expiresAt.Sub(c.Now())); err != nil {
		c.Log.WarnContext(c, "a count of guesses was not stored; its challenge ends", "error", err)
	}
}
