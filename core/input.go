package core

import (
	"github.com/ostiary/ostiary/schema"
)

// ParseInput reads the additional fields of a user from what a client sent:
// fields of the core and unknown ones are ignored, fields not open to clients
// refused. For a new user defaults are filled in.
func (u *Users) ParseInput(data map[string]any, create bool) (schema.Row, error) {
	return schema.ParseInput(u.table, u.input, data, create, u.k.Now)
}

// ParseInput reads the additional fields of a session from what a client sent,
// as [Users.ParseInput] does for users.
func (s *Sessions) ParseInput(data map[string]any) (schema.Row, error) {
	return schema.ParseInput(s.table, s.input, data, false, s.k.Now)
}

// additionalFields returns the positions of a table's fields behind the core
// fields.
func additionalFields(t *schema.Table, from int) []int {
	var positions []int
	for i := from; i < len(t.Fields); i++ {
		positions = append(positions, i)
	}
	return positions
}
