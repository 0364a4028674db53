package main

import (
	"context"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/jwt"
	"github.com/ostiary/ostiary/plugins/openapi"
	"github.com/ostiary/ostiary/plugins/twofactor"
)

var plugin2Profiles = map[string]profile{
	"two-factor": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.AppName = "Conformance"
		o.User.DeleteUser.Enabled = true
		o.Plugins = append(o.Plugins, twofactor.New(twofactor.Options{
			OTP:                 twofactor.OTPOptions{Send: s.sendSecondFactor},
			TrustDeviceLifetime: 24 * time.Hour,
		}))
	}},
	"two-factor-options": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = append(o.Plugins, twofactor.New(twofactor.Options{
			Issuer:                   "Other Issuer",
			SkipVerificationOnEnable: true,
			ChallengeLifetime:        2 * time.Minute,
			OTP: twofactor.OTPOptions{
				Send: s.sendSecondFactor, Period: 2 * time.Minute, Digits: 8, AllowedAttempts: 2, Storage: twofactor.Hashed,
			},
			TOTP:        twofactor.TOTPOptions{Digits: 8, Period: time.Minute},
			BackupCodes: twofactor.BackupCodeOptions{Amount: 3, Length: 6, Storage: twofactor.Plain},
			Lockout:     twofactor.LockoutOptions{MaxFailedAttempts: 3, Duration: 10 * time.Minute},
		}))
	}},
	"secrets": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.AppName = "Better Auth"
		o.Secrets = []core.VersionedSecret{
			{Version: 2, Value: secret},
			{Version: 1, Value: "older-conformance-secret-0123456789-abcdefghij"},
		}
		o.Plugins = append(o.Plugins, twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
	}},
	"jwt": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = append(o.Plugins, jwt.New(jwt.Options{}))
	}},
	"jwt-rs256": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = append(o.Plugins, jwt.New(jwt.Options{
			Algorithm: jwt.RS256, JWKSPath: "/keys", ExpiresIn: time.Hour,
			Issuer: "https://issuer.example.com", Audience: []string{"https://audience.example.com"},
			Claims: func(_ context.Context, id *core.Identity) (map[string]any, error) {
				return map[string]any{"mail": id.User.Email}, nil
			},
		}))
	}},
	"open-api": {configure: func(_ *server, o *ostiary.Options) {
		withPassword(o)
		o.Plugins = append(o.Plugins, openapi.New(openapi.Options{}))
	}},
}

func (s *server) sendSecondFactor(_ context.Context, m twofactor.Message) error {
	s.outbox.add("two-factor-otp", map[string]any{"to": m.User.Email, "otp": m.Code})
	return nil
}
