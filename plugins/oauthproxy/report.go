package oauthproxy

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// report is what production says about a user, as Better Auth 1.7 writes it.
type report struct {
	User           map[string]any `json:"userInfo"`
	Raw            map[string]any `json:"profile,omitempty"`
	Account        account        `json:"account"`
	State          string         `json:"state"`
	CallbackURL    string         `json:"callbackURL"`
	NewUserURL     string         `json:"newUserURL,omitempty"`
	ErrorURL       string         `json:"errorURL,omitempty"`
	SignUpDisabled bool           `json:"disableSignUp,omitempty"`
	Scopes         []string       `json:"scopes,omitempty"`
	Timestamp      int64          `json:"timestamp"` // milliseconds since 1970
}

// account is the identity and the tokens.
type account struct {
	ProviderID            string    `json:"providerId"`
	AccountID             string    `json:"accountId"`
	AccessToken           string    `json:"accessToken,omitempty"`
	RefreshToken          string    `json:"refreshToken,omitempty"`
	IDToken               string    `json:"idToken,omitempty"`
	AccessTokenExpiresAt  time.Time `json:"accessTokenExpiresAt,omitzero"`
	RefreshTokenExpiresAt time.Time `json:"refreshTokenExpiresAt,omitzero"`
	Scope                 string    `json:"scope,omitempty"` // joined by commas
}

// maxRaw is the length beyond which a raw profile stays here: the report travels
// in an address.
const maxRaw = 4 << 10

// reportOf describes who has arrived.
func reportOf(c *core.Context, p social.Provider, flow *social.Flow, a social.Arrival) report {
	user := map[string]any{}
	maps.Copy(user, a.Profile.Fields)
	user["id"], user["email"], user["name"], user["emailVerified"] = a.Profile.Subject, a.Profile.Email, a.Profile.Name, a.Profile.EmailVerified
	if a.Profile.Image != "" {
		user["image"] = a.Profile.Image
	}
	t := a.Tokens
	r := report{
		User: user,
		Account: account{
			ProviderID: p.ID(), AccountID: a.Profile.Subject, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, IDToken: t.IDToken,
			AccessTokenExpiresAt: t.AccessTokenExpiresAt, RefreshTokenExpiresAt: t.RefreshTokenExpiresAt, Scope: strings.Join(t.Scopes, ","),
		},
		State: flow.State(), CallbackURL: flow.CallbackURL, NewUserURL: flow.NewUserURL, ErrorURL: flow.ErrorURL,
		SignUpDisabled: a.SignUpDisabled, Scopes: t.Scopes, Timestamp: c.Now().UnixMilli(),
	}
	if wanted, err := wantedURL(flow.CallbackURL); err == nil {
		r.CallbackURL = wanted
	}
	if text, err := json.Marshal(a.Profile.Raw); err == nil && len(text) <= maxRaw {
		r.Raw = a.Profile.Raw
	}
	return r
}

// decodeReport reads a report that has been opened.
func decodeReport(text []byte) (*report, error) {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	if r.Account.ProviderID == "" || social.Subject(r.Account.AccountID) == "" || r.State == "" || r.Timestamp <= 0 || r.User == nil {
		return nil, errors.New("members are missing")
	}
	return &r, nil
}

// arrival is who has arrived, at a provider that may be stricter here than it is
// on production.
func (r *report) arrival(p social.Provider) social.Arrival {
	fields := map[string]any{}
	for name, value := range r.User {
		switch name {
		case "id", "email", "name", "image", "emailVerified":
		default:
			fields[name] = value
		}
	}
	scopes := r.Scopes
	if len(scopes) == 0 && r.Account.Scope != "" {
		scopes = strings.Split(r.Account.Scope, ",")
	}
	return social.Arrival{
		Profile: &social.Profile{
			Subject: r.Account.AccountID, Name: social.Text(r.User, "name"), Email: social.Text(r.User, "email"),
			EmailVerified: social.True(r.User["emailVerified"]), Image: social.Text(r.User, "image"), Fields: fields, Raw: r.Raw,
		},
		Tokens: &social.Tokens{
			AccessToken: r.Account.AccessToken, RefreshToken: r.Account.RefreshToken, IDToken: r.Account.IDToken,
			AccessTokenExpiresAt: r.Account.AccessTokenExpiresAt, RefreshTokenExpiresAt: r.Account.RefreshTokenExpiresAt, Scopes: scopes,
		},
		SignUpDisabled: r.SignUpDisabled || p.Traits().DisableSignUp,
	}
}
