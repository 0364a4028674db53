package core

import (
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Synthetic returns a user that looks in every way like one just created from a
// row, but was not: the answer to a sign-up with an address that is taken.
func (u *Users) Synthetic(row schema.Row) api.User {
	row = row.Clone()
	now := database.Milliseconds(u.k.Now())
	row.SetAt(schema.UserCreatedAt, now)
	row.SetAt(schema.UserUpdatedAt, now)
	id := u.k.NewID(schema.UserKey)
	if id == "" {
		id = u.k.Random.Token(idLength)
	}
	row.SetAt(schema.UserID, id)
	for _, at := range u.input {
		f := &u.table.Fields[at]
		switch {
		case row.Has(at):
		case f.Default != nil:
			row.SetAt(at, f.DefaultValue(now))
		case f.Optional:
			row.SetAt(at, nil)
		}
	}
	return userOf(row).User
}
