package mail

import (
	"fmt"
	"time"
)

// expiry says d in the words of a letter: "5 minutes", "1 hour", "2 days". It
// rounds down, so that no letter promises more time than there is, and uses the
// largest unit of which there are at least two, or exactly one. It is "" for less
// than a second.
func expiry(d time.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{
		{24 * time.Hour, "day"},
		{time.Hour, "hour"},
		{time.Minute, "minute"},
		{time.Second, "second"},
	}
	for _, u := range units {
		if d == u.size {
			return "1 " + u.name
		}
		if d >= 2*u.size {
			return fmt.Sprintf("%d %ss", d/u.size, u.name)
		}
	}
	if d >= time.Second {
		return "1 second"
	}
	return ""
}
