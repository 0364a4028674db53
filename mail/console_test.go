package mail_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/mail"
)

func TestConsolePrintsLinksOnLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	const link = "https://acme.example/verify?token=abc"
	for name, m := range map[string]mail.Message{
		"alone":            {Text: "Follow\n\n" + link + "\n\nBye"},
		"among words":      {Text: "Follow " + link + " now"},
		"only HTML":        {HTML: `<p>Follow <a href="` + link + `">this</a> now</p>`},
		"only HTML, twice": {HTML: `<a href="` + link + `">` + link + `</a>`},
		"escaped in HTML":  {HTML: `<a href='https&#58;//acme.example/verify?token&#61;abc'>this</a>`},
	} {
		m.To, m.Subject = "ada@example.com", "Grüße"
		var out bytes.Buffer
		if err := mail.NewConsole(&out).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(out.String(), "\n")
		alone := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return line != link })
		if len(alone) != 1 || !slices.Contains(lines, "To: ada@example.com") || !slices.Contains(lines, "Subject: Grüße") {
			t.Errorf("%s: printed\n%s", name, out.String())
		}
	}
}

func TestConsoleLeavesTheTerminalAlone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := mail.Message{To: "ada@example.com", Subject: "Hi", Text: "a\x1b[2Jb\rc\u009b2Jd\te see https://x.example/\x1b[31m\n"}
	if err := mail.NewConsole(&out).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\r\u009b") || !strings.Contains(out.String(), "a[2Jbc2Jd\te") {
		t.Errorf("printed %q", out.String())
	}
}

func TestConsoleRefusesWhatASenderWouldRefuse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	console := mail.NewConsole(&out)
	if err := console.Send(t.Context(), mail.Message{To: "a@b.example,c@d.example", Subject: "Hi", Text: "Hi"}); !errors.Is(err, mail.ErrAddress) {
		t.Errorf("error %v, want %v", err, mail.ErrAddress)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := console.Send(ctx, mail.Message{To: "a@b.example", Subject: "Hi", Text: "Hi"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if out.Len() != 0 {
		t.Errorf("printed %q", out.String())
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestConsoleReportsTheErrorOfItsWriter(t *testing.T) {
	t.Parallel()
	want := errors.New("disk full")
	err := mail.NewConsole(failingWriter{want}).Send(t.Context(), mail.Message{To: "a@b.example", Subject: "Hi", Text: "Hi"})
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestConsoleDoesNotMixMessages(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer // has no lock of its own: the race detector watches
	console := mail.NewConsole(&out)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := console.Send(t.Context(), mail.Message{To: "a@b.example", Subject: "Hi", Text: "Hi"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	const one = "---- mail ----\nTo: a@b.example\nSubject: Hi\n\nHi\n---- end ----\n"
	if got := out.String(); got != strings.Repeat(one, 20) {
		t.Errorf("printed\n%s", got)
	}
}
