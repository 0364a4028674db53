package core_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// The cause is what whoever reads the log wants, and nobody else may see.
func TestLogsShowTheCauseOfAnErrorAndAnswersDoNot(t *testing.T) {
	t.Parallel()
	failed := core.Fail(503, api.Code{Code: "BUSY", Message: "Later."}).Because(errors.New("connection refused"))
	for name, handler := range map[string]func(*strings.Builder) slog.Handler{
		"json": func(b *strings.Builder) slog.Handler { return slog.NewJSONHandler(b, nil) },
		"text": func(b *strings.Builder) slog.Handler { return slog.NewTextHandler(b, nil) },
	} {
		var written strings.Builder
		slog.New(handler(&written)).Error("request failed", "error", failed)
		if !strings.Contains(written.String(), "503 Service Unavailable BUSY: Later.: connection refused") {
			t.Errorf("%s: %s", name, written.String())
		}
	}
	if body, err := failed.MarshalJSON(); err != nil || strings.Contains(string(body), "refused") {
		t.Errorf("answered as %s, %v", body, err)
	}
}
