package mailtest

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
)

// session is one connection: the server's half of RFC 5321.
type session struct {
	sink      *Sink
	conn      net.Conn
	text      *textproto.Conn
	encrypted bool
	signedIn  bool
	from      string
	to        []string
}

const keptReply = "250 2.0.0 kept"

var errHungUp = errors.New("the sink hung up")

func newSession(s *Sink, conn net.Conn) *session {
	c := &session{sink: s, signedIn: s.options.Username == ""}
	if s.options.Encryption == ImplicitTLS {
		conn, c.encrypted = c.secure(conn), true
	}
	c.use(conn)
	return c
}

func (c *session) secure(conn net.Conn) net.Conn {
	return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{c.sink.certificate}, MinVersion: tls.VersionTLS12})
}

// use reads from conn from now on, and forgets what an earlier one had buffered.
func (c *session) use(conn net.Conn) {
	c.conn, c.text = conn, textproto.NewConn(conn)
}

func (c *session) run() {
	if _, err := c.reply("CONNECT", "220 sink.example ESMTP"); err != nil {
		return
	}
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		if verb == "AUTH" {
			c.sink.note("AUTH")
		} else {
			c.sink.note(line)
		}
		if err := c.obey(verb, argument); err != nil {
			return
		}
	}
}

// obey carries out one command. An error ends the connection.
func (c *session) obey(verb, argument string) error {
	switch verb {
	case "EHLO":
		_, err := c.reply(verb, c.greeting())
		return err
	case "HELO", "NOOP", "RSET":
		c.from, c.to = "", nil
		_, err := c.reply(verb, "250 sink.example")
		return err
	case "STARTTLS":
		return c.startTLS()
	case "AUTH":
		return c.authenticate(argument)
	case "MAIL":
		return c.mail(argument)
	case "RCPT":
		return c.recipient(argument)
	case "DATA":
		return c.data()
	case "QUIT":
		_, _ = c.reply(verb, "221 2.0.0 bye")
		return errHungUp
	default:
		_, err := c.reply(verb, "502 5.5.2 unknown command")
		return err
	}
}

func (c *session) greeting() string {
	lines := []string{"sink.example", "8BITMIME", "SMTPUTF8"}
	if c.mayStartTLS() {
		lines = append(lines, "STARTTLS")
	}
	if c.sink.options.Username != "" {
		lines = append(lines, "AUTH "+strings.Join(c.sink.options.Mechanisms, " "))
	}
	last := len(lines) - 1
	for i := range lines[:last] {
		lines[i] = "250-" + lines[i]
	}
	lines[last] = "250 " + lines[last]
	return strings.Join(lines, "\r\n")
}

func (c *session) mayStartTLS() bool {
	return c.sink.options.Encryption == StartTLS && !c.encrypted
}

func (c *session) startTLS() error {
	if !c.mayStartTLS() {
		_, err := c.reply("STARTTLS", "502 5.5.1 not offered")
		return err
	}
	accepted, err := c.reply("STARTTLS", "220 2.0.0 go ahead")
	if err != nil || !accepted {
		return err
	}
	c.use(c.secure(c.conn))
	c.encrypted = true
	return nil
}

func (c *session) mail(argument string) error {
	refusal := ""
	switch {
	case c.mayStartTLS():
		refusal = "530 5.7.0 STARTTLS first"
	case !c.signedIn:
		refusal = "530 5.7.0 sign in first"
	}
	if refusal != "" {
		_, err := c.reply("MAIL", refusal)
		return err
	}
	accepted, err := c.reply("MAIL", "250 2.1.0 ok")
	if accepted {
		c.from, c.to = path(argument), nil
	}
	return err
}

func (c *session) recipient(argument string) error {
	if c.from == "" {
		_, err := c.reply("RCPT", "503 5.5.1 MAIL first")
		return err
	}
	accepted, err := c.reply("RCPT", "250 2.1.5 ok")
	if accepted {
		c.to = append(c.to, path(argument))
	}
	return err
}

// path returns the address in FROM:<address> or TO:<address>.
func path(argument string) string {
	_, rest, _ := strings.Cut(argument, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

func (c *session) data() error {
	if len(c.to) == 0 {
		_, err := c.reply("DATA", "503 5.5.1 RCPT first")
		return err
	}
	accepted, err := c.reply("DATA", "354 go ahead")
	if err != nil || !accepted {
		return err
	}
	raw, err := c.text.ReadDotBytes()
	if err != nil {
		return err
	}
	m, err := parse(raw)
	if err != nil {
		_, err = c.reply("BODY", "554 5.6.0 "+oneLine(err.Error()))
		return err
	}
	m.EnvelopeFrom, m.EnvelopeTo = c.from, c.to
	c.from, c.to = "", nil
	// The message is kept before the answer, so that whoever sent it finds it here.
	if c.accepts("BODY", keptReply) {
		c.sink.keep(m)
	}
	_, err = c.reply("BODY", keptReply)
	return err
}

func (c *session) authenticate(argument string) error {
	mechanism, initial, _ := strings.Cut(argument, " ")
	var username, password string
	var err error
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		username, password, err = c.plain(initial)
	case "LOGIN":
		username, password, err = c.login()
	default:
		_, err = c.reply("AUTH", "504 5.5.4 unknown mechanism")
		return err
	}
	if err != nil {
		return err
	}
	o := c.sink.options
	if o.Username == "" || username != o.Username || password != o.Password {
		_, err = c.reply("AUTH", "535 5.7.8 wrong user name or password")
		return err
	}
	c.signedIn, err = c.reply("AUTH", "235 2.7.0 welcome")
	return err
}

// plain reads the one response of RFC 4616: authorisation identity, user name and
// password, with NUL between them.
func (c *session) plain(initial string) (username, password string, err error) {
	if initial == "" {
		if initial, err = c.ask(""); err != nil {
			return "", "", err
		}
	}
	decoded, _ := base64.StdEncoding.DecodeString(initial)
	_, credentials, _ := strings.Cut(string(decoded), "\x00")
	username, password, _ = strings.Cut(credentials, "\x00")
	return username, password, nil
}

func (c *session) login() (username, password string, err error) {
	if username, err = c.askDecoded("Username:"); err != nil {
		return "", "", err
	}
	password, err = c.askDecoded("Password:")
	return username, password, err
}

func (c *session) askDecoded(challenge string) (string, error) {
	answer, err := c.ask(challenge)
	decoded, _ := base64.StdEncoding.DecodeString(answer)
	return string(decoded), err
}

func (c *session) ask(challenge string) (string, error) {
	if err := c.text.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(challenge))); err != nil {
		return "", err
	}
	return c.text.ReadLine()
}

// reply answers a command and reports whether it is accepted.
func (c *session) reply(step, usual string) (accepted bool, err error) {
	switch text := c.wording(step, usual); text {
	case Silent:
		_, _ = io.Copy(io.Discard, c.conn)
		return false, errHungUp
	case HangUp:
		return false, errHungUp
	default:
		return c.accepts(step, usual), c.text.PrintfLine("%s", text)
	}
}

// wording is the test's own reply if it has one.
func (c *session) wording(step, usual string) string {
	if own, found := c.sink.options.Replies[step]; found {
		return own
	}
	return usual
}

func (c *session) accepts(step, usual string) bool {
	text := c.wording(step, usual)
	return strings.HasPrefix(text, "2") || strings.HasPrefix(text, "3")
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
