package main

import (
	"context"
	"crypto/subtle"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
)

// profile is a configuration of PROFILES.md.
type profile struct {
	configure func(s *server, o *ostiary.Options)
	// seed adds what exists after every reset.
	seed func(ctx context.Context, a *ostiary.Auth) error
	// stateless profiles have no database.
	stateless bool
}

// profiles are the profiles that can be served, by name.
var profiles = join(coreProfiles, storageProfiles, cookieProfiles, hookProfiles, socialProfiles, oauthProfiles, plugin1Profiles, plugin2Profiles, plugin3Profiles)

func join(sets ...map[string]profile) map[string]profile {
	all := map[string]profile{}
	for _, set := range sets {
		for name, p := range set {
			all[name] = p
		}
	}
	return all
}

// plain is the hasher "$plain" of PROFILES.md.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) {
	return "plain:" + password, nil
}

func (plain) Verify(_ context.Context, hash, password string) (bool, error) {
	return subtle.ConstantTimeCompare([]byte(hash), []byte("plain:"+password)) == 1, nil
}

// withPassword is e-mail and password with the cheap hash.
func withPassword(o *ostiary.Options) {
	o.EmailAndPassword.Enabled = true
	o.EmailAndPassword.Hasher = plain{}
}

// The callbacks "$send:<kind>" of PROFILES.md.

func (s *server) sendVerification(_ context.Context, m emailverification.Mail) error {
	s.outbox.add("verification", map[string]any{"to": m.User.Email, "url": m.URL, "token": m.Token})
	return nil
}

func (s *server) sendReset(_ context.Context, m emailpassword.ResetMail) error {
	s.outbox.add("reset-password", map[string]any{"to": m.User.Email, "url": m.URL, "token": m.Token})
	return nil
}

func (s *server) sendChangeEmail(_ context.Context, m emailverification.ChangeMail) error {
	s.outbox.add("change-email", map[string]any{"to": m.User.Email, "newEmail": m.NewEmail, "url": m.URL, "token": m.Token})
	return nil
}

func (s *server) sendDelete(_ context.Context, m user.DeleteMail) error {
	s.outbox.add("delete-account", map[string]any{"to": m.User.Email, "url": m.URL, "token": m.Token})
	return nil
}

// sendTo is for callbacks whose argument is an object with a user in it.
func (s *server) sendTo(kind string) func(context.Context, core.User) error {
	return func(_ context.Context, u core.User) error {
		s.outbox.add(kind, map[string]any{"to": u.Email})
		return nil
	}
}

// sendUser is for callbacks whose argument is the user itself.
func (s *server) sendUser(kind string, times bool) func(context.Context, core.User) error {
	return func(_ context.Context, u core.User) error {
		entry := map[string]any{"id": u.ID, "name": u.Name, "email": u.Email, "emailVerified": u.EmailVerified, "image": u.Image}
		if times {
			entry["createdAt"], entry["updatedAt"] = api.Time{Time: u.CreatedAt}, api.Time{Time: u.UpdatedAt}
		}
		s.outbox.add(kind, entry)
		return nil
	}
}
