package server

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/secret"
)

// Quickstart is the configuration of a server that is started without one, to
// try Ostiary out and to develop against it: a SQLite file in the current
// directory, mails that are printed, and everything on that users can do with
// e-mail address and password.
func Quickstart() Config {
	deleteAtOnce := false
	return Config{
		EmailAndPassword:  EmailAndPassword{Enabled: true},
		EmailVerification: EmailVerification{SendOnSignUp: new(true), AutoSignInAfterVerification: true},
		User: User{
			ChangeEmail: ChangeEmail{Enabled: true},
			DeleteUser:  DeleteUser{Enabled: true, SendDeleteAccountVerification: &deleteAtOnce},
		},
		Server: Settings{Development: true},
	}
}

// NewSecret returns a fresh secret: 32 random bytes, in hexadecimal.
func NewSecret() Secret {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: the program would end
	return Secret(hex.EncodeToString(raw[:]))
}

// developmentSecret returns the secret that is kept beside a database file, and
// makes it when it is missing.
func developmentSecret(database string) (value Secret, path string, err error) {
	if database == sqlite.Memory {
		return NewSecret(), "", nil // ends with the database
	}
	path = database + ".secret"
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		value, err = createSecret(path)
		return value, path, err
	}
	if err != nil {
		return "", path, fmt.Errorf("read the development secret: %w", err)
	}
	value = Secret(strings.TrimSpace(string(text)))
	if problems := secret.Assess(value.Reveal()); len(problems) > 0 {
		return "", path, fmt.Errorf("read the development secret: %s is damaged; delete it to get a new one, which signs everybody out", path)
	}
	return value, path, nil
}

// createSecret creates the file for its owner only.
func createSecret(path string) (Secret, error) {
	value := NewSecret()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("create the development secret: %w", err)
	}
	_, err = f.WriteString(value.Reveal() + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write the development secret: %w", err)
	}
	return value, nil
}
