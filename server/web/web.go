// Package web is the account page of the standalone server: sign-up, sign-in,
// new passwords and everything a user may do with their own account, in the
// browser, through the official Better Auth client.
//
// The page is built from the sources in app and embedded, so that using or
// building the server needs no Node. It contains no inline script and no inline
// style, loads nothing from elsewhere, and is served under a content security
// policy that says so.
package web

import "net/http"

// Settings is what the page knows about the server that shows it. The zero value
// is a page for a server without optional features.
type Settings struct {
	// AppName is shown as the name of the site. Default: "Ostiary".
	AppName string

	// BasePath is the path of the authentication API on the page's own origin,
	// with a leading slash. Default: "/api/auth".
	BasePath string

	// MinPasswordLength and MaxPasswordLength bound a new password, in UTF-16 code
	// units, as the API counts them. The page only explains these limits; the API
	// enforces them. Defaults: 8 and 128.
	MinPasswordLength int
	MaxPasswordLength int

	// DevMail says that mails are printed in the server's terminal instead of
	// being sent; the page then says where to find a link. Default: false.
	DevMail bool

	// Features is what the server offers beyond signing in.
	Features Features
}

// Features tells the page which optional parts of the API answer. A feature that
// is off is not shown. It protects nothing: the API itself refuses what is off.
type Features struct {
	// SignUp: new accounts may be made.
	SignUp bool `json:"signUp"`
	// ChangeEmail: users may change their e-mail address.
	ChangeEmail bool `json:"changeEmail"`
	// DeleteUser: users may delete their account.
	DeleteUser bool `json:"deleteUser"`
	// VerificationMail: the server can send mails that verify an address.
	VerificationMail bool `json:"verificationMail"`
	// ResetPassword: the server can send links to choose a new password.
	ResetPassword bool `json:"resetPassword"`
}

func (s Settings) withDefaults() Settings {
	if s.AppName == "" {
		s.AppName = "Ostiary"
	}
	if s.BasePath == "" {
		s.BasePath = "/api/auth"
	}
	if s.MinPasswordLength <= 0 {
		s.MinPasswordLength = 8
	}
	if s.MaxPasswordLength <= 0 {
		s.MaxPasswordLength = 128
	}
	return s
}

// pages are the paths that the page's own script routes between. Every one of
// them is answered with the same shell.
var pages = []string{
	"/",
	"/sign-in",
	"/sign-up",
	"/forgot-password",
	"/reset-password",
	"/verified",
	"/account",
}

// Handler serves the account page at the root of an origin: the shell at /,
// /sign-in, /sign-up, /forgot-password, /reset-password, /verified and /account,
// and its files below /assets/. Everything else is 404; methods other than GET
// and HEAD are 405. Mount it behind the API, as the handler of last resort.
//
// It panics if the embedded files are not a page, which is a fault of the build
// and does not depend on the settings.
func Handler(settings Settings) http.Handler {
	files := assets()
	shell := newShell(settings.withDefaults())
	for _, path := range pages {
		files[path] = shell
	}
	return files
}

// handler holds everything that is ever served, by its path.
type handler map[string]file

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	f, found := h[r.URL.Path]
	if !found {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	f.serve(w, r)
}
