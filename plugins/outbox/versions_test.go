package outbox_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database/memory"
)

// Nodes of several versions share an outbox while they are replaced. These mails
// were recorded, and must be delivered for ever.
func TestRR_93_MailsThatOtherVersionsHaveStoredAreDelivered(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/stored-mails.json")
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]string
	if err := json.Unmarshal(text, &stored); err != nil || len(stored) != 2 {
		t.Fatalf("%d mails: %v", len(stored), err)
	}
	for version, content := range stored {
		t.Run(version, func(t *testing.T) {
			isolated(t, func(t *testing.T) {
				o := &office{}
				n := open(t, keepOpen{memory.New()}, o, nil)
				defer n.shut(t)
				db, now := n.Kernel().DB, time.Now()
				row := db.Table("ostiaryMail").NewRow().Set("kind", "verification").Set("content", content).
					Set("attempts", int64(0)).Set("createdAt", now).Set("dueAt", now)
				if _, err := db.Create(t.Context(), row); err != nil {
					t.Fatal(err)
				}
				n.Start()
				later(time.Minute)
				if _, taken := o.seen(); len(taken) != 1 || taken[0] != "ada@example.com" {
					t.Errorf("taken: %v", taken)
				}
			})
		})
	}
}
