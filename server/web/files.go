package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"time"
)

//go:embed dist/index.html dist/assets
var dist embed.FS

// Names of assets contain a hash of their content, so a name means the same
// bytes for ever. The shell names the assets, so it must be asked for again;
// its entity tag makes that cheap.
const (
	forever    = "public, max-age=31536000, immutable"
	revalidate = "no-cache"
)

// file is one answer, complete.
type file struct {
	content      []byte
	contentType  string
	cacheControl string
	etag         string
}

func newFile(content []byte, contentType, cacheControl string) file {
	sum := sha256.Sum256(content)
	return file{
		content:      content,
		contentType:  contentType,
		cacheControl: cacheControl,
		etag:         `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`,
	}
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", f.cacheControl)
	header.Set("ETag", f.etag)
	// No modification time: embedded files have none, the entity tag does its work.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// contentTypes is a list of our own because that of package mime is extended
// from the machine's files: the same page would be served differently elsewhere.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets reads the embedded assets, by the path that they are served at.
func assets() handler {
	const folder = "dist/assets"
	entries, err := dist.ReadDir(folder)
	if err != nil {
		panic(fmt.Sprintf("web: list embedded assets: %v", err))
	}
	files := make(handler, len(entries)+len(pages))
	for _, entry := range entries {
		contentType, known := contentTypes[path.Ext(entry.Name())]
		if !known {
			panic(fmt.Sprintf("web: embedded asset %s has no content type", entry.Name()))
		}
		files["/assets/"+entry.Name()] = newFile(embedded(folder+"/"+entry.Name()), contentType, forever)
	}
	return files
}

func embedded(name string) []byte {
	content, err := dist.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("web: read embedded file: %v", err))
	}
	return content
}
