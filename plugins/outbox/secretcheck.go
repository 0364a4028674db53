package outbox

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
)

// CheckSecret reports whether the newest mail in the outbox can be opened.
func (p *Plugin) CheckSecret(ctx context.Context) error {
	found, err := p.kernel.DB.FindMany(ctx, database.Query{Table: p.table, Sort: []database.Sort{{Field: "createdAt", Descending: true}}, Limit: 1})
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	for i := range found {
		row := found[i].Row
		if _, err := p.box.Decrypt(row.StringAt(p.table.Position("content"))); err != nil {
			return fmt.Errorf("%w: the mail of the row %q in %s: keep the old secret among Secrets, or delete the row: %w", core.ErrOtherSecret, row.ID(), modelKey, err)
		}
	}
	return nil
}
