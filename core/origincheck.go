package core

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ostiary/ostiary/api"
)

// redirectFields are the input members that name a place to redirect to.
var redirectFields = [...]struct {
	name, label string
	code        api.Code
}{
	{"callbackURL", "callbackURL", api.InvalidCallbackURL},
	{"redirectTo", "redirectURL", api.InvalidRedirectURL},
	{"errorCallbackURL", "errorCallbackURL", api.InvalidErrorCallbackURL},
	{"newUserCallbackURL", "newUserCallbackURL", api.InvalidNewUserCallbackURL},
}

// checkOrigin refuses requests that change something and were made by a page of
// a foreign origin, and redirect targets that are not trusted. It runs for every
// endpoint, so that no endpoint can forget it.
func (k *Kernel) checkOrigin(c *Context) error {
	switch c.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if c.HasCookies() {
		if err := k.checkHeaderOrigin(c); err != nil {
			return err
		}
	}
	return k.checkRedirectFields(c)
}

// checkHeaderOrigin demands that Origin, or else Referer, is a trusted origin.
func (k *Kernel) checkHeaderOrigin(c *Context) error {
	if k.config.DisableCSRFCheck || k.config.DisableOriginCheck || k.originCheckExempt(c) {
		return nil
	}
	from := c.Header.Get("Origin")
	switch {
	case from == "":
		from = c.Header.Get("Referer")
	case from == "null" && c.Header.Get("Sec-Fetch-Site") == "same-origin" && c.Request != nil:
		from = k.inferredAddress(c.Request, c.Header)
	}
	switch {
	case from == "" || from == "null":
		return Fail(http.StatusForbidden, api.MissingOrNullOrigin)
	case !c.IsTrustedOrigin(from):
		k.Log.WarnContext(c, "request refused: its origin is not trusted; add it to TrustedOrigins if it is yours", "origin", clip(from), "path", c.Path)
		return Fail(http.StatusForbidden, api.InvalidOrigin)
	}
	return nil
}

// originCheckExempt reports whether the endpoint is one of the exempt paths.
func (k *Kernel) originCheckExempt(c *Context) bool {
	for _, path := range k.config.OriginCheckExempt {
		if c.Path == path || strings.HasPrefix(c.Path, strings.TrimSuffix(path, "/")+"/") {
			return true
		}
	}
	return false
}

func (k *Kernel) checkRedirectFields(c *Context) error {
	members, _ := c.Body.(map[string]any)
	for i, field := range redirectFields {
		value := members[field.name]
		if i == 0 && isFalsy(value) {
			if list := c.Query[field.name]; len(list) == 1 {
				value = list[0]
			} else if len(list) > 1 {
				value = list
			}
		}
		if isFalsy(value) {
			continue
		}
		text, ok := value.(string)
		if !ok {
			return FailWith(http.StatusBadRequest, "", "Invalid "+field.label+": expected a string")
		}
		if err := k.checkRedirect(c, text, field.code); err != nil {
			return err
		}
	}
	return nil
}

func (k *Kernel) checkRedirect(c *Context, target string, code api.Code) error {
	if k.config.DisableOriginCheck || k.originCheckExempt(c) || c.IsTrustedURL(target) {
		return nil
	}
	k.Log.WarnContext(c, "request refused: its redirect target is not trusted; add its origin to TrustedOrigins if it is yours", "target", clip(target), "path", c.Path)
	return Fail(http.StatusForbidden, code)
}

func isFalsy(v any) bool { return v == nil || v == "" || v == false || v == float64(0) }

// clip bounds a hostile text for a log line.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// CheckCallbackURL is the gate of GET endpoints that redirect to the query
// parameter "callbackURL".
func CheckCallbackURL(c *Context) error { return c.checkRedirectQuery("callbackURL") }

// CheckCallbackURLs returns the gate of GET endpoints that redirect to any of
// several query parameters.
func CheckCallbackURLs(names ...string) Gate {
	return func(c *Context) error { return c.checkRedirectQuery(names...) }
}

func (c *Context) checkRedirectQuery(names ...string) error {
	for _, name := range names {
		for _, target := range c.Query[name] {
			if target == "" {
				continue
			}
			if err := c.checkRedirect(c, target, api.InvalidCallbackURL); err != nil {
				return err
			}
		}
	}
	return nil
}

// FormCSRF is the gate of endpoints that sign in and accept forms, which a
// foreign page can submit although the browser has no cookie yet: the victim
// would be signed in as somebody else.
func FormCSRF(c *Context) error {
	if c.Request == nil {
		return nil
	}
	if len(c.Request.Header["Cookie"]) > 0 { // those of the browser, not of a token source
		return c.checkHeaderOrigin(c)
	}
	site, mode, dest := c.Header.Get("Sec-Fetch-Site"), c.Header.Get("Sec-Fetch-Mode"), c.Header.Get("Sec-Fetch-Dest")
	switch {
	case site == "cross-site" && mode == "navigate" && !c.navigationAllowed():
		return Fail(http.StatusForbidden, api.CrossSiteNavigationLoginBlocked)
	case strings.TrimSpace(site+mode+dest) != "":
		return c.checkHeaderOrigin(c)
	case c.Header.Get("Origin") != "" || c.Header.Get("Referer") != "":
		return c.checkHeaderOrigin(c)
	}
	return nil
}

// navigationAllowed reports whether foreign pages may sign in by submitting a
// form.
func (k *Kernel) navigationAllowed() bool {
	return k.config.DisableCSRFCheck || (k.config.DisableOriginCheck && !k.config.KeepNavigationCheck)
}

// AppendQuery returns a redirect target with query parameters added before its
// fragment. The target's own query is kept as it is.
func AppendQuery(target string, pairs ...string) string {
	target, fragment, hasFragment := strings.Cut(target, "#")
	var b strings.Builder
	b.WriteString(target)
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
		if strings.HasSuffix(target, "?") || strings.HasSuffix(target, "&") {
			separator = ""
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(separator)
		b.WriteString(url.QueryEscape(pairs[i]))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(pairs[i+1]))
		separator = "&"
	}
	if hasFragment {
		b.WriteByte('#')
		b.WriteString(fragment)
	}
	return b.String()
}
