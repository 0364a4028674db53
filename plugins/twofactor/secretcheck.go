package twofactor

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
)

// checked is how many second factors are looked at: some may be from before a
// secret that nobody has kept.
const checked = 16

// CheckSecret reports whether second factors can be opened, by some of them.
func (p *Plugin) CheckSecret(ctx context.Context) error {
	s := p.factors
	found, err := s.db.FindMany(ctx, database.Query{Table: s.table, Limit: checked})
	if err != nil {
		return fmt.Errorf("two-factor: %w", err)
	}
	var problem error
	for i := range found {
		f := factorOf(found[i].Row)
		_, err := p.secrets.Decrypt(f.secret)
		if err == nil {
			return nil
		}
		problem = fmt.Errorf("%w: the second factor of the row %q in %s, and others: keep the old secret among Secrets, or delete the rows: %w", core.ErrOtherSecret, f.id, modelKey, err)
	}
	return problem
}
