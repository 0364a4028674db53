package core

import (
	"context"
	"slices"

	"github.com/ostiary/ostiary/internal/coalesce"
	"github.com/ostiary/ostiary/storage"
)

// storedLookup reads sessions from the secondary storage, each with the time before
// which those of its user have ended. Where a trip to the storage takes several
// keys, requests that wait at the same time share one; and of a session that was
// read before the user is known, so that both keys travel together.
type storedLookup struct {
	sessions *storedSessions
	read     func(ctx context.Context, keys []string) ([]string, error)
	together func() bool // whether requests share trips
	group    coalesce.Group[storedAnswer]

	// What was read lately is not parsed again when it is read unchanged.
	parsed generations[*storedSession]
}

// storedAnswer is what the storage says of a token.
type storedAnswer struct {
	session *storedSession // of everybody who asked, so never changed; nil if there is none
	missing bool           // there is no value at all, rather than a session that has ended
}

// newStoredLookup returns a lookup that reads from the storage's memory of this
// process if it has one, unless there is one of the kernel, which must not be
// filled with what may be outdated by a moment.
func newStoredLookup(s *storedSessions) *storedLookup {
	l := &storedLookup{sessions: s, parsed: generations[*storedSession]{size: generationSize}}
	l.group.One, l.group.Many = l.one, l.many
	l.together = func() bool { return false }
	if cached, ok := s.store.(storage.CachedReader); ok && cached.Caches() && !s.k.config.Session.Memory.Enabled {
		l.read = cached.GetCached
		return l
	}
	l.read = func(ctx context.Context, keys []string) ([]string, error) { return storage.GetMany(ctx, s.store, keys) }
	if many, ok := s.store.(storage.ManyReader); ok {
		l.together = many.SharesTrips
	}
	return l
}

func (l *storedLookup) find(ctx context.Context, token string) (storedAnswer, error) {
	if !l.together() || l.sessions.k.DB.Transacting(ctx) {
		return l.one(ctx, token)
	}
	answer, _, err := l.group.Get(ctx, token)
	return answer, err
}

func (l *storedLookup) one(ctx context.Context, token string) (storedAnswer, error) {
	answers, err := l.many(ctx, []string{token})
	if err != nil {
		return storedAnswer{}, err
	}
	return answers[0], nil
}

// many reads the sessions of tokens. When they were revoked is read in the same
// trip for sessions whose user is known from before, and in a second for others.
func (l *storedLookup) many(ctx context.Context, tokens []string) ([]storedAnswer, error) {
	known := make([]*storedSession, len(tokens))
	keys := slices.Grow(slices.Clone(tokens), len(tokens))
	for i, token := range tokens {
		if before, ok := l.parsed.get(token); ok {
			known[i] = before
			keys = append(keys, revokedPrefix+before.user.ID())
		}
	}
	values, err := l.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	answers := make([]storedAnswer, len(tokens))
	var strangers []int
	marks := values[len(tokens):]
	for i, token := range tokens {
		session := l.parse(ctx, token, values[i], known[i])
		answers[i] = storedAnswer{session: session, missing: values[i] == ""}
		switch {
		case known[i] == nil:
			if session != nil {
				strangers = append(strangers, i)
			}
			continue
		case session != nil && session.user.ID() != known[i].user.ID():
			strangers = append(strangers, i)
		default:
			answers[i].dropIfBegunBefore(marks[0])
		}
		marks = marks[1:]
	}
	return answers, l.dropRevoked(ctx, answers, strangers)
}

// dropRevoked takes away which of some answers are sessions that were revoked.
func (l *storedLookup) dropRevoked(ctx context.Context, answers []storedAnswer, which []int) error {
	if len(which) == 0 {
		return nil
	}
	keys := make([]string, len(which))
	for i, at := range which {
		keys[i] = revokedPrefix + answers[at].session.user.ID()
	}
	marks, err := l.read(ctx, keys)
	if err != nil {
		return err
	}
	for i, at := range which {
		answers[at].dropIfBegunBefore(marks[i])
	}
	return nil
}

// dropIfBegunBefore takes away a session that was begun before the time of a mark.
func (a *storedAnswer) dropIfBegunBefore(mark string) {
	if a.session != nil && a.session.begunBefore(parseMark(mark)) {
		a.session = nil
	}
}

// parse returns the session that a text is, or nil. The one known from before is
// returned if it was made of the same text.
func (l *storedLookup) parse(ctx context.Context, token, text string, known *storedSession) *storedSession {
	switch {
	case text == "":
		return nil
	case known != nil && known.text == text:
		return known
	}
	session := l.sessions.parse(token, text)
	if session == nil {
		l.sessions.k.Log.ErrorContext(ctx, "a value in the secondary storage is not a session")
		return nil
	}
	if len(text) <= maxRemembered {
		id := session.identity()
		session.remembered = &id
		l.parsed.put(token, session)
	}
	return session
}
