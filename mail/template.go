package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"
)

// Template writes one kind of letter. Both halves are executed with a [View].
type Template struct {
	// Text writes the plain-text form. It must also define a template named
	// "subject", which writes the subject line. Required.
	Text *texttemplate.Template
	// HTML writes the HTML form. Default nil: the letter is plain text only.
	HTML *htmltemplate.Template
}

// View is what a [Template] sees: a checked [Data] and the name of the application.
type View struct {
	// AppName is the name of the application.
	AppName string
	// To is the recipient's address.
	To string
	// Name is the recipient's name, or "" if it is missing or not fit to be shown.
	Name string
	// URL is where the button leads, or "".
	URL string
	// Code is the one-time code, or "".
	Code string
	// ExpiresIn is how long URL or Code remains valid; zero if unknown.
	ExpiresIn time.Duration
	// Expiry is ExpiresIn in English words, such as "5 minutes", or "".
	Expiry string
	// NewEmail is the address that is to replace To, or "".
	NewEmail string
}

//go:embed templates
var templateFiles embed.FS

// ParseTemplate makes a [Template] from words alone; the look, in HTML and in
// text, is the built-in one. The words are template definitions, which are used for
// both forms and escaped as each needs:
//
//	{{define "subject"}}Bestätige deine Adresse{{end}}
//	{{define "heading"}}Willkommen bei {{.AppName}}{{end}}
//	{{define "intro"}}Bitte bestätige, dass {{.To}} dir gehört.{{end}}
//
// These three are required. Optional, with English defaults, are "lang" (the
// language tag of the HTML form), "preheader" (the preview text in the list of
// messages), "greeting", "button", "fallback" (above the plain link), "expiry",
// "ignore" (what to do if this was not you) and "footer". Definitions may not
// contain HTML: the text form would show it.
func ParseTemplate(words string) (Template, error) {
	text, err := texttemplate.ParseFS(templateFiles, "templates/layout.txt")
	if err != nil {
		return Template{}, fmt.Errorf("parse text layout: %w", err)
	}
	html, err := htmltemplate.ParseFS(templateFiles, "templates/layout.html")
	if err != nil {
		return Template{}, fmt.Errorf("parse HTML layout: %w", err)
	}
	if _, err := text.New("words").Parse(words); err != nil {
		return Template{}, fmt.Errorf("parse words of a letter: %w", err)
	}
	if _, err := html.New("words").Parse(words); err != nil {
		return Template{}, fmt.Errorf("parse words of a letter: %w", err)
	}
	for _, name := range []string{"subject", "heading", "intro"} {
		if text.Lookup(name) == nil {
			return Template{}, fmt.Errorf("parse words of a letter: no definition of %q", name)
		}
	}
	return Template{Text: text, HTML: html}, nil
}

// builtIn returns the template of every kind. The files are parsed on first use,
// for programs that bring all their own.
var builtIn = sync.OnceValues(func() (map[Kind]Template, error) {
	templates := make(map[Kind]Template)
	for _, kind := range Kinds() {
		words, err := templateFiles.ReadFile("templates/" + string(kind) + ".tmpl")
		if err != nil {
			return nil, fmt.Errorf("read built-in letter: %w", err)
		}
		if templates[kind], err = ParseTemplate(string(words)); err != nil {
			return nil, fmt.Errorf("built-in letter %s: %w", kind, err)
		}
	}
	return templates, nil
})

// write executes t. The subject is checked by the caller, with the message.
func (t Template) write(v View) (Message, error) {
	if t.Text == nil {
		return Message{}, errors.New("template has no Text")
	}
	m := Message{To: v.To}
	var subject, text, html strings.Builder
	if err := t.Text.ExecuteTemplate(&subject, "subject", v); err != nil {
		return Message{}, fmt.Errorf("write subject: %w", err)
	}
	m.Subject = strings.TrimSpace(subject.String())
	if err := t.Text.Execute(&text, v); err != nil {
		return Message{}, fmt.Errorf("write text: %w", err)
	}
	m.Text = text.String()
	if t.HTML == nil {
		return m, nil
	}
	if err := t.HTML.Execute(&html, v); err != nil {
		return Message{}, fmt.Errorf("write HTML: %w", err)
	}
	m.HTML = html.String()
	return m, nil
}
