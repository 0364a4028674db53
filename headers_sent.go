package ostiary

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// watched is a response that knows whether its header has been sent, so that
// what needs cookies can fail before it changes anything.
type watched struct {
	http.ResponseWriter

	sent bool
}

// watch returns the response as one that knows. What the response can do beyond
// http.ResponseWriter it can still do.
func watch(w http.ResponseWriter) http.ResponseWriter {
	if _, ok := w.(interface{ Written() bool }); ok {
		return w
	}
	known := &watched{ResponseWriter: w}
	_, flushes := w.(http.Flusher)
	_, hijacks := w.(http.Hijacker)
	switch {
	case flushes && hijacks:
		return struct {
			*watched
			flusher
			hijacker
		}{known, flusher{known}, hijacker{known}}
	case flushes:
		return struct {
			*watched
			flusher
		}{known, flusher{known}}
	case hijacks:
		return struct {
			*watched
			hijacker
		}{known, hijacker{known}}
	}
	return known
}

// headersSent reports whether the header of a response is known to have been
// sent. It looks through responses that wrap others.
func headersSent(w http.ResponseWriter) bool {
	for w != nil {
		if known, ok := w.(interface{ Written() bool }); ok {
			return known.Written()
		}
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = wrapper.Unwrap()
	}
	return false
}

// Written reports whether the header has been sent.
func (w *watched) Written() bool { return w.sent }

// Unwrap returns the response that is watched, for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter {
	return w.ResponseWriter
}

func (w *watched) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.sent = true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	w.sent = true
	return w.ResponseWriter.Write(p)
}

// ReadFrom lets the response copy from files in its own way.
func (w *watched) ReadFrom(from io.Reader) (int64, error) {
	w.sent = true
	return io.Copy(w.ResponseWriter, from)
}

type flusher struct{ of *watched }

func (f flusher) Flush() {
	f.of.sent = true
	f.of.ResponseWriter.(http.Flusher).Flush()
}

type hijacker struct{ of *watched }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.of.sent = true
	return h.of.ResponseWriter.(http.Hijacker).Hijack()
}
