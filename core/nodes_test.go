package core

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/broadcast"
)

// Nodes of several versions share a channel while they are replaced. These messages
// were recorded, and must be understood for ever.
func TestRR_93_MessagesOfOtherVersionsAreUnderstoodOrForgetEverything(t *testing.T) {
	t.Parallel()
	const name = "52ec4a0e1e16fcf4cc4f2ae8cbd3b5e1cdd25a5a1d1fbd0e8c0ec6a0b87a4d0f"
	var log bytes.Buffer
	k := &Kernel{Log: slog.New(slog.NewTextHandler(&log, nil)), watermarks: newWatermarks(&Config{}, true)}
	k.link = broadcast.NewLink(new(broadcast.Hub), broadcast.LinkOptions{Receive: k.hear})
	for _, c := range []struct {
		message string
		mark    mark
	}{
		{name + " 1790000000123 0", mark{revision: 1790000000123}},
		{name + " 0 1790000000123", mark{revoked: 1790000000123}},
		{name + " 1790000000123 0 and more", mark{revision: 1790000000123}}, // of a later version
	} {
		s, m, err := parseNotice(c.message)
		if err != nil || m != c.mark {
			t.Errorf("%s: %+v %v, want %+v", c.message, m, err, c.mark)
		}
		if written := m.notice(s); !strings.HasPrefix(c.message, written) {
			t.Errorf("%s is written as %s", c.message, written)
		}
		before := k.link.Epoch()
		if k.hear(c.message); k.link.Epoch() != before {
			t.Errorf("%s: everything was forgotten", c.message)
		}
	}
	for _, message := range []string{"", "v2:" + name, name, name + " x 0", name[2:] + " 1 1", strings.Repeat("z", 64) + " 1 1"} {
		before := k.link.Epoch()
		if k.hear(message); k.link.Epoch() == before {
			t.Errorf("%q: what is in memory was kept", message)
		}
	}
	if !strings.Contains(log.String(), "not understood") {
		t.Errorf("the log says nothing: %s", log.String())
	}
}
