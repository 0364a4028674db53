package mail_test

import (
	"bytes"
	"errors"
	htmltemplate "html/template"
	"strings"
	"sync"
	"testing"
	texttemplate "text/template"
	"time"

	"github.com/ostiary/ostiary/mail"
)

const link = "https://acme.example/verify?token=abc&callbackURL=%2F"

// letters are the methods of Templates, by kind.
func letters(t mail.Templates) map[mail.Kind]func(mail.Data) (mail.Message, error) {
	return map[mail.Kind]func(mail.Data) (mail.Message, error){
		mail.KindVerification:     t.Verification,
		mail.KindPasswordReset:    t.PasswordReset,
		mail.KindChangeEmail:      t.ChangeEmail,
		mail.KindDeleteAccount:    t.DeleteAccount,
		mail.KindExistingAccount:  t.ExistingAccount,
		mail.KindPasswordWasReset: t.PasswordWasReset,
		mail.KindMagicLink:        t.MagicLink,
		mail.KindOneTimeCode:      t.OneTimeCode,
	}
}

// complete is what a letter of this kind usually gets.
func complete(kind mail.Kind) mail.Data {
	d := mail.Data{To: "ada@example.com", Name: "Ada Lovelace", ExpiresIn: time.Hour}
	switch kind {
	case mail.KindOneTimeCode:
		d.Code = "135790"
	case mail.KindChangeEmail:
		d.NewEmail = "ada@new.example"
		d.URL = link
	default:
		d.URL = link
	}
	return d
}

func TestEveryLetterSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for kind, write := range letters(mail.Templates{AppName: "Acme & Söhne"}) {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			d := complete(kind)
			m, err := write(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Validate(); err != nil {
				t.Error(err)
			}
			if m.To != d.To {
				t.Errorf("to %q, want %q", m.To, d.To)
			}
			text := []string{"Hello Ada Lovelace,", "Acme & Söhne sent this message to ada@example.com.", "If this was not you, ", "expires in 1 hour.", "\n-- \n"}
			html := []string{
				"Hello Ada Lovelace,", "Acme &amp; Söhne sent this message to ada@example.com.", "If this was not you, ", "expires in 1 hour.",
				"prefers-color-scheme: dark", "display:none", `lang="en"`, "<title>",
			}
			if d.URL != "" {
				text = append(text, "\n"+link+"\n")
				html = append(html, `<a href="https://acme.example/verify?token=abc&amp;callbackURL=%2F" style=`, ">https://acme.example/verify?token=abc&amp;callbackURL=%2F</a>")
			}
			if d.Code != "" {
				text = append(text, "\n    135790\n")
				html = append(html, ">135790</p>")
			}
			if d.NewEmail != "" {
				text = append(text, d.NewEmail)
				html = append(html, d.NewEmail)
			}
			contains(t, "text", m.Text, text...)
			contains(t, "HTML", m.HTML, html...)
			if strings.Contains(m.Subject, "135790") {
				t.Errorf("the subject %q shows the code", m.Subject)
			}
			for _, remains := range []string{"{{", "}}", "<no value>", "ZgotmplZ"} {
				if strings.Contains(m.Text+m.HTML, remains) {
					t.Errorf("%q remains of the template", remains)
				}
			}
		})
	}
}

func contains(t *testing.T, what, s string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(s, part) {
			t.Errorf("the %s lacks %q:\n%s", what, part, s)
		}
	}
}

func TestLettersDiffer(t *testing.T) {
	t.Parallel()
	subjects := map[string]mail.Kind{}
	all := letters(mail.Templates{})
	for _, kind := range mail.Kinds() {
		m, err := all[kind](complete(kind))
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := subjects[m.Subject]; taken {
			t.Errorf("%s and %s have the subject %q", kind, other, m.Subject)
		}
		subjects[m.Subject] = kind
	}
	if len(all) != len(mail.Kinds()) {
		t.Errorf("%d letters, but %d kinds", len(all), len(mail.Kinds()))
	}
}

func TestLettersLeaveOutWhatIsUnknown(t *testing.T) {
	t.Parallel()
	m, err := mail.Templates{}.ExistingAccount(mail.Data{To: "ada@example.com", ExpiresIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "text", m.Text, "Hello,\n", "for Ostiary with")
	for _, unwanted := range []string{"http", "expires"} {
		if strings.Contains(m.Text, unwanted) {
			t.Errorf("the text has %q:\n%s", unwanted, m.Text)
		}
	}
	if strings.Contains(m.HTML, "href") || strings.Contains(m.HTML, "expires") {
		t.Errorf("the HTML has a link or a time limit:\n%s", m.HTML)
	}
}

func TestLettersLackingTheirPurposeAreNotWritten(t *testing.T) {
	t.Parallel()
	all := letters(mail.Templates{})
	for kind, field := range map[mail.Kind]string{
		mail.KindVerification: "URL", mail.KindPasswordReset: "URL", mail.KindChangeEmail: "URL",
		mail.KindDeleteAccount: "URL", mail.KindMagicLink: "URL", mail.KindOneTimeCode: "Code",
	} {
		_, err := all[kind](mail.Data{To: "ada@example.com", NewEmail: "ada@new.example"})
		if err == nil || !strings.HasSuffix(err.Error(), field+": missing") {
			t.Errorf("%s without %s: error %v", kind, field, err)
		}
	}
	if _, err := all[mail.KindChangeEmail](mail.Data{To: "ada@example.com", URL: link}); err == nil || !strings.HasSuffix(err.Error(), "NewEmail: missing") {
		t.Errorf("change of address without the new one: error %v", err)
	}
}

func TestHostileDataIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*mail.Data)
		field  string
	}{
		"markup in address":   {func(d *mail.Data) { d.To = `v@x.example,<a href="https://evil.example">` }, "To"},
		"two addresses":       {func(d *mail.Data) { d.To = "a@evil.example,v@corp.example" }, "To"},
		"markup in new":       {func(d *mail.Data) { d.NewEmail = "<b>a@evil.example" }, "NewEmail"},
		"script":              {func(d *mail.Data) { d.URL = "javascript:alert('evil.example')" }, "URL"},
		"data":                {func(d *mail.Data) { d.URL = "data:text/html,evil.example" }, "URL"},
		"relative":            {func(d *mail.Data) { d.URL = "/evil.example" }, "URL"},
		"no scheme":           {func(d *mail.Data) { d.URL = "//evil.example/" }, "URL"},
		"no host":             {func(d *mail.Data) { d.URL = "https:///evil.example" }, "URL"},
		"user name":           {func(d *mail.Data) { d.URL = "https://bank.example@evil.example/" }, "URL"},
		"line break in URL":   {func(d *mail.Data) { d.URL = "https://evil.example/\nmore" }, "URL"},
		"space in URL":        {func(d *mail.Data) { d.URL = "https://evil.example/ more" }, "URL"},
		"quote in URL":        {func(d *mail.Data) { d.URL = `https://evil.example/"onclick="` }, "URL"},
		"backslash in URL":    {func(d *mail.Data) { d.URL = `https://evil.example\@bank.example/` }, "URL"},
		"beyond ASCII in URL": {func(d *mail.Data) { d.URL = "https://evil.exämple/" }, "URL"},
		"line break in code":  {func(d *mail.Data) { d.Code = "1\nevil.example" }, "Code"},
		"long code":           {func(d *mail.Data) { d.Code = strings.Repeat("evil.example", 10) }, "Code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := complete(mail.KindVerification)
			test.change(&d)
			_, err := mail.Templates{}.Verification(d)
			if err == nil || !strings.Contains(err.Error(), " "+test.field+": ") {
				t.Fatalf("error %v, want one about %s", err, test.field)
			}
			if strings.Contains(err.Error(), "evil") {
				t.Errorf("error %q repeats the value", err)
			}
		})
	}
}

func TestNamesAreShownOnlyIfTheyCanBeNothingElse(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]bool{
		"Ada":                   true,
		"  Ada  ":               true,
		"Ada O'Neil-Müller Jr.": true,
		"J. R. R. Tolkien":      true,
		"爱达":                    true,
		"अदा":                   true,
		"":                      false,
		"<b>Ada</b>":            false,
		"Ada & Bob":             false,
		"win at evil.example":   false,
		"https://evil.example":  false,
		"call 0900 123456":      false,
		"ada@example.com":       false,
		"Ada\r\nBcc: x":         false,
		"Ada\u202egnp":          false,
		"Ada\u2028Bob":          false,
		"Ada!":                  false,
		"{{.URL}}":              false,
		"\xff":                  false,
		strings.Repeat("a", 51): false,
	} {
		d := complete(mail.KindVerification)
		d.Name = name
		m, err := mail.Templates{}.Verification(d)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		want := "Hello,\n"
		if shown {
			want = "Hello " + strings.TrimSpace(name) + ",\n"
		}
		contains(t, "text", m.Text, want)
		if !shown && name != "" && strings.Contains(m.Text+m.HTML, name) && name != "ada@example.com" {
			t.Errorf("%q is shown", name)
		}
	}
}

func TestExpiryIsNeverLongerThanTheTruth(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour: "", 0: "", time.Millisecond: "",
		time.Second: "1 second", 1500 * time.Millisecond: "1 second", 59 * time.Second: "59 seconds",
		time.Minute: "1 minute", 90 * time.Second: "90 seconds", 5 * time.Minute: "5 minutes", 119 * time.Minute: "119 minutes",
		time.Hour: "1 hour", 2 * time.Hour: "2 hours", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", 7 * 24 * time.Hour: "7 days",
	} {
		data := complete(mail.KindVerification)
		data.ExpiresIn = d
		m, err := mail.Templates{}.Verification(data)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if strings.Contains(m.Text, "expires") {
				t.Errorf("%v: %s", d, m.Text)
			}
			continue
		}
		contains(t, "text", m.Text, "expires in "+want+".")
	}
}

func TestWordsOfAnotherLanguageKeepTheLook(t *testing.T) {
	t.Parallel()
	own, err := mail.ParseTemplate(`
		{{define "lang"}}de{{end}}
		{{define "subject"}}Bestätige deine Adresse{{end}}
		{{define "heading"}}Willkommen bei {{.AppName}}{{end}}
		{{define "greeting"}}Hallo{{with .Name}} {{.}}{{end}},{{end}}
		{{define "intro"}}Bitte bestätige, dass {{.To}} dir gehört.{{end}}
		{{define "expiry"}}Der Link gilt {{.ExpiresIn.Minutes}} Minuten.{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	templates := mail.Templates{AppName: "Acme & Söhne", Overrides: map[mail.Kind]mail.Template{mail.KindVerification: own}}
	m, err := templates.Verification(complete(mail.KindVerification))
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Bestätige deine Adresse" {
		t.Errorf("subject %q", m.Subject)
	}
	contains(t, "text", m.Text, "Willkommen bei Acme & Söhne", "Hallo Ada Lovelace,", "Der Link gilt 60 Minuten.", link)
	contains(t, "HTML", m.HTML, `lang="de"`, "Willkommen bei Acme &amp; Söhne", "prefers-color-scheme: dark")
	other, err := templates.MagicLink(complete(mail.KindMagicLink))
	if err != nil || !strings.HasPrefix(other.Subject, "Sign in to ") {
		t.Errorf("another letter: subject %q, error %v", other.Subject, err)
	}
}

func TestParseTemplateRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	const rest = `{{define "heading"}}h{{end}}{{define "intro"}}i{{end}}`
	for words, want := range map[string]string{
		"":                                    `no definition of "subject"`,
		`{{define "subject"}}s{{end}}`:        `no definition of "heading"`,
		rest:                                  `no definition of "subject"`,
		`{{define "subject"}}`:                "parse words",
		`{{define "subject"}}{{foo}}{{end}}`:  "parse words",
		`{{define "subject"}}{{.X}}{{end}}x}`: "no definition",
	} {
		if _, err := mail.ParseTemplate(words); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", words, err, want)
		}
	}
}

func TestOwnTemplatesAreEscapedAndChecked(t *testing.T) {
	t.Parallel()
	text := func(s string) *texttemplate.Template { return texttemplate.Must(texttemplate.New("").Parse(s)) }
	html := func(s string) *htmltemplate.Template { return htmltemplate.Must(htmltemplate.New("").Parse(s)) }
	write := func(own mail.Template) (mail.Message, error) {
		return mail.Templates{AppName: "<Acme>", Overrides: map[mail.Kind]mail.Template{mail.KindVerification: own}}.
			Verification(complete(mail.KindVerification))
	}
	m, err := write(mail.Template{
		Text: text(`{{define "subject"}} Hi from {{.AppName}} {{end}}{{.AppName}} {{.URL}}`),
		HTML: html(`<p>{{.AppName}} <a href="{{.URL}}">go</a>`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Hi from <Acme>" || m.Text != "<Acme> "+link || !strings.HasPrefix(m.HTML, "<p>&lt;Acme&gt; <a") {
		t.Errorf("wrote %+v", m)
	}
	if m, err = write(mail.Template{Text: text(`{{define "subject"}}Hi{{end}}Hi`)}); err != nil || m.HTML != "" {
		t.Errorf("text only: %+v, %v", m, err)
	}
	for name, test := range map[string]struct {
		own  mail.Template
		want error
	}{
		"no text":             {mail.Template{HTML: html("x")}, nil},
		"no subject":          {mail.Template{Text: text("x")}, nil},
		"empty subject":       {mail.Template{Text: text(`{{define "subject"}} {{end}}x`)}, mail.ErrSubject},
		"line in subject":     {mail.Template{Text: text("{{define \"subject\"}}a\nBcc: b{{end}}x")}, mail.ErrSubject},
		"no body":             {mail.Template{Text: text(`{{define "subject"}}s{{end}}`)}, mail.ErrBody},
		"unknown field":       {mail.Template{Text: text(`{{define "subject"}}{{.Password}}{{end}}x`)}, nil},
		"unknown field, text": {mail.Template{Text: text(`{{define "subject"}}s{{end}}{{.Password}}`)}, nil},
		"unknown field, HTML": {mail.Template{Text: text(`{{define "subject"}}s{{end}}x`), HTML: html(`{{.Password}}`)}, nil},
	} {
		_, err := write(test.own)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
}

func TestTemplatesAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var group sync.WaitGroup
	for kind, write := range letters(mail.Templates{}) {
		for range 4 {
			group.Go(func() {
				if _, err := write(complete(kind)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
}

// Whatever strangers choose: there is an error, or one message to that address
// whose markup is ours alone.
func FuzzTemplates(f *testing.F) {
	f.Add("ada@example.com", "Ada", link, "135790", "ada@new.example")
	f.Add("a@b.example,c@d.example", "<script>", "javascript:alert(1)", "1\r\n2", "x")
	f.Add("ada@example.com", "Ada\r\nBcc: x@y.example", "https://a.example/'><script>", "<b>", "o'neil@new.example")
	f.Fuzz(func(t *testing.T, to, name, url, code, newEmail string) {
		for kind, write := range letters(mail.Templates{}) {
			m, err := write(mail.Data{To: to, Name: name, URL: url, Code: code, NewEmail: newEmail})
			if err != nil {
				continue
			}
			if m.To != to || strings.ContainsAny(m.Subject, "\r\n") {
				t.Errorf("%s: to %q, subject %q", kind, m.To, m.Subject)
			}
			plain, err := write(mail.Data{To: "a@b.example", URL: withOrWithout(url, "https://a.example"), Code: withOrWithout(code, "1"), NewEmail: "c@d.example"})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := strings.Count(m.HTML, "<"), strings.Count(plain.HTML, "<"); got != want {
				t.Errorf("%s: %d tags, want %d:\n%s", kind, got, want, m.HTML)
			}
			if bytes.ContainsAny([]byte(m.HTML), "\x00\x1b") {
				t.Errorf("%s: control characters", kind)
			}
		}
	})
}

// withOrWithout returns plain if there is any value.
func withOrWithout(value, plain string) string {
	if value == "" {
		return ""
	}
	return plain
}

func BenchmarkVerification(b *testing.B) {
	b.ReportAllocs()
	d := complete(mail.KindVerification)
	for b.Loop() {
		if _, err := (mail.Templates{}).Verification(d); err != nil {
			b.Fatal(err)
		}
	}
}
