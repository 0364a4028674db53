package api

import "github.com/ostiary/ostiary/route"

// SendVerificationEmail mails a link that proves an address.
var SendVerificationEmail = route.New[SendVerificationEmailInput, Status]("POST", "/send-verification-email", route.Spec{
	Name: "sendVerificationEmail", Summary: "Ask for a verification e-mail", Tags: []string{"Email verification"},
	Errors: []route.Failure{failure(400, VerificationEmailNotEnabled), failure(400, EmailMismatch), failure(400, EmailAlreadyVerified)},
})

// SendVerificationEmailInput is the input of [SendVerificationEmail].
type SendVerificationEmailInput struct {
	Email       string `json:"email" validate:"email"`
	CallbackURL string `json:"callbackURL,omitempty"` // where the link leads afterwards
}

// VerifyEmail is where verification links lead.
var VerifyEmail = route.New[VerifyEmailInput, VerifyEmailOutput]("GET", "/verify-email", route.Spec{
	Name: "verifyEmail", Summary: "Follow a verification link", Tags: []string{"Email verification"},
	Errors: []route.Failure{failure(401, InvalidToken), failure(401, TokenExpired), failure(401, UserNotFound), failure(401, InvalidUser), failure(403, InvalidCallbackURL)},
})

// VerifyEmailInput is the input of [VerifyEmail].
type VerifyEmailInput struct {
	Token       string `query:"token"`
	CallbackURL string `query:"callbackURL,optional"`
}

// VerifyEmailOutput is the output of [VerifyEmail] where the link does not
// redirect.
type VerifyEmailOutput struct {
	Status bool
	// User is the user whose address changed; nil after a plain verification.
	User *User
	// Pending is true when a change was only confirmed at the old address, so
	// that the answer has no user at all.
	Pending bool `json:"-"`
}

// MarshalJSON writes the user, as null if there is none, unless Pending.
func (o VerifyEmailOutput) MarshalJSON() ([]byte, error) {
	b := appendBool([]byte(`{"status":`), o.Status)
	if o.Pending {
		return append(b, '}'), nil
	}
	b = append(b, `,"user":`...)
	if o.User == nil {
		return append(b, "null}"...), nil
	}
	return append(o.User.AppendJSON(b), '}'), nil
}
