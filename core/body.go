package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"

	defaultMaxBody = 1 << 20
)

// readBody decodes the request body into c.Body.
func (c *Context) readBody() error {
	c.Body = route.Absent
	r := c.Request
	if c.spec.NoBody || r.Body == nil || r.Body == http.NoBody || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	data, err := c.readAll(r.Body)
	if err != nil || len(data) == 0 {
		return err
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		return nil
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == mediaJSON:
		c.Body, err = decodeJSON(data)
	case media == mediaForm && c.spec.Forms:
		c.Body, err = decodeForm(data)
	default:
		return unsupportedMedia(contentType, c.spec.Forms)
	}
	return err
}

func (c *Context) readAll(body io.Reader) ([]byte, error) {
	limit := min(c.config.MaxBodyBytes, math.MaxInt64-1)
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || int64(len(data)) > limit {
		return nil, Fail(http.StatusRequestEntityTooLarge, api.PayloadTooLarge)
	}
	if err != nil {
		return nil, Fail(http.StatusBadRequest, api.InvalidJSON).Because(err)
	}
	return data, nil
}

func decodeJSON(data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, Fail(http.StatusBadRequest, api.InvalidJSON)
	}
	return v, nil
}

// decodeForm decodes a form into an object of strings; of a name given several
// times the last value counts.
func decodeForm(data []byte) (any, error) {
	values, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, FailWith(http.StatusBadRequest, "BAD_REQUEST", "Invalid form in request body")
	}
	members := make(map[string]any, len(values))
	for name, list := range values {
		members[name] = list[len(list)-1]
	}
	return members, nil
}

func unsupportedMedia(contentType string, forms bool) error {
	allowed := mediaJSON
	if forms {
		allowed = mediaForm + ", " + mediaJSON
	}
	if len(contentType) > 200 {
		contentType = contentType[:200]
	}
	return FailWith(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", `Content-Type "`+contentType+`" is not allowed. Allowed types: `+allowed)
}
