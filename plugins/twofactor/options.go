package twofactor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/core"
)

// Options of the plugin. The zero value offers authenticator apps and backup
// codes.
type Options struct {
	// Issuer names the application in authenticator apps. Default: the
	// application's name.
	Issuer string
	// SkipVerificationOnEnable turns the second factor on at once, without asking
	// for a first code. A user who did not scan the secret is then locked out.
	SkipVerificationOnEnable bool
	// AllowPasswordless lets users who have no password manage their second
	// factor without one.
	AllowPasswordless bool

	// Challenge says which sign-ins are asked for the second factor of users who
	// have one. Nil means those with a password, as in Better Auth 1.7:
	// [PasswordSignIn]. [EverySignIn] leaves no way around it.
	Challenge func(c *core.Context) bool
	// ChallengePage is where browsers are sent whose sign-in was a navigation,
	// such as that with a provider or by a mailed link. The query parameter
	// "twoFactorMethods" lists the methods, separated by commas. Empty answers
	// with JSON.
	ChallengePage string
	// ChallengeLifetime is how long a user may take to show the second factor.
	// Default 10 minutes.
	ChallengeLifetime time.Duration

	// TrustDeviceLifetime is how long a trusted device is not asked; every
	// sign-in begins it anew. Default 30 days.
	TrustDeviceLifetime time.Duration
	// StrictDeviceTrust ends the trust in all devices of a user who disables the
	// second factor or gets a new password. Better Auth 1.7 forgets only the
	// device on which the second factor is disabled. Recommended.
	StrictDeviceTrust bool

	// Lockout stops guessing across challenges.
	Lockout LockoutOptions
	// TOTP are the options of authenticator apps, OTP those of codes that are
	// sent, BackupCodes those of backup codes.
	TOTP        TOTPOptions
	OTP         OTPOptions
	BackupCodes BackupCodeOptions

	// Table renames the table, Columns its fields, UserColumn the field
	// "twoFactorEnabled" of the user.
	Table      string
	Columns    map[string]string
	UserColumn string
}

// LockoutOptions of wrong codes. They count per user, over all challenges and
// methods; a right code resets the count.
type LockoutOptions struct {
	// Disabled never locks. Unsafe.
	Disabled bool
	// MaxFailedAttempts is how many wrong codes lock. Default 10.
	MaxFailedAttempts int
	// Duration is how long no code is accepted then. Default 15 minutes.
	Duration time.Duration
}

// TOTPOptions of authenticator apps.
type TOTPOptions struct {
	// Disabled offers no authenticator apps.
	Disabled bool
	// Digits is the length of codes: 6, the default, or 8.
	Digits int
	// Period is how long a code is current, in whole seconds. Default 30 seconds.
	// The codes of the period before and after are accepted as well.
	Period time.Duration
	// Issuer replaces Options.Issuer in the URI that is shown again. Default: the
	// application's name.
	Issuer string
	// RejectReusedCodes accepts the code of a period once per user (RFC 6238,
	// section 5.2). It adds the column "lastTotpStep". Better Auth 1.7 accepts
	// codes again. Recommended.
	RejectReusedCodes bool
	// AllowPasswordless replaces that of Options for showing the URI. Nil keeps
	// it.
	AllowPasswordless *bool
}

// Storage is a form in which codes are kept.
type Storage string

// The forms of storage.
const (
	Plain     Storage = "plain"     // readable by whoever can read the database
	Hashed    Storage = "hashed"    // SHA-256; for sent codes only
	Encrypted Storage = "encrypted" // with the server's secret
)

// OTPOptions of codes that are sent. Without Send there are none.
type OTPOptions struct {
	// Send delivers a code. Its error is logged, but not told to the client.
	Send func(ctx context.Context, m Message) error
	// Period is how long a code is good for. Default 3 minutes.
	Period time.Duration
	// Digits is the length of codes. Default 6.
	Digits int
	// AllowedAttempts is how many wrong guesses each code allows. Default 5.
	AllowedAttempts int
	// MaxSends is how many codes are sent to a user who is signing in, in any 15
	// minutes. Default 10.
	MaxSends int
	// Storage is how codes are kept. Default [Plain], as in Better Auth 1.7;
	// [Hashed] is better.
	Storage Storage
	// Hash replaces Storage by a hash. Encrypt and Decrypt replace it by a cipher.
	// What they return must not contain a colon.
	Hash             func(code string) (string, error)
	Encrypt, Decrypt func(text string) (string, error)
}

// Message is a code to deliver.
type Message struct {
	// User is whom to send it to, for example to its Email.
	User core.User
	// Code is the code.
	Code string
	// ExpiresIn is how long it is good for.
	ExpiresIn time.Duration
	// Request is the HTTP request that asked for it; nil in in-process calls.
	Request *http.Request
}

// BackupCodeOptions of backup codes.
type BackupCodeOptions struct {
	// Amount is how many codes a user gets. Default 10.
	Amount int
	// Length is the length of each, without the dash in it. Default 10.
	Length int
	// Generate makes the codes instead.
	Generate func() []string
	// Storage is how codes are kept: [Encrypted], the default, or [Plain].
	Storage Storage
	// Encrypt and Decrypt replace Storage.
	Encrypt, Decrypt func(text string) (string, error)
	// AllowPasswordless replaces that of Options for making new codes. Nil keeps
	// it.
	AllowPasswordless *bool
}

func (o Options) filled() Options {
	setDefault(&o.ChallengeLifetime, 10*time.Minute)
	setDefault(&o.TrustDeviceLifetime, 30*24*time.Hour)
	setDefault(&o.Lockout.MaxFailedAttempts, 10)
	setDefault(&o.Lockout.Duration, 15*time.Minute)
	setDefault(&o.TOTP.Digits, 6)
	setDefault(&o.TOTP.Period, 30*time.Second)
	setDefault(&o.TOTP.AllowPasswordless, &o.AllowPasswordless)
	setDefault(&o.OTP.Period, 3*time.Minute)
	setDefault(&o.OTP.Digits, 6)
	setDefault(&o.OTP.AllowedAttempts, 5)
	setDefault(&o.OTP.MaxSends, 10)
	setDefault(&o.OTP.Storage, Plain)
	setDefault(&o.BackupCodes.Amount, 10)
	setDefault(&o.BackupCodes.Length, 10)
	setDefault(&o.BackupCodes.Storage, Encrypted)
	setDefault(&o.BackupCodes.AllowPasswordless, &o.AllowPasswordless)
	if o.Challenge == nil {
		o.Challenge = PasswordSignIn
	}
	return o
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// problems returns what is wrong with the options.
func (o *Options) problems() []error {
	var list []error
	check := func(wrong bool, format string, args ...any) {
		if wrong {
			list = append(list, fmt.Errorf("twofactor.Options."+format, args...))
		}
	}
	check(o.ChallengeLifetime < 0, "ChallengeLifetime: must not be negative")
	check(o.TrustDeviceLifetime < 0, "TrustDeviceLifetime: must not be negative")
	check(o.Lockout.MaxFailedAttempts < 0 || o.Lockout.Duration < 0, "Lockout: must not be negative")
	check(o.TOTP.Digits != 6 && o.TOTP.Digits != 8, "TOTP.Digits: %d is not possible; use 6 or 8", o.TOTP.Digits)
	check(o.TOTP.Period < time.Second || o.TOTP.Period%time.Second != 0, "TOTP.Period: %v is not a number of whole seconds", o.TOTP.Period)
	check(o.OTP.Period < 0, "OTP.Period: must not be negative")
	check(o.OTP.Digits < 4 || o.OTP.Digits > 20, "OTP.Digits: %d is not possible; use 4 to 20", o.OTP.Digits)
	check(o.OTP.AllowedAttempts < 0 || o.OTP.MaxSends < 0, "OTP.AllowedAttempts, OTP.MaxSends: must not be negative")
	check(o.OTP.Storage != Plain && o.OTP.Storage != Hashed && o.OTP.Storage != Encrypted, "OTP.Storage: %q is unknown; use %q, %q or %q", o.OTP.Storage, Plain, Hashed, Encrypted)
	check((o.OTP.Encrypt == nil) != (o.OTP.Decrypt == nil), "OTP: Encrypt and Decrypt belong together; set both")
	check(o.OTP.Hash != nil && o.OTP.Encrypt != nil, "OTP: Hash excludes Encrypt; set one of them")
	check(o.BackupCodes.Amount < 0 || o.BackupCodes.Length < 0, "BackupCodes.Amount, BackupCodes.Length: must not be negative")
	check(o.BackupCodes.Length < 6 && o.BackupCodes.Generate == nil, "BackupCodes.Length: %d can be guessed; use 6 or more", o.BackupCodes.Length)
	check(o.BackupCodes.Storage != Plain && o.BackupCodes.Storage != Encrypted, "BackupCodes.Storage: %q is unknown; use %q or %q", o.BackupCodes.Storage, Plain, Encrypted)
	check((o.BackupCodes.Encrypt == nil) != (o.BackupCodes.Decrypt == nil), "BackupCodes: Encrypt and Decrypt belong together; set both")
	if o.TOTP.Disabled && o.OTP.Send == nil {
		list = append(list, errors.New("twofactor.Options: TOTP.Disabled without OTP.Send leaves no method; set OTP.Send"))
	}
	return list
}
