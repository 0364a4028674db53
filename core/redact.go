package core

import (
	"context"
	"log/slog"
	"strings"
)

// redact returns a log handler that hides the values of attributes whose names
// say that they are secret. Types that print themselves as "[redacted]" are the
// first defence; this is the second, for values that lost their type.
func redact(next slog.Handler) slog.Handler { return &redactor{next} }

type redactor struct{ next slog.Handler }

const redacted = "[redacted]"

func (h *redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *redactor) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redactAttr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h *redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redactAttr(a)
	}
	return &redactor{h.next.WithAttrs(clean)}
}

func (h *redactor) WithGroup(name string) slog.Handler { return &redactor{h.next.WithGroup(name)} }

func redactAttr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() == slog.KindGroup {
		members := a.Value.Group()
		clean := make([]slog.Attr, len(members))
		for i, m := range members {
			clean[i] = redactAttr(m)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	}
	if isSecretName(a.Key) {
		return slog.String(a.Key, redacted)
	}
	return a
}

func isSecretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"password", "secret", "token", "cookie", "authorization", "verifier", "otp"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
