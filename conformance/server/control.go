package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

const secret = "conformance-secret-0123456789-abcdefghijklmnopqrstuvwxyz"

// server is the server under test with its control endpoints.
type server struct {
	profile   profile
	publicURL string
	outbound  string

	mu     sync.RWMutex // held for reading by requests, for writing by reset
	auth   *ostiary.Auth
	clock  clock
	outbox outbox
	stores int                                              // how many secondary storages there were
	pass   func(ctx context.Context, d time.Duration) error // lets time pass for the secondary storage
	broken error                                            // why a profile cannot be configured
	calls  map[string]func(ctx context.Context, args json.RawMessage) (any, error)
}

// clock is a clock that scenarios can move forward.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// outbox keeps what callbacks were given.
type outbox struct {
	mu      sync.Mutex
	entries []map[string]any
}

func (o *outbox) add(kind string, entry map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	entry["kind"] = kind
	o.entries = append(o.entries, entry)
}

func (o *outbox) list() []map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]map[string]any{}, o.entries...)
}

// reset makes everything as freshly started.
func (s *server) reset(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth != nil {
		if err := s.auth.Close(ctx); err != nil {
			return err
		}
	}
	s.clock.advance(-s.clock.offset)
	s.outbox.entries = nil
	s.calls = map[string]func(context.Context, json.RawMessage) (any, error){}
	off := false
	o := ostiary.Options{
		BaseURL:     ostiary.StaticURL(s.publicURL),
		Secret:      secret,
		Development: true,
		RateLimit:   core.RateLimitOptions{Enabled: &off},
		Logger:      slog.New(slog.NewTextHandler(logOutput(), nil)),
		Advanced:    ostiary.AdvancedOptions{Now: s.clock.now, HTTPClient: s.client()},
	}
	if !s.profile.stateless {
		var err error
		if o.Database, err = openDatabase(ctx); err != nil {
			return err
		}
	}
	s.pass, s.broken = nil, nil
	s.profile.configure(s, &o)
	if s.broken != nil {
		return s.broken
	}
	auth, err := ostiary.New(o)
	if err != nil {
		return err
	}
	s.auth = auth
	if _, hasTables := o.Database.(migrate.Database); hasTables {
		if err := auth.Migrate(ctx); err != nil {
			return err
		}
	}
	if s.profile.seed == nil {
		return nil
	}
	return s.profile.seed(ctx, auth)
}

func logOutput() io.Writer {
	if os.Getenv("DEBUG") != "" {
		return os.Stderr
	}
	return io.Discard
}

// client sends outgoing requests to the simulated internet.
func (s *server) client() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		Transport:     detour{s.outbound},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type detour struct{ to string }

// RoundTrip sends a request for scheme://host/path to <to>/scheme/host/path.
func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	target, err := url.Parse(d.to + "/" + r.URL.Scheme + "/" + r.URL.Host + r.URL.EscapedPath())
	if err != nil {
		return nil, err
	}
	target.RawQuery = r.URL.RawQuery
	r = r.Clone(r.Context())
	r.URL, r.Host = target, target.Host
	return http.DefaultTransport.RoundTrip(r)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/__test/") {
		s.mu.RLock()
		defer s.mu.RUnlock()
		s.auth.ServeHTTP(w, r)
		return
	}
	answer, err := s.control(r)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		answer = map[string]any{"error": err.Error()}
	}
	body, err := jstext.Append(nil, answer)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body)
}

func (s *server) control(r *http.Request) (any, error) {
	what, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/__test/"), "/")
	if what == "reset" {
		return map[string]any{"ok": true}, s.reset(r.Context())
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch what {
	case "clock":
		var in struct{ AdvanceMs int64 }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return nil, err
		}
		d := time.Duration(in.AdvanceMs) * time.Millisecond
		s.clock.advance(d)
		if s.pass != nil {
			if err := s.pass(r.Context(), d); err != nil {
				return nil, err
			}
		}
		return map[string]any{"ok": true}, nil
	case "outbox":
		return s.outbox.list(), nil
	case "schema":
		return s.tables(r.Context())
	case "call":
		return s.call(r)
	case "db":
		if r.Method == http.MethodPost {
			return map[string]any{"ok": true}, s.insert(r, rest)
		}
		return s.rows(r.Context(), rest)
	}
	return nil, fmt.Errorf("unknown control endpoint %q", what)
}

// tables returns the tables of the database with their columns.
func (s *server) tables(ctx context.Context) (any, error) {
	tables := map[string]any{}
	db, ok := s.auth.Kernel().DB.Adapter().(migrate.Database)
	if !ok {
		return tables, nil
	}
	return tables, db.Inspect(ctx, func(c migrate.Connection) error {
		catalog, err := c.Catalog(ctx)
		if err != nil {
			return err
		}
		for _, t := range catalog.Tables {
			names := []string{}
			for _, column := range t.Columns {
				names = append(names, column.Name)
			}
			slices.Sort(names)
			tables[t.Name] = names
		}
		return nil
	})
}

func (s *server) rows(ctx context.Context, model string) (any, error) {
	db := s.auth.Kernel().DB
	table := db.Table(model)
	if table == nil {
		return nil, fmt.Errorf("unknown model %q", model)
	}
	q := database.Query{Table: table, Limit: 1000}
	if db.Adapter().Capabilities().Remote && table.Field("createdAt") != nil {
		q.Sort = []database.Sort{{Field: "createdAt"}} // the order in which others return them by themselves
	}
	records, err := db.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	rows := []any{}
	for _, rec := range records {
		row := map[string]any{}
		for i := range table.Fields {
			row[table.Fields[i].Name] = jsonValue(rec.At(i))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// jsonValue returns a value in the form in which it is shown.
func jsonValue(v any) any {
	if t, ok := v.(time.Time); ok {
		return api.Time{Time: t}
	}
	return v
}

func (s *server) insert(r *http.Request, model string) error {
	var in struct{ Rows []map[string]any }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return err
	}
	db := s.auth.Kernel().DB
	table := db.Table(model)
	if table == nil {
		return fmt.Errorf("unknown model %q", model)
	}
	for _, members := range in.Rows {
		row := table.NewRow()
		for name, v := range members {
			row.Set(name, valueOf(table.Field(name), v))
		}
		if _, err := db.Create(r.Context(), row); err != nil {
			return err
		}
	}
	return nil
}

// valueOf turns a decoded JSON value into the Go type of a field.
func valueOf(f *schema.Field, v any) any {
	switch v := v.(type) {
	case string:
		if f != nil && f.Type == schema.Date {
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return t.UTC()
			}
		}
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

// call makes a server-side call.
func (s *server) call(r *http.Request) (any, error) {
	var in struct {
		Name string
		Args json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	data, err := s.dispatch(r.Context(), in.Name, in.Args)
	if err == nil {
		return map[string]any{"ok": true, "data": data}, nil
	}
	var failed *core.APIError
	if !errors.As(err, &failed) {
		return map[string]any{"ok": false, "status": 500, "error": map[string]any{"message": err.Error()}}, nil
	}
	var body any
	if failed.Code != "" || failed.Message != "" {
		body = failed
	}
	return map[string]any{"ok": false, "status": failed.Status, "error": body}, nil
}

func (s *server) dispatch(ctx context.Context, name string, args json.RawMessage) (any, error) {
	if own := s.calls[name]; own != nil {
		return own(ctx, args)
	}
	var in struct {
		Body    any
		Query   map[string]any
		Headers map[string]string
	}
	if len(args) > 0 {
		if err := json.Unmarshal(args, &in); err != nil {
			return nil, err
		}
	}
	query, header := url.Values{}, http.Header{}
	for k, v := range in.Query {
		query.Set(k, fmt.Sprint(v))
	}
	for k, v := range in.Headers {
		header.Set(k, v)
	}
	result, err := s.auth.Kernel().InvokeNamed(ctx, strings.TrimPrefix(name, "api."), core.Input{Body: in.Body, Query: query}, core.Call{Header: header})
	return result.Value, err
}
