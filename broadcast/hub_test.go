package broadcast_test

import (
	"testing"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/broadcast/broadcasttest"
)

func TestHub(t *testing.T) {
	t.Parallel()
	var latest *broadcast.Hub
	broadcasttest.Run(t, broadcasttest.Options{
		Open: func(*testing.T) (one, two broadcast.Channel) {
			latest = new(broadcast.Hub)
			return latest, latest
		},
		Cut: func(*testing.T) { latest.TakeDown(); latest.BringUp() },
	})
}
