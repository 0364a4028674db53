package core

// ClientIP returns the address of the client of the call, canonical and without
// the part of an IPv6 address that a client can vary at will; "" when it is not
// known. Whose word counts for it is said by [ClientIPOptions].
func (c *Context) ClientIP() string {
	peer := ""
	if c.Request != nil {
		peer = c.Request.RemoteAddr
	}
	ip, _ := c.addresses.Resolve(c.Header, peer)
	return ip
}
