package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/storage"
)

// readyTime is how long the database and the secondary storage may take to
// answer.
const readyTime = 2 * time.Second

// health answers whether the process lives and whether it should get requests.
type health struct {
	database  database.Adapter
	secondary storage.Store // nil when there is none
	secrets   func(context.Context) error
	suits     atomic.Bool // whether the secrets are those of the database
	draining  atomic.Bool
	log       *slog.Logger
}

// alive serves the liveness probe. It depends on nothing: a process whose
// database is away must not be restarted for that.
func (*health) alive(w http.ResponseWriter, _ *http.Request) {
	tell(w, http.StatusOK, "ok", "")
}

// ready serves the readiness probe.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		tell(w, http.StatusServiceUnavailable, "unavailable", "the server is stopping")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	if err := ping(ctx, h.database); err != nil {
		h.log.WarnContext(r.Context(), "not ready", "error", err)
		tell(w, http.StatusServiceUnavailable, "unavailable", "the database does not answer")
		return
	}
	if err := ping(ctx, h.secondary); err != nil {
		h.log.WarnContext(r.Context(), "not ready", "error", err)
		tell(w, http.StatusServiceUnavailable, "unavailable", "the secondary storage does not answer")
		return
	}
	if err := h.checkSecrets(ctx); err != nil {
		h.log.ErrorContext(r.Context(), "not ready", "error", err)
		reason := "the database does not answer"
		if errors.Is(err, core.ErrOtherSecret) {
			reason = "the secret is not that of the database"
		}
		tell(w, http.StatusServiceUnavailable, "unavailable", reason)
		return
	}
	tell(w, http.StatusOK, "ready", "")
}

// checkSecrets finds out whether the secrets are those of the database, until they
// are. What is encrypted later with a secret that this process does not have was
// written by one that replaces it, and is no reason to serve nobody until then.
func (h *health) checkSecrets(ctx context.Context) error {
	if h.suits.Load() {
		return nil
	}
	if err := h.secrets(ctx); err != nil {
		return err
	}
	h.suits.Store(true)
	return nil
}

func tell(w http.ResponseWriter, code int, status, reason string) {
	body, err := json.Marshal(struct {
		Status string `json:"status"`
		Reason string `json:"reason,omitempty"`
	}{status, reason})
	if err != nil {
		panic(err) // two texts always encode
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}
