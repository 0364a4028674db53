package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// AccountGeneration tells which versions of Better Auth could have made the
// account table. The library serves all of them.
type AccountGeneration string

// The generations of the account table. Tables made before 1.7.0 and from 1.7.3
// on have the same columns, so nothing tells them apart, and nothing needs to.
const (
	// NoAccounts: there is no account table yet.
	NoAccounts AccountGeneration = "none"
	// WithoutIssuer is the table of versions before 1.7.0 and from 1.7.3 on.
	WithoutIssuer AccountGeneration = "without-issuer"
	// IssuerRequired is the table of versions 1.7.0 to 1.7.2: every account must
	// name an issuer, and issuer and account id are unique together. The library
	// fills the column as those versions did.
	IssuerRequired AccountGeneration = "issuer-required"
	// IssuerOptional is such a table after the column was allowed to be null, or
	// given a default, for a version from 1.7.3 on. The library leaves it alone.
	IssuerOptional AccountGeneration = "issuer-optional"
)

// String says the generation in words.
func (g AccountGeneration) String() string {
	switch g {
	case WithoutIssuer:
		return "Better Auth before 1.7.0, or from 1.7.3 on (both have the same columns)"
	case IssuerRequired:
		return "Better Auth 1.7.0 to 1.7.2, with a required issuer"
	case IssuerOptional:
		return "Better Auth 1.7.0 to 1.7.2, whose issuer has been made optional since"
	}
	return "no account table"
}

// Accounts is what [Migrator.Inspect] found out about the account table.
type Accounts struct {
	Generation AccountGeneration
	// IssuerColumn is the name of the issuer's column; "" when there is none.
	IssuerColumn string
}

// State is what [Migrator.Inspect] found.
type State struct {
	// Findings are those of [Migrator.Check].
	Findings []Finding
	Accounts Accounts
}

// Inspect looks once at everything that matters at start-up: whether the library
// can work with the database, and which generation the account table is of. It
// changes nothing.
func (m *Migrator) Inspect(ctx context.Context) (*State, error) {
	var state State
	err := m.db.Inspect(ctx, func(c Connection) error {
		catalog, err := c.Catalog(ctx)
		if err != nil {
			return err
		}
		state.Findings = m.check(catalog)
		for _, want := range m.desired {
			if want.key == schema.AccountKey {
				state.Accounts = accounts(catalog, want)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("migrate: inspect: %w", err)
	}
	return &state, nil
}

func accounts(catalog *Catalog, want *desiredTable) Accounts {
	have := catalog.table(want.name)
	if have == nil {
		return Accounts{Generation: NoAccounts}
	}
	issuer := issuerColumn(catalog, want, have)
	switch {
	case issuer == nil:
		return Accounts{Generation: WithoutIssuer}
	case issuer.NotNull && !issuer.Filled:
		return Accounts{IssuerRequired, issuer.Name}
	}
	return Accounts{IssuerOptional, issuer.Name}
}

// issuerColumn is the column that Better Auth 1.7.0 to 1.7.2 made for the issuer:
// the one of that name or, since names can be chosen, the one that is unique
// together with the account id. An application's own field is none.
func issuerColumn(catalog *Catalog, want *desiredTable, have *Table) *Column {
	accountID := ""
	for i := range want.columns {
		if want.columns[i].Name == "accountId" {
			accountID = want.columns[i].Column
		}
	}
	for i := range have.Indexes {
		index := &have.Indexes[i]
		if !index.Unique || index.Partial || len(index.Columns) != 2 || !catalog.same(index.Columns[1], accountID) {
			continue
		}
		if live := catalog.column(have, index.Columns[0]); live != nil && !wanted(catalog, want, live.Name) {
			return live
		}
	}
	for i := range have.Columns {
		live := &have.Columns[i]
		if strings.EqualFold(live.Name, "issuer") && !wanted(catalog, want, live.Name) {
			return live
		}
	}
	return nil
}
