package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

var errNoTokens = errors.New("the provider issued no tokens")

// refreshToken serves the wish for new tokens.
func (f *Feature) refreshToken(c *core.Context, in api.AccountSelector) (api.RefreshTokenOutput, error) {
	var none api.RefreshTokenOutput
	s, err := f.selectAccount(c, in)
	switch {
	case err != nil:
		return none, err
	case s.provider == nil:
		return none, s.notSupported()
	case !s.provider.Traits().Refreshes:
		return none, core.FailWith(http.StatusBadRequest, api.TokenRefreshNotSupported.Code, "Provider "+s.ProviderID+" does not support token refreshing.")
	case text(s.RefreshToken) == "":
		return none, core.Fail(http.StatusBadRequest, api.RefreshTokenNotFound)
	}
	if err := f.refresh(c, s); err != nil {
		c.Log.WarnContext(c, "tokens not refreshed", "error", err)
		return none, core.Fail(http.StatusBadRequest, api.FailedToRefreshAccessToken).Because(err)
	}
	if s.fromCookie {
		if err := c.SetAccountCookie(s.Account); err != nil {
			return none, err
		}
	}
	return refreshed(c, s.Account)
}

func refreshed(c *core.Context, a *core.Account) (api.RefreshTokenOutput, error) {
	out := api.RefreshTokenOutput{
		AccessTokenExpiresAt:  api.TimeOf(a.AccessTokenExpiresAt),
		RefreshTokenExpiresAt: api.TimeOf(a.RefreshTokenExpiresAt),
		Scope:                 a.Scope, IDToken: a.IDToken, ProviderID: a.ProviderID, AccountID: a.ID,
	}
	var err error
	if out.AccessToken, err = openToken(c.Kernel, a.AccessToken); err != nil {
		return out, core.Fail(http.StatusBadRequest, api.FailedToRefreshAccessToken).Because(err)
	}
	if out.RefreshToken, err = openToken(c.Kernel, a.RefreshToken); err != nil {
		return out, core.Fail(http.StatusBadRequest, api.FailedToRefreshAccessToken).Because(err)
	}
	return out, nil
}

// refresh replaces the tokens of an account by new ones. Of calls for one
// account at the same time, on whichever node, one asks the provider and all get
// what it got:
// providers that issue a new refresh token with every use take the second use of
// one for theft, and end the grant.
func (f *Feature) refresh(c *core.Context, s *selected) error {
	updated, err := f.refreshes.do(c, s.ID, func(ctx context.Context) (*core.Account, error) {
		return f.refreshNow(ctx, c.Kernel, s)
	})
	if err != nil {
		return err
	}
	own := *updated
	s.Account = &own
	return nil
}

const (
	// refreshTimeout bounds a refresh, refreshLease how long other nodes wait for
	// one whose node has crashed.
	refreshTimeout = 20 * time.Second
	refreshLease   = 30 * time.Second
	// refreshPoll is how often a node looks whether another one has finished.
	refreshPoll    = 50 * time.Millisecond
	refreshPurpose = "oauth-refresh"
)

var errRefreshBusy = errors.New("another node is refreshing the tokens and does not get done")

// refreshNow refreshes the tokens of an account, or waits for the node that does.
func (f *Feature) refreshNow(ctx context.Context, k *core.Kernel, s *selected) (*core.Account, error) {
	if !k.Stateful() { // the account is known to the cookie only
		return f.refreshAlone(ctx, k, s)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, refreshTimeout, errRefreshBusy)
	defer cancel()
	wait := time.NewTicker(refreshPoll)
	defer wait.Stop()
	for {
		lease, err := k.Accounts.Lease(ctx, s.Account, refreshPurpose, refreshLease)
		if err != nil {
			return nil, fmt.Errorf("lease for a refresh: %w", err)
		}
		if lease != nil {
			defer func() {
				if err := lease.Release(context.WithoutCancel(ctx)); err != nil {
					k.Log.WarnContext(ctx, "the lease of a refresh was not released; it ends by itself", "account", s.ID, "error", err)
				}
			}()
			return f.refreshAlone(ctx, k, s)
		}
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if a, err := newerTokens(ctx, k, s.Account); a != nil || err != nil {
			return a, err
		}
	}
}

// refreshAlone refreshes the tokens, unless somebody has since they were read.
func (f *Feature) refreshAlone(ctx context.Context, k *core.Kernel, s *selected) (*core.Account, error) {
	if a, err := newerTokens(ctx, k, s.Account); a != nil || err != nil {
		return a, err
	}
	token, err := openToken(k, s.RefreshToken)
	if err != nil {
		return nil, err
	}
	tokens, err := s.provider.Refresh(ctx, k, token)
	if err != nil || tokens == nil || tokens.AccessToken == "" {
		// Another program on the same database may have been first.
		if a, findErr := newerTokens(ctx, k, s.Account); a != nil && findErr == nil {
			return a, nil
		}
		if err == nil {
			err = errNoTokens
		}
		return nil, fmt.Errorf("provider %s: refresh: %w", s.ProviderID, err)
	}
	change := tokenRow(k, tokens)
	stored, err := k.Accounts.Update(ctx, s.ID, change)
	if err != nil {
		return nil, err
	}
	if stored == nil {
		stored = withTokens(k, s.Account, tokens) // known to the cookie only
	}
	return stored, nil
}

// newerTokens returns the account as stored if its tokens are not those that the
// caller has seen; nil if they are.
func newerTokens(ctx context.Context, k *core.Kernel, seen *core.Account) (*core.Account, error) {
	accounts, err := k.Accounts.List(ctx, seen.UserID)
	if err != nil {
		return nil, err
	}
	for i := range accounts {
		if a := &accounts[i]; a.ID == seen.ID && text(a.AccessToken) != text(seen.AccessToken) {
			return a, nil
		}
	}
	return nil, nil
}

// flights makes concurrent work for one key happen once. The zero value is ready
// for use.
type flights struct {
	mu   sync.Mutex
	open map[string]*flight
}

type flight struct {
	done    chan struct{}
	account *core.Account
	err     error
}

// do runs fn, or waits for the run of it that is under way. A caller that goes
// away does not take the result from the others.
func (f *flights) do(ctx context.Context, key string, fn func(ctx context.Context) (*core.Account, error)) (*core.Account, error) {
	f.mu.Lock()
	if running := f.open[key]; running != nil {
		f.mu.Unlock()
		select {
		case <-running.done:
			return running.account, running.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	own := &flight{done: make(chan struct{}), err: errNoTokens}
	if f.open == nil {
		f.open = map[string]*flight{}
	}
	f.open[key] = own
	f.mu.Unlock()
	defer func() { // also if fn panics
		f.mu.Lock()
		delete(f.open, key)
		f.mu.Unlock()
		close(own.done)
	}()
	own.account, own.err = fn(context.WithoutCancel(ctx))
	return own.account, own.err
}
