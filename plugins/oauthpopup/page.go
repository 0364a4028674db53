package oauthpopup

import (
	"encoding/json"
	"fmt"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

const messageType = "better-auth:oauth-popup"

// message is the result as the opener gets it, and, for the script of the page,
// to whom it goes.
type message struct {
	Type         string   `json:"type"`
	TargetOrigin string   `json:"targetOrigin"`
	Nonce        string   `json:"nonce"`
	Token        string   `json:"token,omitempty"`
	RedirectTo   string   `json:"redirectTo,omitempty"`
	Error        *failure `json:"error,omitempty"`
}

type failure struct {
	Code        string `json:"code"`
	Description string `json:"description,omitempty"`
}

// script is all that runs on the page; it is the same for everybody. scriptHash
// is its SHA-256, by which the content security policy allows it. A test compares
// them.
const script = `
(() => {
  const data = JSON.parse(document.getElementById("better-auth-oauth-popup").textContent);
  const { type, targetOrigin, nonce, token, redirectTo, error } = data;
  const receiver = window.opener || window.parent;
  if (receiver && receiver !== window) receiver.postMessage({ type, nonce, token, redirectTo, error }, targetOrigin);
  window.close();
})();
`

const scriptHash = "/EePJrOvGtzsus3ydPgReveN92Vr3S9wq02Jln/Vq0Y="

// tell returns the page that sends a result to the opener. What is the user's, or
// a stranger's, is data on the page, in which nothing can end the element that it
// is in: package json writes "<" as an escape.
func (o opener) tell(c *core.Context, m message) (route.Raw, error) {
	m.Type, m.TargetOrigin = messageType, o.Origin
	data, err := json.Marshal(m)
	if err != nil {
		return route.Raw{}, fmt.Errorf("encode the result of a window: %w", err)
	}
	c.SetHeader("Cache-Control", "no-store")
	c.SetHeader("Pragma", "no-cache")
	c.SetHeader("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"+scriptHash+"'; base-uri 'none'")
	c.SetHeader("X-Content-Type-Options", "nosniff")
	c.SetHeader("Referrer-Policy", "no-referrer")
	body := "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Signing in</title></head>\n<body>\n" +
		"<script type=\"application/json\" id=\"better-auth-oauth-popup\">" + string(data) + "</script>\n" +
		"<script>" + script + "</script>\n</body>\n</html>\n"
	return route.Raw{ContentType: "text/html; charset=utf-8", Body: []byte(body)}, nil
}

// failed tells the opener that there is no sign-in.
func (o opener) failed(c *core.Context, code, description string) (route.Raw, error) {
	return o.tell(c, message{Nonce: o.Nonce, Error: &failure{code, description}})
}
