package pages

import (
	"html"
	"strings"
)

// style is the style sheet of the page, styleHash its SHA-256, by which the
// content security policy allows it. A test compares them.
const style = `
:root{color-scheme:light dark;font-family:system-ui,sans-serif;line-height:1.5}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{max-width:28rem;padding:2rem}
h1{font-size:1.4rem;margin:0 0 .5rem}
code{padding:.1rem .4rem;border:1px solid GrayText;border-radius:.3rem}
`

const styleHash = "BuV/mbrF50SmnV/cCbSc11nvP+AKPCNrdWHI4eyhZiU="

type pageData struct{ App, Code, Description string }

// html returns the page. It is put together by hand: a template engine calls
// methods by name, and so the linker keeps every method of a program that has
// one, which is megabytes. All three values stand in texts, never in attributes.
func (d pageData) html() []byte {
	description := d.Description
	if description == "" {
		description = "The request could not be completed. Go back and try again."
	}
	return []byte(strings.NewReplacer(
		"{{style}}", style,
		"{{app}}", html.EscapeString(d.App),
		"{{code}}", html.EscapeString(d.Code),
		"{{description}}", html.EscapeString(description),
	).Replace(page))
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Something went wrong · {{app}}</title>
<style>{{style}}</style>
</head>
<body>
<main>
<h1>Something went wrong</h1>
<p>{{description}}</p>
<p>Error code: <code>{{code}}</code></p>
</main>
</body>
</html>
`
