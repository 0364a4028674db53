package pages

import "html/template"

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

var pageTemplate = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Something went wrong · {{.App}}</title>
<style>` + style + `</style>
</head>
<body>
<main>
<h1>Something went wrong</h1>
<p>{{if .Description}}{{.Description}}{{else}}The request could not be completed. Go back and try again.{{end}}</p>
<p>Error code: <code>{{.Code}}</code></p>
</main>
</body>
</html>
`))
