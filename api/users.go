package api

import "github.com/ostiary/ostiary/route"

// UpdateUser sets fields of the signed-in user.
var UpdateUser = route.New[UpdateUserInput, Status]("POST", "/update-user", route.Spec{
	Name: "updateUser", Summary: "Change one's profile", Tags: []string{"User"},
	Errors: []route.Failure{failure(400, EmailCannotBeUpdated), failure(400, FieldNotAllowed), {Status: 400, Message: NoFieldsToUpdate.Message}, failure(401, Unauthorized)},
})

// UpdateUserInput is the input of [UpdateUser]: "name", "image" and additional
// fields.
type UpdateUserInput struct {
	Fields map[string]any `json:"*"`
}

// ChangeEmail starts or makes a change of the e-mail address.
var ChangeEmail = route.New[ChangeEmailInput, Status]("POST", "/change-email", route.Spec{
	Name: "changeEmail", Summary: "Change one's e-mail address", Tags: []string{"User"},
	Errors: []route.Failure{failure(400, ChangeEmailDisabled), {Status: 400, Message: EmailIsTheSame.Message}, {Status: 400, Message: NoEmailSender.Message}, failure(401, Unauthorized)},
})

// ChangeEmailInput is the input of [ChangeEmail].
type ChangeEmailInput struct {
	NewEmail    string `json:"newEmail" validate:"email"`
	CallbackURL string `json:"callbackURL,omitempty"`
}

// DeleteUser deletes the signed-in user, or mails a link that does.
var DeleteUser = route.New[DeleteUserInput, SuccessMessage]("POST", "/delete-user", route.Spec{
	Name: "deleteUser", Summary: "Delete one's user", Tags: []string{"User"},
	Errors: []route.Failure{failure(400, InvalidPassword), failure(400, SessionExpired), failure(400, CredentialAccountNotFound), failure(404, InvalidToken), failure(401, Unauthorized)},
})

// DeleteUserInput is the input of [DeleteUser].
type DeleteUserInput struct {
	CallbackURL string  `json:"callbackURL,omitempty"`
	Password    *string `json:"password,omitempty"`
	Token       string  `json:"token,omitempty"`
}

// SuccessMessage is a success with a text for people.
type SuccessMessage struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// DeleteUserCallback is where the mailed deletion link leads.
var DeleteUserCallback = route.New[DeleteUserCallbackInput, SuccessMessage]("GET", "/delete-user/callback", route.Spec{
	Name: "deleteUserCallback", Summary: "Follow a deletion link", Tags: []string{"User"},
	Errors: []route.Failure{failure(404, InvalidToken), failure(404, FailedToGetUserInfo), failure(404, NotFound), failure(403, InvalidCallbackURL)},
})

// DeleteUserCallbackInput is the input of [DeleteUserCallback].
type DeleteUserCallbackInput struct {
	Token       string `query:"token"`
	CallbackURL string `query:"callbackURL,optional"`
}
