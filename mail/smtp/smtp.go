// Package smtp sends mail through a mail server (RFC 5321), encrypted by default.
//
// Each message is one connection: nothing is kept open, nothing can go stale, and
// one message that fails does not disturb the next. The connection is encrypted
// before a word is said about the message, or there is no message.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/ostiary/ostiary/mail"
)

// Sender is a [mail.Sender] that hands messages to one mail server. It is safe for
// concurrent use. Make one with [New].
type Sender struct {
	address        string // host:port
	host           string
	localName      string
	tlsMode        TLSMode
	tlsConfig      *tls.Config
	allowPlaintext bool
	timeout        time.Duration
	from           *netmail.Address
	credentials    func() (username, password string) // a function, because a printed Sender must not show them
}

var _ mail.Sender = (*Sender)(nil)

// New returns a Sender for the server that o describes. It does not connect. An
// error names the option that is wrong.
func New(o Options) (*Sender, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	from, err := parseFrom(o.From)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return &Sender{
		address:        net.JoinHostPort(o.Host, strconv.Itoa(o.Port)),
		host:           o.Host,
		localName:      greeting(o.LocalName),
		tlsMode:        o.TLS,
		tlsConfig:      &tls.Config{ServerName: o.Host, RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		allowPlaintext: o.AllowPlaintext,
		timeout:        o.Timeout,
		from:           from,
		credentials:    func() (string, string) { return o.Username, o.Password },
	}, nil
}

// greeting writes an IP address as EHLO wants it (RFC 5321 section 4.1.3).
func greeting(localName string) string {
	ip := net.ParseIP(localName)
	switch {
	case ip == nil:
		return localName
	case ip.To4() != nil:
		return "[" + localName + "]"
	default:
		return "[IPv6:" + localName + "]"
	}
}

// Send delivers m and returns once the server has accepted it. It returns the error
// of [mail.Message.Validate], or an [*Error] that says at which step delivery failed
// and whether it is worth trying again. An ended context can be recognised with
// [errors.Is].
//
// If the connection breaks after the whole message was sent and before the server
// has answered, nobody knows whether it was accepted. Send then returns an error;
// who tries again may deliver twice, which for these letters is the lesser evil.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	envelope, err := s.compose(m)
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return s.explain(ctx, m, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := s.deliver(ctx, conn, envelope); err != nil {
		return s.explain(ctx, m, err)
	}
	return nil
}

func (s *Sender) dial(ctx context.Context) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, at("connect", err)
	}
	if s.tlsMode == NoTLS && !s.mayLeaveInPlaintext() && !isLoopbackConn(conn) {
		_ = conn.Close()
		return nil, at("connect", errors.New("the name leads to another machine, and TLS is off"))
	}
	return conn, nil
}

// mayLeaveInPlaintext excludes credentials whatever the options say: "localhost"
// may turn out to be another machine.
func (s *Sender) mayLeaveInPlaintext() bool {
	username, _ := s.credentials()
	return s.allowPlaintext && username == ""
}

func isLoopbackConn(conn net.Conn) bool {
	remote, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && remote.IP.IsLoopback()
}

// deliver has the whole conversation with the server.
func (s *Sender) deliver(ctx context.Context, conn net.Conn, e envelope) error {
	client, err := s.open(ctx, &limitedConn{Conn: conn, left: maxAnswers})
	if err != nil {
		return err
	}
	if err := s.signIn(client); err != nil {
		return at("sign in", err)
	}
	if err := client.Mail("<" + e.from + ">"); err != nil {
		return with("name the sender", err)
	}
	if err := client.Rcpt("<" + e.to + ">"); err != nil {
		return with("name the recipient", err)
	}
	if err := writeBody(client, e); err != nil {
		return with("send the message", err)
	}
	// The message is the server's now: whatever happens to the farewell must not
	// look like a failure, or the message would be sent again.
	_ = conn.SetDeadline(time.Now().Add(farewell))
	_ = client.Quit()
	return nil
}

// farewell is how long the answer to QUIT is waited for.
const farewell = 500 * time.Millisecond

// open greets the server and returns once the connection is as safe as it has to be.
func (s *Sender) open(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	if s.tlsMode == ImplicitTLS {
		secure := tls.Client(conn, s.tlsConfig)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, at("start TLS", err)
		}
		conn = secure
	}
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return nil, at("be greeted", err)
	}
	if err := client.Hello(s.localName); err != nil {
		return nil, at("greet", err)
	}
	client.SkipSMTPUTF8(true) // addresses are ASCII
	if s.tlsMode != StartTLS {
		return client, nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return nil, at("start TLS", errors.New("the server does not offer STARTTLS"))
	}
	if err := client.StartTLS(s.tlsConfig); err != nil {
		return nil, at("start TLS", err)
	}
	return client, nil
}

// signIn authenticates if there are credentials. That the connection is either
// encrypted or does not leave this machine has been made sure of by validate, dial
// and open.
func (s *Sender) signIn(client *smtp.Client) error {
	username, password := s.credentials()
	if username == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	plaintext := s.tlsMode == NoTLS
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return client.Auth(smtp.PlainAuth("", username, password, s.host, plaintext))
	case slices.Contains(mechanisms, "LOGIN"):
		return client.Auth(smtp.LoginAuth(username, password, s.host, plaintext))
	default:
		return errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN")
	}
}

func writeBody(client *smtp.Client, e envelope) error {
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := e.content.WriteTo(w); err != nil {
		return err
	}
	return w.Close()
}

// maxAnswers is how much a server may say in one conversation, TLS included.
const maxAnswers = 1 << 20

// limitedConn stops reading after a limit: a server that never ends its line must
// not fill the memory.
type limitedConn struct {
	net.Conn
	left int
}

// Read reads at most what is left.
func (c *limitedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("server said too much: %w", io.ErrUnexpectedEOF)
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
