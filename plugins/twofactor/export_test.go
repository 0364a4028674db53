package twofactor

import (
	"net/url"
	"strconv"
	"time"
)

// CodeOf returns the code that an app which has read a URI shows at a time.
func CodeOf(uri string, now time.Time) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	key, _ := keyOf(importedPrefix + u.Query().Get("secret"))
	digits, _ := strconv.Atoi(u.Query().Get("digits"))
	period, _ := strconv.Atoi(u.Query().Get("period"))
	return generator{key, digits, time.Duration(period) * time.Second}.code(now)
}
