package postgres

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/internal/sqldb"
)

// statements are what a pool and a transaction of pgx have in common.
type statements interface {
	Query(ctx context.Context, text string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error)
}

// pool runs statements on a pool of pgx.
type pool struct{ *pgxpool.Pool }

func (p pool) Query(ctx context.Context, text string, args []any, read func([]any) error) (int, error) {
	return query(ctx, p.Pool, text, args, read)
}

func (p pool) Exec(ctx context.Context, text string, args []any) (int64, error) {
	tag, err := p.Pool.Exec(ctx, text, args...)
	return tag.RowsAffected(), err
}

func (p pool) Begin(ctx context.Context) (sqldb.NativeTransaction, error) {
	tx, err := p.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return nil, err
	}
	return transaction{tx}, nil
}

// transaction runs statements in a transaction of pgx.
type transaction struct{ pgx.Tx }

func (t transaction) Query(ctx context.Context, text string, args []any, read func([]any) error) (int, error) {
	return query(ctx, t.Tx, text, args, read)
}

func (t transaction) Exec(ctx context.Context, text string, args []any) (int64, error) {
	tag, err := t.Tx.Exec(ctx, text, args...)
	return tag.RowsAffected(), err
}

func query(ctx context.Context, on statements, text string, args []any, read func([]any) error) (int, error) {
	rows, err := on.Query(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return readRows(rows, read)
}

// readRows reads rows without a detour through the types of pgx: what there is of
// text, numbers and times is decoded here.
func readRows(rows pgx.Rows, read func([]any) error) (n int, err error) {
	defer rows.Close()
	for rows.Next() {
		raw, columns := rows.RawValues(), rows.FieldDescriptions()
		values := make([]any, len(raw))
		for i := range raw {
			if values[i], err = decode(rows.Conn(), &columns[i], raw[i]); err != nil {
				return n, fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
		}
		n++
		if err := read(values); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

var errMalformed = errors.New("the database sent a value of the wrong size")

// epoch is where the times of PostgreSQL begin, in milliseconds and microseconds
// since 1970.
const epoch = 946684800 * 1e6

// decode returns a value as database/sql would have it. The types in binary form
// are those that pgx asks for in that form; the rest is text, or left to pgx.
func decode(conn *pgx.Conn, column *pgconn.FieldDescription, raw []byte) (any, error) {
	if raw == nil {
		return nil, nil
	}
	switch column.DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.JSONOID:
		return string(raw), nil
	}
	if column.Format == pgtype.TextFormatCode {
		if column.DataTypeOID == pgtype.BoolOID {
			return string(raw) == "t", nil
		}
		return string(raw), nil
	}
	switch column.DataTypeOID {
	case pgtype.JSONBOID:
		if len(raw) > 0 && raw[0] == 1 { // the version of the format
			return string(raw[1:]), nil
		}
		return nil, errMalformed
	case pgtype.BoolOID:
		if len(raw) == 1 {
			return raw[0] == 1, nil
		}
		return nil, errMalformed
	case pgtype.UUIDOID:
		if len(raw) == 16 {
			return uuidText(raw), nil
		}
		return nil, errMalformed
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return decodeInteger(raw)
	case pgtype.TimestamptzOID, pgtype.TimestampOID:
		micros, err := decodeInteger(raw)
		if n, ok := micros.(int64); ok && n != math.MaxInt64 && n != math.MinInt64 { // which are the infinities
			return time.UnixMicro(n + epoch).UTC(), nil
		}
		return nil, err
	}
	var value string
	err := conn.TypeMap().Scan(column.DataTypeOID, column.Format, raw, &value)
	return value, err
}

func decodeInteger(raw []byte) (any, error) {
	switch len(raw) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	case 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case 8:
		return int64(binary.BigEndian.Uint64(raw)), nil
	}
	return nil, errMalformed
}

func uuidText(raw []byte) string {
	var text [36]byte
	hex.Encode(text[:8], raw[:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
