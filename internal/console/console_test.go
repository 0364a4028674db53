package console_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/internal/console"
)

func TestOnlyYesMeansYes(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"y\n": true, "YES\r\n": true, " yes ": true, "n\n": false, "\n": false, "yesterday\n": false} {
		var out bytes.Buffer
		c := console.Console{In: strings.NewReader(answer), Out: &out}
		if got, err := c.Confirm("Sure?"); got != want || err != nil {
			t.Errorf("%q: %t, %v", answer, got, err)
		}
		if !strings.HasPrefix(out.String(), "Sure? [y/N] ") {
			t.Errorf("asked %q", out.String())
		}
	}
	if got, err := new(console.Console).Confirm("Sure?"); got || !errors.Is(err, console.ErrNoAnswer) {
		t.Errorf("nobody: %t, %v", got, err)
	}
}

func TestTwoQuestionsGetTwoAnswers(t *testing.T) {
	t.Parallel()
	c := console.Console{In: strings.NewReader("no\nyes\n")}
	first, _ := c.Confirm("One?")
	second, _ := c.Confirm("Two?")
	if first || !second {
		t.Errorf("%t, %t", first, second)
	}
}

func TestTextIsPlainWithoutColours(t *testing.T) {
	t.Parallel()
	plain, coloured := console.Console{}, console.Console{Colours: true}
	if got := plain.Mark(console.Red, "x"); got != "x" {
		t.Errorf("%q", got)
	}
	if got := coloured.Mark(console.Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", got)
	}
}
