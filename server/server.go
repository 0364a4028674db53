// Package server is Ostiary as a program of its own: a configuration becomes an
// HTTP server with the API, an account page, mails, health probes, metrics and
// an orderly end.
//
//	config, err := server.Load("ostiary.yaml")
//	…
//	s, err := server.New(ctx, config, server.Streams{Out: os.Stdout, Log: os.Stderr})
//	…
//	err = s.Run(ctx) // until ctx ends
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/clientip"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/plugins/outbox"
	"github.com/ostiary/ostiary/server/web"
	"github.com/ostiary/ostiary/storage"
)

// Streams are where a server writes to.
type Streams struct {
	// Out receives what is for the person who started the server: where to go,
	// and in development the mails. Default: nothing is written.
	Out io.Writer
	// Log receives the log. Default: nothing is written.
	Log io.Writer
}

// Server is a configured server that listens already. Run it with [Server.Run],
// or give it up with [Server.Close].
type Server struct {
	config    Config
	out       io.Writer
	log       *slog.Logger
	url       string
	auth      *ostiary.Auth
	outbox    *outbox.Plugin    // nil when no mails are sent
	channel   broadcast.Channel // nil when every session is asked of its store
	secondary storage.Store     // nil when there is none
	health    *health
	meters    *meters
	public    *http.Server
	private   *http.Server
	listeners []net.Listener // of public
	metrics   []net.Listener // of private
	secret    string         // path of the development secret, if there is one
	mailless  bool           // nobody gets a mail, whatever the configuration says
}

// New makes a server: it listens, opens the database and creates what is
// missing in it. Requests are served from Run on. The error lists every problem
// of the configuration.
func New(ctx context.Context, c Config, streams Streams) (_ *Server, err error) {
	c.fill()
	if streams.Out == nil {
		streams.Out = io.Discard
	}
	if streams.Log == nil {
		streams.Log = io.Discard
	}
	s := &Server{config: c, out: streams.Out, log: c.Server.logger(streams.Log), meters: newMeters()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeListeners())
		}
	}()
	if s.listeners, err = listen(ctx, c.Server.Listen, "--listen"); err != nil {
		return nil, err
	}
	if c.Server.MetricsListen != "" {
		if s.metrics, err = listen(ctx, c.Server.MetricsListen, "server.metricsListen"); err != nil {
			return nil, err
		}
	}
	if err := s.assemble(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// fill sets the defaults of the server's own settings.
func (c *Config) fill() {
	s := &c.Server
	setDefault(&s.Listen, "localhost:3000")
	setDefault(&s.ReadHeaderTimeout, 5*time.Second)
	setDefault(&s.ReadTimeout, 15*time.Second)
	setDefault(&s.WriteTimeout, 40*time.Second)
	setDefault(&s.IdleTimeout, 75*time.Second)
	setDefault(&s.RequestTimeout, 20*time.Second)
	setDefault(&s.ShutdownTimeout, 30*time.Second)
	setDefault(&s.MaxConnections, 10000)
	setDefault(&s.MaxHeaderBytes, 64<<10)
	setDefault(&s.LogLevel, "info")
	format, access, drain := "json", true, time.Second
	if s.Development {
		format, access, drain = "text", false, 0
	}
	setDefault(&s.LogFormat, format)
	if s.AccessLog == nil {
		s.AccessLog = &access
	}
	if s.DrainDelay == nil {
		s.DrainDelay = &drain
	}
	if s.CleanupInterval == nil {
		s.CleanupInterval = new(time.Hour)
	}
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

func (s *Settings) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the text is one of those that are allowed
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "text" {
		return slog.New(identified{slog.NewTextHandler(w, options)})
	}
	return slog.New(identified{slog.NewJSONHandler(w, options)})
}

// assemble makes everything behind the listeners.
func (s *Server) assemble(ctx context.Context) error {
	if err := s.develop(); err != nil {
		return err
	}
	auth, db, err := s.build()
	if err != nil {
		return err
	}
	s.auth = auth
	if err := s.prepare(ctx, db); err != nil {
		return errors.Join(fmt.Errorf("prepare the database: %w", err), auth.Close(ctx))
	}
	s.health = &health{database: db, secondary: s.secondary, secrets: auth.Kernel().CheckSecrets, log: s.log}
	if err := s.health.checkSecrets(ctx); err != nil {
		s.log.ErrorContext(ctx, "the server is not ready", "error", err)
	}
	s.serveWith(s.handler())
	return nil
}

// prepare brings the database up to the configuration, or, where that is not
// wanted, makes sure that it is.
func (s *Server) prepare(ctx context.Context, db database.Adapter) error {
	if enabled(s.config.Database.Migrate) {
		return s.auth.Migrate(ctx)
	}
	migrator, err := migrate.For(db, s.auth.Kernel().DB.Schema())
	if err != nil {
		return err
	}
	findings, err := migrator.Check(ctx)
	if err != nil || len(findings) == 0 {
		return err
	}
	problems := []error{errors.New("it does not suit the configuration, and database.migrate is false; `ostiary migrate` adds what is missing")}
	for _, f := range findings {
		problems = append(problems, errors.New(f.String()))
	}
	return errors.Join(problems...)
}

// develop sets what only a development server does not need to be told.
func (s *Server) develop() error {
	c := &s.config
	if !c.Server.Development {
		return nil
	}
	port := strconv.Itoa(portOf(s.listeners[0]))
	if c.BaseURL.IsZero() {
		c.BaseURL.URL = "http://localhost:" + port
		c.TrustedOrigins = append(c.TrustedOrigins, "http://127.0.0.1:"+port, "http://[::1]:"+port)
	}
	if c.Secret != "" || len(c.Secrets) > 0 {
		return nil
	}
	file, err := c.Database.file()
	if err != nil {
		return err
	}
	if file == "" {
		file = defaultDatabase // only the secret is kept beside it
	}
	c.Secret, s.secret, err = developmentSecret(file)
	return err
}

// build makes the library's server from the configuration.
func (s *Server) build() (*ostiary.Auth, database.Adapter, error) {
	t := translation{Config: &s.config, log: s.log}
	sender, err := s.config.Mail.sender(s.config.Server.Development, s.out)
	if err != nil {
		t.problems = append(t.problems, err)
	}
	if sender != nil && !s.mailless {
		s.outbox = s.newOutbox(sender)
	}
	if s.config.mails() {
		t.letters = s.letters()
	}
	h := s.config.Server.PasswordHashing
	hasher := password.NewScrypt(password.Limits{Parallel: h.Parallel, Batch: h.Batch, Queue: h.Queue, MaxWait: h.MaxWait})
	lend := h.Parallel == 0 // who says how many passes there may be means it
	if h.LendCore != nil {
		lend = *h.LendCore
	}
	if lend {
		hasher.LendCore(s.meters.onlyPasswords)
	}
	t.hasher = meteredHasher{hasher, s.meters}
	db, err := s.config.Database.open()
	if err != nil {
		t.problems = append(t.problems, err)
	}
	secondary, err := s.config.SecondaryStorage.open()
	if err != nil {
		t.problems = append(t.problems, err)
	}
	s.secondary = secondary
	if s.config.Session.Memory.Enabled || s.config.Database.ReplicaURL != "" {
		if s.channel, err = s.config.channel(secondary); err != nil {
			t.problems = append(t.problems, err)
		}
	}
	o := t.options()
	o.Database, o.SecondaryStorage, o.Broadcast.Channel = db, secondary, s.channel
	if s.outbox != nil {
		o.Plugins, o.DeliverInTransaction = append(o.Plugins, s.outbox), true
	}
	auth, err := ostiary.New(o)
	if err != nil {
		t.problems = append(t.problems, inKeys{err})
	}
	if len(t.problems) > 0 {
		return nil, nil, fmt.Errorf(configurationProblems+"\n%w", errors.Join(t.problems...))
	}
	return auth, db, nil
}

// configurationProblems is the first line of an error that lists problems.
const configurationProblems = "the configuration has problems:"

// newOutbox returns what keeps the mails until the sender has taken them.
func (s *Server) newOutbox(sender mail.Sender) *outbox.Plugin {
	o := outbox.New(outbox.Options{
		Sender: sender, Capacity: s.config.Mail.MaxWaiting,
		OnResult: func(r outbox.Result) { s.meters.mails.Inc(string(r)) },
	})
	gauge := func(name, help string, value func(outbox.Stats) int64) {
		s.meters.registry.Gauge(name, help, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), readyTime)
			defer cancel()
			stats, err := o.Stats(ctx)
			if err != nil {
				return math.NaN() // the database is away, which other metrics tell
			}
			return float64(value(stats))
		})
	}
	gauge("ostiary_mails_pending", "Mails in the database that wait to be delivered, of all nodes.", func(s outbox.Stats) int64 { return s.Waiting })
	gauge("ostiary_mails_dead", "Mails that were given up within the last week, of all nodes.", func(s outbox.Stats) int64 { return s.Dead })
	return o
}

// mails reports whether there is a way to send mails.
func (c *Config) mails() bool { return c.Mail.SMTP.Host != "" || c.Server.Development }

func (s *Server) letters() *letters {
	l := &letters{templates: mail.Templates{AppName: s.config.AppName}}
	if s.outbox != nil {
		l.outbox = s.outbox
	}
	if u, err := url.Parse(s.config.BaseURL.URL); err == nil && u.Host != "" && enabled(s.config.Server.AccountPage) {
		root := u.Scheme + "://" + u.Host
		l.signIn, l.forgotten = root+"/sign-in", root+"/forgot-password"
	}
	return l
}

// basePath returns the path of the API, "" for the root.
func (s *Server) basePath() string {
	if base := s.auth.Kernel().StaticBaseURL(); base != "" {
		if u, err := url.Parse(base); err == nil {
			return strings.TrimRight(u.EscapedPath(), "/")
		}
	}
	path := s.config.BasePath
	if path == "" {
		path = "/api/auth"
	}
	return strings.TrimRight("/"+strings.TrimLeft(path, "/"), "/")
}

func (s *Server) handler() http.Handler {
	c := &s.config
	table := newRoutes(s.basePath(), s.auth.Kernel().Endpoints())
	secure := strings.HasPrefix(c.BaseURL.URL, "https://") || c.BaseURL.Protocol == "https"
	f := &front{routes: table, api: s.auth, health: s.health, headers: headersOf(secure)}
	if enabled(c.Server.AccountPage) {
		f.page = web.Handler(s.page())
	}
	ip := &c.Advanced.IPAddress
	addresses, _ := clientip.New(clientip.Options{ // the library has reported the warnings as problems
		Headers: ip.IPAddressHeaders, TrustedProxies: ip.TrustedProxies, IPv6Subnet: ip.IPv6Subnet, Disabled: ip.DisableIPTracking,
	})
	return &observer{next: f, timeout: c.Server.RequestTimeout, routes: table, meters: s.meters, log: s.log, access: *c.Server.AccessLog, addresses: addresses}
}

// page returns what the account page shows.
func (s *Server) page() web.Settings {
	c := &s.config
	can := c.mails()
	return web.Settings{
		AppName: c.AppName, BasePath: s.basePath(),
		MinPasswordLength: c.EmailAndPassword.MinPasswordLength, MaxPasswordLength: c.EmailAndPassword.MaxPasswordLength,
		DevMail: can && c.Mail.SMTP.Host == "",
		Features: web.Features{
			SignUp:           c.EmailAndPassword.Enabled && !c.EmailAndPassword.DisableSignUp,
			ChangeEmail:      c.User.ChangeEmail.Enabled,
			DeleteUser:       c.User.DeleteUser.Enabled,
			VerificationMail: can && enabled(c.EmailVerification.SendVerificationEmail),
			ResetPassword:    can && enabled(c.EmailAndPassword.SendResetPassword),
		},
	}
}

func (s *Server) serveWith(handler http.Handler) {
	c := &s.config.Server
	s.public = &http.Server{
		Handler: handler, ReadHeaderTimeout: c.ReadHeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout,
		IdleTimeout: c.IdleTimeout, MaxHeaderBytes: c.MaxHeaderBytes, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnState: ended,
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", &s.meters.registry)
	s.private = &http.Server{
		Handler: mux, ReadHeaderTimeout: c.ReadHeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout,
		IdleTimeout: c.IdleTimeout, MaxHeaderBytes: c.MaxHeaderBytes, ErrorLog: s.public.ErrorLog,
	}
	s.url = s.config.BaseURL.URL
	if s.url == "" {
		s.url = "http://" + s.listeners[0].Addr().String()
	}
}

// URL returns the address under which the server is reached.
func (s *Server) URL() string { return s.url }

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listeners[0].Addr() }

// Auth returns the library's server.
func (s *Server) Auth() *ostiary.Auth { return s.auth }
