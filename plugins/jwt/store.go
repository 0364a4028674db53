package jwt

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// KeyStore keeps keys.
type KeyStore interface {
	// Keys returns all keys, also those that sign no more.
	Keys(ctx context.Context) ([]StoredKey, error)
	// AddKey stores a key and returns it with its id.
	AddKey(ctx context.Context, k StoredKey) (StoredKey, error)
}

// tableStore keeps keys in the table "jwks".
type tableStore struct {
	db    *database.DB
	table *schema.Table
}

// maxKeys bounds how many keys are read, the newest first.
const maxKeys = 1000

func (s *tableStore) Keys(ctx context.Context) ([]StoredKey, error) {
	rows, err := s.db.FindMany(ctx, database.Query{Table: s.table, Sort: []database.Sort{{Field: "createdAt", Descending: true}}, Limit: maxKeys})
	if err != nil {
		return nil, err
	}
	keys := make([]StoredKey, len(rows))
	for i := range rows {
		keys[i] = storedKeyOf(rows[i].Row)
	}
	return keys, nil
}

func (s *tableStore) AddKey(ctx context.Context, k StoredKey) (StoredKey, error) {
	row := s.table.NewRow().Set("publicKey", k.PublicKey).Set("privateKey", k.PrivateKey).Set("createdAt", k.CreatedAt).Set("alg", string(k.Algorithm))
	if k.Curve != "" {
		row.Set("crv", k.Curve)
	}
	if !k.ExpiresAt.IsZero() {
		row.Set("expiresAt", k.ExpiresAt)
	}
	stored, err := s.db.Create(ctx, row)
	if err != nil {
		return StoredKey{}, err
	}
	return storedKeyOf(stored), nil
}

func storedKeyOf(row schema.Row) StoredKey {
	text := func(name string) string {
		s, _ := row.Get(name).(string)
		return s
	}
	k := StoredKey{ID: row.ID(), PublicKey: text("publicKey"), PrivateKey: text("privateKey"), Algorithm: Algorithm(text("alg")), Curve: text("crv")}
	k.CreatedAt, _ = row.Get("createdAt").(time.Time)
	k.ExpiresAt, _ = row.Get("expiresAt").(time.Time)
	return k
}
