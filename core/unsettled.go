package core

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// The copy of a session or of its user in the secondary storage is marked as
// unsettled before the database is changed, and is replaced or removed after that
// is committed. While it is marked the database is asked. So a copy that could not
// be replaced, because the storage or the node was gone by then, is never believed,
// and a change that cannot be marked is refused before anything has happened.

const (
	unsettledMember = "unsettled"
	// unsettledPrefix begins the key of a mark for a session that has no copy,
	// which keeps one from being made of what is about to change.
	unsettledPrefix = "unsettled-session-"
	// settling is how long a change may take from its mark to its commit, with
	// room for clocks that differ. A mark that is older was left behind: whoever
	// reads it replaces the copy by what the database says.
	settling = time.Minute
)

// newMark returns a mark, which no other one equals.
func (k *Kernel) newMark() string {
	return strconv.FormatInt(k.Now().UnixMilli(), 10) + "-" + k.Random.Token(8)
}

// leftBehind reports whether the change of which a mark tells has ended.
func (k *Kernel) leftBehind(mark string) bool {
	made, _, _ := strings.Cut(mark, "-")
	at, err := strconv.ParseInt(made, 10, 64)
	return err != nil || k.Now().Sub(time.UnixMilli(at)) > settling
}

// unsettle marks the copies of sessions.
func (s *storedSessions) unsettle(ctx context.Context, mark string, tokens ...string) error {
	for _, token := range tokens {
		if err := s.unsettleOne(ctx, mark, token); err != nil {
			return err
		}
	}
	return nil
}

func (s *storedSessions) unsettleOne(ctx context.Context, mark, token string) error {
	present := false
	again := func(text string) (string, time.Duration, bool, error) {
		stored := s.parse(token, text)
		if present = stored != nil; !present {
			return "", 0, true, nil
		}
		left := s.k.timeLeft(stored.row.TimeAt(schema.SessionExpiresAt))
		return encodeStoredSession(stored.members, stored.copied, mark), left, left == 0, nil
	}
	if err := s.k.swap(ctx, s.store, token, again); err != nil || present {
		return err
	}
	if err := s.store.Set(ctx, unsettledPrefix+token, mark, settling); err != nil {
		return err
	}
	return s.k.swap(ctx, s.store, token, again) // a copy that was made before the mark was seen
}

// settles takes a mark away if it is the one that the copy has.
func (v *storedSession) settles(mark string) {
	if v.mark == mark {
		v.mark = ""
	}
}
