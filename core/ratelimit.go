package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/origin"
)

// RateLimitOptions of the limiter, which counts HTTP requests by client address
// and path.
type RateLimitOptions struct {
	// Enabled turns the limiter on or off. Nil means on, except in Development.
	Enabled *bool
	// Window and Max are the rule for paths without one: at most Max requests
	// per Window. Defaults 10 seconds and 100.
	Window time.Duration
	Max    int
	// Storage keeps the counters. Default: the secondary storage if there is one,
	// else memory.
	Storage RateLimitStorage
	// Rules are looked up in order; the first whose path matches replaces the
	// built-in rule.
	Rules []RateLimitRule
	// Table and Columns rename the table of counters in the database.
	Table   string
	Columns map[string]string
}

// RateLimitStorage says where the counters are kept.
type RateLimitStorage string

// The storages of the rate limiter.
const (
	RateLimitInMemory           RateLimitStorage = "memory"            // of one process
	RateLimitInDatabase         RateLimitStorage = "database"          // shared by all nodes
	RateLimitInSecondaryStorage RateLimitStorage = "secondary-storage" // shared by all nodes
)

// RateLimitRule limits the requests to some paths.
type RateLimitRule struct {
	// Path is an endpoint path, which may contain wildcards ("*", "**").
	Path string
	// Match decides instead of Path.
	Match func(path string) bool
	// Window and Max: at most Max requests per Window. Both must be positive.
	Window time.Duration
	Max    int
	// Unlimited exempts the paths from limits.
	Unlimited bool
	// Func decides for each request; current is the rule that would hold, and
	// does hold if Func returns one that is neither Unlimited nor limits anything.
	Func func(r *http.Request, current RateLimitRule) RateLimitRule
}

func (r *RateLimitRule) matches(path string) bool {
	if r.Match != nil {
		return r.Match(path)
	}
	return r.Path == path
}

// limits reports whether the rule says how many requests to allow. One that does
// not and that is not Unlimited was forgotten to be filled in.
func (r *RateLimitRule) limits() bool { return r.Unlimited || (r.Max > 0 && r.Window > 0) }

func (r *RateLimitRule) check() error {
	switch {
	case r.Path == "" && r.Match == nil:
		return errors.New("a rule has neither Path nor Match; say which paths it is for")
	case r.Func == nil && !r.limits():
		return fmt.Errorf("the rule for %q allows %d requests per %v; both must be positive, or set Unlimited", r.Path, r.Max, r.Window)
	}
	return nil
}

// compileRules checks rules and turns paths with wildcards into matching
// functions.
func compileRules(rules []RateLimitRule) ([]RateLimitRule, error) {
	compiled := slices.Clone(rules)
	for i := range compiled {
		r := &compiled[i]
		if err := r.check(); err != nil {
			return nil, err
		}
		if r.Match != nil || !strings.ContainsAny(r.Path, "*?") {
			continue
		}
		pattern, err := origin.CompilePath(r.Path)
		if err != nil {
			return nil, err
		}
		r.Match = pattern.Match
	}
	return compiled, nil
}

// limiter counts requests.
type limiter interface {
	// consume counts a request. It returns how long to wait when there were too
	// many, else 0.
	consume(ctx context.Context, key string, rule RateLimitRule) (time.Duration, error)
}

// unknownClient is the shared bucket of clients whose address is not known.
const unknownClient = "no-trusted-ip"

// limit counts a request and returns the refusal if there were too many.
func (k *Kernel) limit(c *Context, path string) *Response {
	if k.limiter == nil {
		return nil
	}
	rule := k.ruleFor(c.Request, path)
	if rule.Unlimited {
		return nil
	}
	client := c.ClientIP()
	if client == "" {
		client = unknownClient
	}
	wait, err := k.limiter.consume(c, counterKey(client, path), rule)
	if err != nil {
		return k.errorResponse(c, unavailable(1, err))
	}
	if wait <= 0 {
		return nil
	}
	seconds := strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
	return &Response{
		Status: http.StatusTooManyRequests,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Retry-After": {seconds}},
		Body:   []byte(`{"message":"Too many requests. Please try again later."}`),
	}
}

// maxCounterKey bounds the keys of counters, because clients make up paths. Paths
// that are longer share a counter with those that begin like them.
const maxCounterKey = 255

func counterKey(client, path string) string {
	key := client + "|" + path
	return key[:min(len(key), maxCounterKey)]
}

// ruleFor returns the rule of a path: the default, replaced by a built-in one,
// by the first of a plugin, by the first of the application.
func (k *Kernel) ruleFor(r *http.Request, path string) RateLimitRule {
	rule := RateLimitRule{Window: k.config.RateLimit.Window, Max: k.config.RateLimit.Max}
	for _, rules := range [][]RateLimitRule{builtInRules, k.pluginRules, k.rules} {
		for i := range rules {
			if rules[i].matches(path) {
				next := rules[i]
				if next.Func != nil {
					if next = next.Func(r, rule); !next.limits() {
						next = rule
					}
				}
				rule = next
				break
			}
		}
	}
	return rule
}

// builtInRules protect what can be guessed at or makes mail.
var builtInRules = []RateLimitRule{
	{Match: func(path string) bool {
		return strings.HasPrefix(path, "/sign-in") || strings.HasPrefix(path, "/sign-up") ||
			strings.HasPrefix(path, "/change-password") || strings.HasPrefix(path, "/change-email")
	}, Window: 10 * time.Second, Max: 3},
	{Match: func(path string) bool {
		switch path {
		case "/request-password-reset", "/send-verification-email", "/email-otp/send-verification-otp", "/email-otp/request-password-reset":
			return true
		}
		return strings.HasPrefix(path, "/forget-password")
	}, Window: time.Minute, Max: 3},
}
