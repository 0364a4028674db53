package configfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxDepth is how deeply a file may be nested.
const maxDepth = 64

func parseJSON(source []byte) (*value, error) {
	d := json.NewDecoder(bytes.NewReader(source))
	d.UseNumber()
	r := jsonReader{source, d}
	root, err := r.next(0)
	if err != nil {
		return nil, r.at(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, r.at(errors.New("there is more behind the end of the configuration"))
	}
	return root.orEmpty(), nil
}

// jsonReader reads values in the order of the file.
type jsonReader struct {
	source []byte
	*json.Decoder
}

func (r *jsonReader) line() int {
	return 1 + bytes.Count(r.source[:min(int(r.InputOffset()), len(r.source))], []byte("\n"))
}

func (r *jsonReader) at(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return fmt.Errorf("line %d: %w", r.line(), err)
}

func (r *jsonReader) next(depth int) (*value, error) {
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	line := r.line()
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(depth, line)
		}
		return r.array(depth, line)
	case json.Number:
		return jsonNumber(t, line)
	}
	return scalar(token, line)
}

func jsonNumber(n json.Number, line int) (*value, error) {
	if whole, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return scalar(whole, line)
	}
	f, err := n.Float64()
	if err != nil {
		return nil, errors.New("the number is too large")
	}
	return scalar(f, line)
}

func (r *jsonReader) object(depth, line int) (*value, error) {
	m := &value{kind: mapping, line: line}
	for r.More() {
		key, err := r.Token()
		if err != nil {
			return nil, err
		}
		at := r.line()
		v, err := r.next(depth + 1)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string) // the decoder accepts nothing else as a key
		m.members = append(m.members, member{key: name, line: at, value: v})
	}
	_, err := r.Token()
	return m, err
}

func (r *jsonReader) array(depth, line int) (*value, error) {
	l := &value{kind: list, line: line}
	for r.More() {
		v, err := r.next(depth + 1)
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, v)
	}
	_, err := r.Token()
	return l, err
}
