package core

import "github.com/ostiary/ostiary/internal/cookie"

// SessionTokenSource is a plugin that takes the token of the session from
// somewhere else than its cookie, such as the header "Authorization".
type SessionTokenSource interface {
	// SessionToken returns the session token of a request, not signed; false
	// leaves the matter to the cookie. Everything downstream, from before hooks
	// on, works as if the request had a cookie with that token. Returning a token
	// vouches that whoever sent the request may use it.
	SessionToken(c *Context) (token string, ok bool)
}

// takeToken puts the token that the first source has into the cookie of the
// request. The caller's headers stay as they are.
func (c *Context) takeToken() {
	for _, source := range c.tokenSources {
		token, ok := source.SessionToken(c)
		if !ok {
			continue
		}
		signed := c.Secrets.SignedValue(token)
		c.Header = c.Header.Clone()
		c.Header["Cookie"] = []string{cookie.Replace(c.Header["Cookie"], c.site.cookies.sessionToken.Name, signed)}
		c.resolved = nil
		return
	}
}
