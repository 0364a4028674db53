package core

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// SchemaMismatch is the error of every operation on a database that lacks what
// the configuration needs.
type SchemaMismatch struct {
	// Findings say what is missing.
	Findings []migrate.Finding
}

// Error names every finding, and what to do.
func (e *SchemaMismatch) Error() string {
	var text strings.Builder
	text.WriteString("the database does not suit the configuration:")
	for _, f := range e.Findings {
		text.WriteString("\n- " + f.String())
	}
	return text.String()
}

// newMigrator compares the database with the schema. It is nil for an adapter
// without tables to migrate.
func (k *Kernel) newMigrator(s *schema.Schema) (*migrate.Migrator, error) {
	if _, ok := k.config.Database.(migrate.Database); !ok {
		return nil, nil
	}
	return migrate.For(k.config.Database, s)
}

// checkDatabase runs before the database is first used. It finds out which
// generation the account table is of, and refuses a database that lacks tables
// or columns, unless that is not wanted.
func (k *Kernel) checkDatabase(ctx context.Context) error {
	if k.migrator == nil {
		return nil
	}
	state, err := k.migrator.Inspect(ctx)
	if err != nil {
		return err
	}
	if len(state.Findings) > 0 && !k.config.SkipSchemaCheck {
		mismatch := &SchemaMismatch{state.Findings}
		k.Log.ErrorContext(ctx, "the database cannot be used", "error", mismatch)
		return mismatch
	}
	if state.Accounts.Generation == migrate.IssuerRequired {
		k.Accounts.fillIssuer(state.Accounts.IssuerColumn)
		k.Log.InfoContext(ctx, "the account table is that of Better Auth 1.7.0 to 1.7.2: the issuer of accounts is filled")
	}
	return nil
}

// CheckSchema reports whether the database has what the configuration needs. The
// error is a [*SchemaMismatch] when it does not. An adapter without tables to
// migrate is always fine.
func (k *Kernel) CheckSchema(ctx context.Context) error {
	if k.migrator == nil {
		return nil
	}
	findings, err := k.migrator.Check(ctx)
	if err != nil {
		return fmt.Errorf("check the schema: %w", err)
	}
	if len(findings) > 0 {
		return &SchemaMismatch{findings}
	}
	return nil
}

// IsSchemaMismatch reports whether an error means that the database lacks what
// the configuration needs.
func IsSchemaMismatch(err error) bool {
	var mismatch *SchemaMismatch
	return errors.As(err, &mismatch)
}
