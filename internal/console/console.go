// Package console is what a command talks to a person or a script with: text,
// questions, and JSON for scripts.
package console

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Console is the surroundings of a command. Its zero value says nothing and
// answers no question.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	// Lookup reads the environment.
	Lookup func(name string) (string, bool)
	// Interactive is true when a person can answer questions.
	Interactive bool
	// Colours marks text on Out.
	Colours bool

	lines *bufio.Reader
}

// Standard is the console of a process. There is a person when input and output
// are a terminal, and there are colours when output is one, unless the environment
// asks for none or TERM is "dumb".
func Standard() *Console {
	c := &Console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Lookup: os.LookupEnv}
	c.Interactive = isTerminal(os.Stdin) && isTerminal(os.Stdout)
	c.Colours = isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return c
}

// isTerminal reports whether a file is a device that is not the null device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// Env returns a variable of the environment, or "".
func (c *Console) Env(name string) string {
	if c.Lookup == nil {
		return ""
	}
	value, _ := c.Lookup(name)
	return value
}

// Say writes a line to Out.
func (c *Console) Say(format string, arguments ...any) { say(c.Out, format, arguments...) }

// Warn writes a line to Err.
func (c *Console) Warn(format string, arguments ...any) { say(c.Err, format, arguments...) }

func say(w io.Writer, format string, arguments ...any) {
	if w != nil {
		_, _ = fmt.Fprintf(w, format+"\n", arguments...)
	}
}

// JSON writes a value to Out, indented, in one piece.
func (c *Console) JSON(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	c.Say("%s", text)
	return nil
}

// ErrNoAnswer is returned by [Console.Confirm] when there was nobody to ask, or
// nobody answered.
var ErrNoAnswer = errors.New("nobody answered")

// Confirm asks a question. Everything but yes means no.
func (c *Console) Confirm(question string) (bool, error) {
	if c.Out != nil {
		_, _ = fmt.Fprintf(c.Out, "%s [y/N] ", question)
	}
	answer, err := c.line()
	if err != nil {
		c.Say("")
		return false, ErrNoAnswer
	}
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", nil
}

// line reads a line of input; its end counts as one if it has any text.
func (c *Console) line() (string, error) {
	if c.In == nil {
		return "", io.EOF
	}
	if c.lines == nil {
		c.lines = bufio.NewReader(c.In)
	}
	text, err := c.lines.ReadString('\n')
	if err != nil && text == "" {
		return "", err
	}
	return strings.TrimSpace(text), nil
}

// Styles of text, for [Console.Mark].
const (
	Bold   = "1"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Faint  = "2"
)

// Mark gives text a style where there are colours.
func (c *Console) Mark(style, text string) string {
	if !c.Colours || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
