package server

import (
	"context"
	"io"
	"log/slog"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/migrate"
)

// Migration brings the database of a configuration up to it, without serving.
type Migration struct {
	auth     *ostiary.Auth
	migrator *migrate.Migrator
}

// NewMigration checks a configuration and prepares the migration of its
// database. Neither needs a secret, an address or a mail server.
func NewMigration(c Config) (*Migration, error) {
	mailless := !c.mails() // and so without a table for them
	c.Server.Development = true
	c.Secret, c.Secrets = NewSecret(), nil
	c.BaseURL = BaseURL{URL: "http://localhost"}
	c.Mail = Mail{}
	c.Session.Memory, c.Database.ReplicaURL = SessionMemory{}, "" // nobody reads a session
	c.fill()
	s := &Server{config: c, out: io.Discard, log: slog.New(slog.DiscardHandler), mailless: mailless}
	return s.migration()
}

func (s *Server) migration() (*Migration, error) {
	s.meters = newMeters()
	auth, db, err := s.build()
	if err != nil {
		return nil, err
	}
	migrator, err := migrate.For(db, auth.Kernel().DB.Schema())
	if err != nil {
		return nil, err
	}
	return &Migration{auth, migrator}, nil
}

// Auth returns the library, on the database of the configuration, for commands
// that work with it. It serves nobody: its secret and its address are not those of
// the configuration.
func (m *Migration) Auth() *ostiary.Auth { return m.auth }

// Plan returns what the database lacks. It changes nothing, but creates the file
// of a SQLite database that does not exist.
func (m *Migration) Plan(ctx context.Context) (*migrate.Plan, error) { return m.migrator.Plan(ctx) }

// Apply adds it, and returns what was done.
func (m *Migration) Apply(ctx context.Context) (*migrate.Plan, error) { return m.migrator.Apply(ctx) }

// Check returns what would keep the library from working.
func (m *Migration) Check(ctx context.Context) ([]migrate.Finding, error) {
	return m.migrator.Check(ctx)
}

// Close closes the database.
func (m *Migration) Close(ctx context.Context) error { return m.auth.Close(ctx) }
