package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
)

// pageSettings is what the page's script reads from the shell.
type pageSettings struct {
	AppName           string   `json:"appName"`
	BasePath          string   `json:"basePath"`
	MinPasswordLength int      `json:"minPasswordLength"`
	MaxPasswordLength int      `json:"maxPasswordLength"`
	DevMail           bool     `json:"devMail"`
	Features          Features `json:"features"`
}

// newShell renders the one HTML document, in which the script finds its settings
// as data: with a policy that forbids inline script there is no other way in, and
// html/template escapes whatever the settings contain.
func newShell(settings Settings) file {
	shell, err := template.New("shell").Parse(string(embedded("dist/index.html")))
	if err != nil {
		panic(fmt.Sprintf("web: parse embedded shell: %v", err))
	}
	encoded, err := json.Marshal(pageSettings(settings))
	if err != nil {
		panic(fmt.Sprintf("web: encode page settings: %v", err)) // strings, numbers and booleans always encode
	}
	var page bytes.Buffer
	err = shell.Execute(&page, struct{ AppName, Settings string }{settings.AppName, string(encoded)})
	if err != nil {
		panic(fmt.Sprintf("web: render shell: %v", err))
	}
	return newFile(page.Bytes(), "text/html; charset=utf-8", revalidate)
}
