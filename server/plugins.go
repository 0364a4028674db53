package server

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/bearer"
	"github.com/ostiary/ostiary/plugins/jwt"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/plugins/multisession"
	"github.com/ostiary/ostiary/plugins/onetimetoken"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/plugins/username"
)

// Plugins are the plugins that a file can configure. One that is named is on, also
// with nothing but {}.
type Plugins struct {
	// Bearer accepts the session as a bearer token.
	Bearer *Bearer `key:"bearer"`
	// GenericOAuth signs users in with providers that socialProviders do not have.
	GenericOAuth *GenericOAuth `key:"genericOAuth"`
	// JWT issues tokens that other services can check.
	JWT *JWT `key:"jwt"`
	// MagicLink signs in with links in mails.
	MagicLink *MagicLink `key:"magicLink"`
	// MultiSession keeps several users signed in.
	MultiSession *MultiSession `key:"multiSession"`
	// OneTimeToken hands a session on to another browser.
	OneTimeToken *OneTimeToken `key:"oneTimeToken"`
	// TwoFactor asks for a second factor.
	TwoFactor *TwoFactor `key:"twoFactor"`
	// Username lets users sign in with a name.
	Username *Username `key:"username"`
}

// Bearer are the options of bearer tokens.
type Bearer struct {
	// RequireSignature accepts signed tokens only. Default false.
	RequireSignature bool `key:"requireSignature"`
}

// JWT are the options of tokens.
type JWT struct {
	JWKS   JWKS      `key:"jwks"`
	Tokens JWTTokens `key:"jwt"`
	// DisableSettingJWTHeader sends no token along with the session. Default false.
	DisableSettingJWTHeader bool `key:"disableSettingJwtHeader"`
	// SessionCookieCache signs the cookie cache with the keys. Default false.
	SessionCookieCache bool `key:"sessionCookieCache"`
}

// JWKS are the options of the keys.
type JWKS struct {
	KeyPairConfig KeyPair `key:"keyPairConfig"`
	// DisablePrivateKeyEncryption stores the keys as they are. Unsafe.
	DisablePrivateKeyEncryption bool `key:"disablePrivateKeyEncryption"`
	// RotationInterval is how long a key signs. Default: for ever.
	RotationInterval time.Duration `key:"rotationInterval" min:"1"`
	// GracePeriod is how long it is published then. Default 30 days.
	GracePeriod time.Duration `key:"gracePeriod" min:"1"`
	// JWKSPath is where the keys are published. Default "/jwks".
	JWKSPath string `key:"jwksPath"`
}

// KeyPair says which keys are made.
type KeyPair struct {
	// Algorithm signs. Default EdDSA.
	Algorithm string `key:"alg" oneOf:"EdDSA,ES256,ES512,PS256,RS256"`
	// ModulusLength is the size of RSA keys in bits. Default 2048.
	ModulusLength int `key:"modulusLength" min:"2048"`
}

// JWTTokens are the options of what is signed.
type JWTTokens struct {
	// Issuer and Audience are the claims. Default: the base URL.
	Issuer   string   `key:"issuer"`
	Audience []string `key:"audience"`
	// ExpirationTime is how long tokens are good for. Default 15 minutes.
	ExpirationTime time.Duration `key:"expirationTime" min:"1"`
}

// MagicLink are the options of links in mails.
type MagicLink struct {
	// ExpiresIn is how long links are good for. Default 5 minutes.
	ExpiresIn time.Duration `key:"expiresIn" min:"1"`
	// DisableSignUp creates no users. Default false.
	DisableSignUp bool `key:"disableSignUp"`
	// StoreToken is how tokens are kept. Default plain.
	StoreToken string `key:"storeToken" oneOf:"plain,hashed"`
}

// MultiSession are the options of several sessions in a browser.
type MultiSession struct {
	// MaximumSessions is how many a browser keeps. Default 5.
	MaximumSessions int `key:"maximumSessions" min:"1"`
}

// OneTimeToken are the options of tokens that hand a session on.
type OneTimeToken struct {
	// ExpiresIn is how long they are good for, in minutes. Default 3.
	ExpiresIn int `key:"expiresIn" min:"1"`
	// DisableSetSessionCookie signs nobody in. Default false.
	DisableSetSessionCookie bool `key:"disableSetSessionCookie"`
	// StoreToken is how tokens are kept. Default plain.
	StoreToken string `key:"storeToken" oneOf:"plain,hashed"`
	// SetHeader sends one along with new sessions. Default false.
	SetHeader bool `key:"setOttHeaderOnNewSession"`
}

// TwoFactor are the options of second factors.
type TwoFactor struct {
	// Issuer names the application in authenticator apps. Default: appName.
	Issuer string `key:"issuer"`
	// SkipVerificationOnEnable asks for no first code. Default false.
	SkipVerificationOnEnable bool `key:"skipVerificationOnEnable"`
	// AllowPasswordless is for users without a password. Default false.
	AllowPasswordless bool `key:"allowPasswordless"`
	// ChallengeLifetime is how long a user may take. Default 10 minutes.
	ChallengeLifetime time.Duration `key:"twoFactorCookieMaxAge" min:"1"`
	// TrustDeviceMaxAge is how long a trusted device is not asked. Default 30 days.
	TrustDeviceMaxAge time.Duration  `key:"trustDeviceMaxAge" min:"1"`
	AccountLockout    AccountLockout `key:"accountLockout"`
	TOTP              TOTP           `key:"totpOptions"`
	OTP               OTP            `key:"otpOptions"`
	BackupCodes       BackupCodes    `key:"backupCodeOptions"`
}

// AccountLockout stops guessing of codes.
type AccountLockout struct {
	// Enabled. Default true.
	Enabled *bool `key:"enabled"`
	// MaxFailedAttempts is how many wrong codes lock. Default 10.
	MaxFailedAttempts int `key:"maxFailedAttempts" min:"1"`
	// Duration is how long. Default 15 minutes.
	Duration time.Duration `key:"durationSeconds" min:"1"`
}

// TOTP are the options of authenticator apps.
type TOTP struct {
	// Disable offers none. Default false.
	Disable bool `key:"disable"`
	// Digits is the length of codes, 6 or 8. Default 6.
	Digits int `key:"digits" min:"6"`
	// Period is how long a code is current. Default 30 seconds.
	Period time.Duration `key:"period" min:"1"`
	// RejectReusedCodes accepts a code once. It is Ostiary's own. Default false.
	RejectReusedCodes bool `key:"rejectReusedCodes"`
}

// OTP are the options of codes in mails.
type OTP struct {
	// SendOTP mails them. Default: when there is a mail server.
	SendOTP *bool `key:"sendOTP"`
	// Period is how long a code is good for, in minutes. Default 3.
	Period int `key:"period" min:"1"`
	// Digits is the length of codes. Default 6.
	Digits int `key:"digits" min:"4"`
	// AllowedAttempts is how many guesses each allows. Default 5.
	AllowedAttempts int `key:"allowedAttempts" min:"1"`
	// StoreOTP is how codes are kept. Default plain.
	StoreOTP string `key:"storeOTP" oneOf:"plain,hashed,encrypted"`
}

// BackupCodes are the options of backup codes.
type BackupCodes struct {
	// Amount is how many a user gets, Length how long they are. Defaults 10.
	Amount int `key:"amount" min:"1"`
	Length int `key:"length" min:"6"`
	// StoreBackupCodes is how they are kept. Default encrypted.
	StoreBackupCodes string `key:"storeBackupCodes" oneOf:"plain,encrypted"`
}

// Username are the options of names.
type Username struct {
	// MinLength and MaxLength bound names. Defaults 3 and 30.
	MinLength int `key:"minUsernameLength" min:"1"`
	MaxLength int `key:"maxUsernameLength" min:"1"`
	// Immutable keeps names from being changed. Default false.
	Immutable bool `key:"immutableUsername"`
	// DisplayUsername keeps how the user wrote it. Default true.
	DisplayUsername *bool `key:"displayUsername"`
}

// plugins returns the plugins that are configured.
func (t *translation) plugins() []core.Plugin {
	p := &t.Plugins
	var list []core.Plugin
	if p.Bearer != nil {
		list = append(list, bearer.New(bearer.Options{RequireSignature: p.Bearer.RequireSignature}))
	}
	if p.GenericOAuth != nil {
		list = append(list, t.genericOAuth(p.GenericOAuth))
	}
	if p.JWT != nil {
		list = append(list, jwt.New(p.JWT.options()))
	}
	if p.MagicLink != nil {
		list = append(list, t.magicLink(p.MagicLink))
	}
	if p.MultiSession != nil {
		list = append(list, multisession.New(multisession.Options{MaximumSessions: p.MultiSession.MaximumSessions}))
	}
	if o := p.OneTimeToken; o != nil {
		list = append(list, onetimetoken.New(onetimetoken.Options{
			ExpiresIn: time.Duration(o.ExpiresIn) * time.Minute, DisableSetSessionCookie: o.DisableSetSessionCookie,
			HashTokens: o.StoreToken == "hashed", SetHeaderOnNewSession: o.SetHeader,
		}))
	}
	if p.TwoFactor != nil {
		list = append(list, twofactor.New(t.twoFactor(p.TwoFactor)))
	}
	if u := p.Username; u != nil {
		list = append(list, username.New(username.Options{
			MinLength: u.MinLength, MaxLength: u.MaxLength, Immutable: u.Immutable, NoDisplay: !enabled(u.DisplayUsername),
		}))
	}
	return list
}

func (j *JWT) options() jwt.Options {
	k := &j.JWKS
	return jwt.Options{
		Algorithm: jwt.Algorithm(k.KeyPairConfig.Algorithm), RSABits: k.KeyPairConfig.ModulusLength,
		DisablePrivateKeyEncryption: k.DisablePrivateKeyEncryption,
		RotationInterval:            k.RotationInterval, GracePeriod: k.GracePeriod, JWKSPath: k.JWKSPath,
		Issuer: j.Tokens.Issuer, Audience: j.Tokens.Audience, ExpiresIn: j.Tokens.ExpirationTime,
		DisableHeader: j.DisableSettingJWTHeader, SignCookieCache: j.SessionCookieCache,
	}
}

func (t *translation) magicLink(m *MagicLink) *magiclink.Plugin {
	o := magiclink.Options{ExpiresIn: m.ExpiresIn, DisableSignUp: m.DisableSignUp, HashTokens: m.StoreToken == "hashed"}
	if t.letters == nil {
		t.problem("plugins.magicLink: there is no mail server; set mail.smtp.host and mail.from")
		o.Send = func(context.Context, magiclink.Mail) error { return nil } // nothing will run
	} else {
		o.Send = t.letters.magicLink
	}
	return magiclink.New(o)
}

func (t *translation) twoFactor(c *TwoFactor) twofactor.Options {
	o := twofactor.Options{
		Issuer: c.Issuer, SkipVerificationOnEnable: c.SkipVerificationOnEnable, AllowPasswordless: c.AllowPasswordless,
		ChallengeLifetime: c.ChallengeLifetime, TrustDeviceLifetime: c.TrustDeviceMaxAge,
		Lockout: twofactor.LockoutOptions{
			Disabled: !enabled(c.AccountLockout.Enabled), MaxFailedAttempts: c.AccountLockout.MaxFailedAttempts, Duration: c.AccountLockout.Duration,
		},
		TOTP: twofactor.TOTPOptions{
			Disabled: c.TOTP.Disable, Digits: c.TOTP.Digits, Period: c.TOTP.Period, RejectReusedCodes: c.TOTP.RejectReusedCodes,
		},
		OTP: twofactor.OTPOptions{
			Period: time.Duration(c.OTP.Period) * time.Minute, Digits: c.OTP.Digits,
			AllowedAttempts: c.OTP.AllowedAttempts, Storage: twofactor.Storage(c.OTP.StoreOTP),
		},
		BackupCodes: twofactor.BackupCodeOptions{
			Amount: c.BackupCodes.Amount, Length: c.BackupCodes.Length, Storage: twofactor.Storage(c.BackupCodes.StoreBackupCodes),
		},
	}
	if t.sends("plugins.twoFactor.otpOptions.sendOTP", c.OTP.SendOTP) {
		o.OTP.Send = t.letters.secondFactor
	}
	return o
}
