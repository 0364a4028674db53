package user

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// update changes the profile.
func (f *Feature) update(c *core.Context, in api.UpdateUserInput) (api.Status, error) {
	if email, given := in.Fields["email"]; given && email != nil && email != "" && email != false {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.EmailCannotBeUpdated)
	}
	change, err := c.Users.ParseInput(in.Fields, false)
	if err != nil {
		return api.Status{}, err
	}
	if err := errors.Join(setText(change, schema.UserName, in.Fields, "name", false), setText(change, schema.UserImage, in.Fields, "image", true)); err != nil {
		return api.Status{}, err
	}
	if change.IsEmpty() {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.NoFieldsToUpdate)
	}
	user, err := c.Users.Update(c, c.Session.User.ID, change)
	if errors.Is(err, database.ErrDuplicate) {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.FailedToUpdateUser).Because(err)
	}
	if err != nil {
		return api.Status{}, err
	}
	switch {
	case user != nil:
	case !c.Stateful():
		changed := c.Session.User.With(change)
		user = &changed
	default:
		user = &c.Session.User // a hook refused the change
	}
	return api.Status{Status: true}, c.SetSession(&core.Identity{Session: c.Session.Session, User: *user}, core.AsBefore)
}

// setText sets a text of the profile. Numbers and booleans are taken as their
// text, as the database would; anything else cannot be a text.
func setText(change schema.Row, position int, fields map[string]any, name string, nullable bool) error {
	value, given := fields[name]
	if !given {
		return nil
	}
	switch v := value.(type) {
	case string:
		change.SetAt(position, v)
	case float64:
		change.SetAt(position, strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		change.SetAt(position, strconv.FormatBool(v))
	default:
		if v == nil && nullable {
			change.SetAt(position, nil)
			return nil
		}
		return core.FailWith(http.StatusBadRequest, api.ValidationError.Code, fmt.Sprintf("[body.%s] Invalid input: expected string", name))
	}
	return nil
}
