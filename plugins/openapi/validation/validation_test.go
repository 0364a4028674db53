// Package validation_test holds the OpenAPI document against the standard and
// against what the server answers. It is a module of its own, because its
// validator needs more than everything else here.
package validation_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/jwt"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/plugins/multisession"
	"github.com/ostiary/ostiary/plugins/openapi"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/plugins/username"
	"github.com/ostiary/ostiary/schema"
)

func start(t *testing.T) (*plugintest.Server, validator.Validator) {
	t.Helper()
	described := openapi.New(openapi.Options{NameAllOperations: true})
	s := plugintest.New(t, func(o *ostiary.Options) {
		o.User.Fields = []schema.Field{
			{Name: "plan", Values: []string{"free", "paid"}, Default: "free"},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "level", Values: []string{"low", "high"}, Optional: true},
			{Name: "score", Type: schema.Number, Optional: true, NoInput: true},
			{Name: "settings", Type: schema.JSON, Optional: true},
		}
		o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}}
		o.Plugins = []core.Plugin{
			described, jwt.New(jwt.Options{}), username.New(username.Options{}), multisession.New(multisession.Options{}),
			twofactor.New(twofactor.Options{OTP: twofactor.OTPOptions{Send: func(context.Context, twofactor.Message) error { return nil }}}),
			magiclink.New(magiclink.Options{Send: func(context.Context, magiclink.Mail) error { return nil }}),
		}
	})
	text, err := json.Marshal(described.Document(plugintest.Origin + "/api/auth"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, problems := validator.NewValidator(document)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s, v
}

func TestTheDocumentObeysTheStandard(t *testing.T) {
	t.Parallel()
	_, v := start(t)
	if ok, problems := v.ValidateDocument(); !ok {
		for _, p := range problems {
			t.Errorf("%s: %s", p.Message, p.Reason)
			for _, e := range p.SchemaValidationErrors {
				t.Errorf("  %s: %s", e.Location, e.Reason)
			}
		}
	}
}

func TestTheServerAnswersAsDescribed(t *testing.T) {
	t.Parallel()
	s, v := start(t)
	cookies := map[string]string{}
	visit := func(method, path, body string) {
		t.Helper()
		r := httptest.NewRequest(method, plugintest.Origin+"/api/auth"+path, strings.NewReader(body))
		r.Header.Set("Origin", plugintest.Origin)
		r.Header.Set("Authorization", "Bearer x") // the document asks for one on every operation
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for name, value := range cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		s.Auth.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		text := w.Body.String()
		response := w.Result()
		for _, c := range response.Cookies() {
			cookies[c.Name] = c.Value
		}
		again := httptest.NewRequest(method, r.URL.String(), strings.NewReader(body))
		again.Header = r.Header
		if ok, problems := v.ValidateHttpRequestResponse(again, response); !ok {
			for _, p := range problems {
				t.Errorf("%s %s: %s: %s", method, path, p.Message, p.Reason)
				for _, e := range p.SchemaValidationErrors {
					t.Errorf("  %s: %s in %s", e.Location, e.Reason, text)
				}
			}
		}
	}
	visit("GET", "/ok", "")
	visit("POST", "/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery","image":"https://example.com/ada.png","plan":"paid","tags":["a"],"username":"adaada"}`)
	visit("GET", "/get-session", "")
	visit("GET", "/list-sessions", "")
	visit("GET", "/list-accounts", "")
	visit("POST", "/update-user", `{"name":"Countess","plan":"free"}`)
	visit("POST", "/update-session", `{"theme":"dark"}`)
	visit("POST", "/verify-password", `{"password":"correct horse battery"}`)
	visit("POST", "/change-password", `{"currentPassword":"correct horse battery","newPassword":"another password"}`)
	visit("GET", "/token", "")
	visit("GET", "/jwks", "")
	visit("POST", "/two-factor/enable", `{"password":"another password"}`)
	visit("POST", "/two-factor/get-totp-uri", `{"password":"another password"}`)
	visit("POST", "/two-factor/send-otp", `{}`)
	visit("POST", "/sign-in/magic-link", `{"email":"ada@example.com"}`)
	visit("POST", "/is-username-available", `{"username":"bobbob"}`)
	visit("GET", "/multi-session/list-device-sessions", "")
	visit("POST", "/sign-in/email", `{"email":"ada@example.com","password":"another password"}`)
	visit("POST", "/sign-out", `{}`)
	visit("GET", "/get-session", "")
}
