package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String is text that must not appear in logs, errors or JSON: however it is
// printed, it reads "[redacted]". Its zero value is the empty secret.
type String string

// Reveal returns the text itself.
func (s String) Reveal() string { return string(s) }

// String returns "[redacted]".
func (String) String() string { return redacted }

// GoString returns "[redacted]".
func (String) GoString() string { return redacted }

// Format prints "[redacted]" for every verb, even for one that does not fit.
func (String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]".
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]" as a JSON string.
func (String) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "[redacted]".
func (String) LogValue() slog.Value { return slog.StringValue(redacted) }
