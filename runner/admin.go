package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/schema"
)

// PasswordVariable is the variable of the environment from which create-admin
// takes the password, so that no list of processes shows it.
const PasswordVariable = "OSTIARY_ADMIN_PASSWORD"

// CreateAdmin creates a user who can sign in with a password at once, with the
// role of an administrator.
type CreateAdmin struct {
	Email      string `help:"E-mail address of the user."`
	Password   string `help:"Password. Better leave it out: then it is taken from the variable OSTIARY_ADMIN_PASSWORD, or asked for."`
	Name       string `default:"Admin" help:"Name of the user."`
	Role       string `default:"admin" help:"Role of the user."`
	NoRole     bool   `help:"Create an ordinary user: the tables need no role."`
	Data       string `placeholder:"JSON" help:"Further fields of the user, as a JSON object."`
	Unverified bool   `help:"Leave the e-mail address unverified."`
	Force      bool   `help:"Do not ask although there are users already."`
	Yes        bool   `short:"y" help:"The same as --force."`
	JSON       bool   `help:"Write the user as JSON, and ask nothing."`
}

// Users that exist are no obstacle, but a reason to ask.
func (a *CreateAdmin) run(ctx context.Context, c *console.Console, app Application) error {
	kernel := app.Auth.Kernel()
	secret := a.Password
	if secret == "" {
		secret = c.Env(PasswordVariable)
	}
	row, err := a.row(kernel, secret)
	if err != nil {
		return err
	}
	existing, err := kernel.DB.Count(ctx, kernel.Users.Table())
	if err != nil {
		return fmt.Errorf("the users cannot be counted: %w; is the database there, and migrated?", explain(err))
	}
	if existing > 0 && !a.Force && !a.Yes {
		if a.JSON {
			return fmt.Errorf("found %s; pass --force to create another", counted(int(existing), "user", "users"))
		}
		yes, err := c.Confirm(fmt.Sprintf("Found %s. Create another one anyway?", counted(int(existing), "user", "users")))
		if !yes {
			return errors.Join(errors.New("nothing was changed: answer yes, or pass --force"), err)
		}
	}
	user, err := create(ctx, kernel, row, secret)
	if err != nil {
		return err
	}
	return a.report(c, user)
}

// row makes the user to create, and explains everything that is wrong about it.
func (a *CreateAdmin) row(k *core.Kernel, secret string) (schema.Row, error) {
	var problems []error
	row := k.Users.Table().NewRow()
	if at := strings.IndexByte(a.Email, '@'); at < 1 || at == len(a.Email)-1 || strings.ContainsAny(a.Email, " \t\r\n<>") {
		problems = append(problems, fmt.Errorf("--email: %q is no e-mail address", a.Email))
	}
	switch {
	case secret == "":
		problems = append(problems, fmt.Errorf("the password is missing: set %s, or answer the question on a terminal", PasswordVariable))
	default:
		if err := k.PasswordPolicy.Check(secret); err != nil {
			problems = append(problems, fmt.Errorf("the password: %w", err))
		}
	}
	if k.Config().Database == nil {
		problems = append(problems, errors.New("no database is configured, so the user would be forgotten at once"))
	}
	if !servesPasswords(k) {
		problems = append(problems, errors.New("signing in with e-mail and password is not enabled, so the user could not sign in"))
	}
	row.SetAt(schema.UserName, a.Name)
	row.SetAt(schema.UserEmail, core.CanonicalEmail(a.Email))
	row.SetAt(schema.UserEmailVerified, !a.Unverified)
	data := map[string]any{}
	if a.Data != "" {
		if err := json.Unmarshal([]byte(a.Data), &data); err != nil {
			problems = append(problems, errors.New("--data: expected a JSON object"))
		}
	}
	if _, given := data["role"]; !given && !a.NoRole {
		data["role"] = a.Role
	}
	problems = append(problems, a.fill(k, row, data)...)
	return row, errors.Join(problems...)
}

// servesPasswords reports whether users can sign in with e-mail and password.
func servesPasswords(k *core.Kernel) bool {
	return slices.ContainsFunc(k.Plugins(), func(p core.Plugin) bool {
		f, ok := p.(*emailpassword.Feature)
		return ok && f.Enabled()
	})
}

// fill sets the further fields. An administrator may set those that users may not.
func (a *CreateAdmin) fill(k *core.Kernel, row schema.Row, data map[string]any) (problems []error) {
	for name, value := range data {
		at := row.Table().Position(name)
		switch {
		case at < 0 && name == "role":
			problems = append(problems, errors.New("users have no field \"role\": add the admin plugin, or a field of that name, and migrate; or pass --no-role to create an ordinary user with a verified address"))
		case at < 0:
			problems = append(problems, fmt.Errorf("--data: users have no field %q", name))
		case at < schema.UserCoreFields && at != schema.UserImage:
			problems = append(problems, fmt.Errorf("--data: %q has a flag of its own, or is set by the library", name))
		default:
			accepted, err := row.Table().Fields[at].Accept(value, k.Now())
			if err != nil {
				problems = append(problems, fmt.Errorf("--data: %s: %w", name, err))
				continue
			}
			row.SetAt(at, accepted)
		}
	}
	return problems
}

// create stores user and password, both or none.
func create(ctx context.Context, k *core.Kernel, row schema.Row, secret string) (user *core.User, err error) {
	hash, err := k.Passwords.Hash(ctx, secret)
	if err != nil {
		return nil, fmt.Errorf("hash the password: %w", err)
	}
	err = k.DB.InTransaction(ctx, func(ctx context.Context) error {
		var err error
		if user, err = k.Users.Create(ctx, row, core.Source{Method: "command-line", Action: "create-user"}); err != nil {
			return err
		}
		_, err = k.Accounts.CreateCredential(ctx, user.ID, hash)
		return err
	})
	switch {
	case errors.Is(err, database.ErrDuplicate):
		return nil, fmt.Errorf("there is a user with the address %s, or with another value that must be unique", row.StringAt(schema.UserEmail))
	case err != nil:
		return nil, fmt.Errorf("create the user: %w", explain(err))
	}
	return user, nil
}

func (a *CreateAdmin) report(c *console.Console, user *core.User) error {
	role := a.Role
	if a.NoRole {
		role = ""
	}
	if a.JSON {
		return c.JSON(struct {
			ID    string `json:"id"`
			Email string `json:"email"`
			Role  string `json:"role,omitempty"`
		}{user.ID, user.Email, role})
	}
	c.Say("%s\n  Id:    %s\n  Email: %s%s", c.Mark(console.Green, "The user was created."), user.ID, user.Email, part("\n  Role:  ", role))
	return nil
}
