package api

import (
	"encoding/json"
	"time"
)

// Account is a way in which a user signs in, without its secrets.
type Account struct {
	ID         string         `json:"id"`
	AccountID  string         `json:"accountId"`  // the id at the provider
	ProviderID string         `json:"providerId"` // "credential" for a password
	UserID     string         `json:"userId"`
	CreatedAt  time.Time      `json:"createdAt"`
	UpdatedAt  time.Time      `json:"updatedAt"`
	Scopes     []string       `json:"scopes"`
	Extra      map[string]any `json:"-"` // additional fields by name
}

// MarshalJSON writes the account with its additional fields.
func (a Account) MarshalJSON() ([]byte, error) {
	m := make(map[string]any, 7+len(a.Extra))
	for name, v := range a.Extra {
		m[name] = v
	}
	m["id"], m["accountId"], m["providerId"], m["userId"] = a.ID, a.AccountID, a.ProviderID, a.UserID
	m["createdAt"], m["updatedAt"] = Time{a.CreatedAt}, Time{a.UpdatedAt}
	m["scopes"] = append([]string{}, a.Scopes...)
	return json.Marshal(m)
}
