package twofactor

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

const lastStepField = "lastTotpStep"

// factor is the second factor of a user as it is stored: the secret of the
// authenticator app and the backup codes.
type factor struct {
	id          string
	secret      string // encrypted
	backupCodes string // as its storage keeps them
	// confirmed and unconfirmed say whether a code has been verified; neither
	// holds for rows from before that was recorded, which count as verified.
	confirmed, unconfirmed bool
	failures               int64
	lockedUntil            time.Time // zero when not locked
}

// factors are the stored second factors.
type factors struct {
	db    *database.DB
	table *schema.Table
}

// of returns the second factor of a user, or nil.
func (s *factors) of(ctx context.Context, userID string) (*factor, error) {
	rec, err := s.db.FindOne(ctx, database.Query{Table: s.table, Where: []database.Where{database.Eq("userId", userID)}})
	if err != nil || rec == nil {
		return nil, err
	}
	return factorOf(rec.Row), nil
}

func factorOf(row schema.Row) *factor {
	f := &factor{id: row.ID()}
	f.secret, _ = row.Get("secret").(string)
	f.backupCodes, _ = row.Get("backupCodes").(string)
	if verified, ok := row.Get("verified").(bool); ok {
		f.confirmed, f.unconfirmed = verified, !verified
	}
	f.failures = row.IntAt(row.Table().Position("failedVerificationCount"))
	f.lockedUntil, _ = row.Get("lockedUntil").(time.Time)
	return f
}

// save stores a new secret and new codes of a user, in place of ones that were
// not confirmed.
func (s *factors) save(ctx context.Context, userID, secret, backupCodes string, confirmed bool) error {
	row := s.table.NewRow().Set("secret", secret).Set("backupCodes", backupCodes).Set("verified", confirmed)
	n, err := s.db.UpdateMany(ctx, row, database.Eq("userId", userID))
	if err != nil || n > 0 {
		return err
	}
	_, err = s.db.Create(ctx, row.Set("userId", userID))
	return err
}

// confirm records that a code has been verified.
func (s *factors) confirm(ctx context.Context, id string) error {
	_, err := s.db.UpdateMany(ctx, s.table.NewRow().Set("verified", true), database.Eq("id", id))
	return err
}

// setBackupCodes replaces the codes if they are still the previous ones. It
// reports whether they were.
func (s *factors) setBackupCodes(ctx context.Context, f *factor, codes string) (bool, error) {
	n, err := s.db.UpdateMany(ctx, s.table.NewRow().Set("backupCodes", codes), database.Eq("id", f.id), database.Eq("backupCodes", f.backupCodes))
	return n > 0, err
}

// useStep records that the code of a period was used. It reports whether it was
// the first of that period or a later one; of several callers one is first.
func (s *factors) useStep(ctx context.Context, f *factor, step int64) (bool, error) {
	row, err := s.db.IncrementOne(ctx, s.table.NewRow().Set(lastStepField, step), nil,
		database.Eq("id", f.id), database.Or(database.Eq(lastStepField, nil)), database.Or(database.Compare(lastStepField, database.Less, step)))
	return row != nil, err
}

// remove forgets the second factor of a user.
func (s *factors) remove(ctx context.Context, userID string) error {
	_, err := s.db.DeleteMany(ctx, s.table, database.Eq("userId", userID))
	return err
}

// setEnabled turns the second factor of a user on or off, and returns the user
// as stored afterwards.
func setEnabled(ctx context.Context, c *core.Context, userID string, on bool) (*core.User, error) {
	return c.Users.Update(ctx, userID, c.Users.Table().NewRow().Set(enabledField, on))
}
