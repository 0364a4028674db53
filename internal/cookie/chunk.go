package cookie

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxLine is the length of a Set-Cookie line that browsers keep for sure.
	maxLine = 4050
	// maxChunks is the highest number of cookies one value is spread over.
	maxChunks = 100
)

// ErrTooLarge reports a value that does not fit into a hundred cookies.
var ErrTooLarge = errors.New("the value needs more than 100 cookies")

// Chunk is one cookie of a value that is spread over several.
type Chunk struct {
	// Index is the number behind the last dot of the cookie's name.
	Index int
	// Name is the cookie's name, with the index.
	Name string
	// Value is the cookie's value, decoded.
	Value string
}

// Chunks returns the chunks `base.N` in the Cookie headers, sorted by their
// index, which is a canonical number of 0 or more. Names that are no RFC 7230
// tokens and values with anything but printable ASCII, with a quotation mark or
// with a backslash are passed over. Of duplicates the last one counts.
func Chunks(headers []string, base string) []Chunk {
	var chunks []Chunk
	for _, header := range headers {
		for name, value := range pairs(header) {
			index, ok := chunkIndex(name, base)
			if !ok {
				continue
			}
			if value, ok = strictValue(value); ok {
				chunks = append(chunks, Chunk{index, name, value})
			}
		}
	}
	// The sort is stable: among duplicates, the last stays the last.
	slices.SortStableFunc(chunks, func(a, b Chunk) int { return cmp.Compare(a.Index, b.Index) })
	return lastOfEach(chunks)
}

func lastOfEach(sorted []Chunk) []Chunk {
	kept := sorted[:0]
	for i, chunk := range sorted {
		if i+1 < len(sorted) && sorted[i+1].Index == chunk.Index {
			continue
		}
		kept = append(kept, chunk)
	}
	return kept
}

// chunkIndex returns N for the name `base.N`.
func chunkIndex(name, base string) (int, bool) {
	if len(name) <= len(base)+1 || !strings.HasPrefix(name, base) || name[len(base)] != '.' {
		return 0, false
	}
	digits := name[len(base)+1:]
	if len(digits) > 9 || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	index := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		index = index*10 + int(digits[i]-'0')
	}
	return index, isToken(base)
}

// strictValue returns the decoded value, or false for one with characters that
// RFC 6265 does not allow (spaces and commas, which browsers send, excepted).
func strictValue(value string) (string, bool) {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return decode(value), true
}

// GetChunked returns the value of the cookie of that name or, where it is
// missing or empty, that of its chunks joined. More chunks than are ever written
// count as none.
func GetChunked(headers []string, name string) (value string, ok bool) {
	if value, ok = Get(headers, name); ok && value != "" {
		return value, true
	}
	chunks := Chunks(headers, name)
	if len(chunks) == 0 || len(chunks) > maxChunks {
		return "", false
	}
	var text strings.Builder
	for _, chunk := range chunks {
		text.WriteString(chunk.Value)
	}
	return text.String(), true
}

// Present returns the names of the cookie and of its chunks that the Cookie
// headers carry, the cookie first, then the chunks by index.
func Present(headers []string, name string) []string {
	var names []string
	if _, ok := Get(headers, name); ok {
		names = append(names, name)
	}
	for _, chunk := range Chunks(headers, name) {
		names = append(names, chunk.Name)
	}
	return names
}

// SetChunked sets a value of plain characters in one cookie or, where it is too
// long for one, in chunks. Every cookie that the request's headers carry for it
// and that is not written again is expired first, and what is pending for it is
// taken back. For a value that needs more than 100 chunks nothing is set and
// [ErrTooLarge] returned.
func (j *Jar) SetChunked(headers []string, d Definition, value string) error {
	pieces, tooLarge := j.split(d, value)
	j.takeBack(d.Name)
	for _, name := range Present(headers, d.Name) {
		if slices.ContainsFunc(pieces, func(p Chunk) bool { return p.Name == name }) {
			continue
		}
		if err := j.Expire(name, d.Attributes); err != nil {
			return err
		}
	}
	if tooLarge != nil {
		return tooLarge
	}
	for _, piece := range pieces {
		if err := j.Set(piece.Name, piece.Value, d.Attributes); err != nil {
			return err
		}
	}
	return nil
}

// ExpirePresent expires the cookie and the chunks of it that the request's
// headers carry, in addition to deletions that are pending already.
func (j *Jar) ExpirePresent(headers []string, d Definition) error {
	for _, name := range Present(headers, d.Name) {
		line, err := SerializeDeletion(name, d.Attributes, j.now())
		if err != nil {
			return err
		}
		j.takeBack(name)
		j.pending = append(j.pending, Pending{Name: name, Attributes: d.Attributes, Deletion: true, line: line})
	}
	return nil
}

// split cuts a value into the cookies that hold it.
func (j *Jar) split(d Definition, value string) ([]Chunk, error) {
	frame, err := Serialize(d.Name+".99", "", d.Attributes, j.now())
	if err != nil {
		return nil, err
	}
	limit := maxLine - len(frame)
	if len(value) <= limit {
		return []Chunk{{Name: d.Name, Value: value}}, nil
	}
	if limit <= 0 || len(value) > limit*maxChunks {
		return nil, fmt.Errorf("set cookie %q: %w", d.Name, ErrTooLarge)
	}
	var pieces []Chunk
	for piece := range slices.Chunk([]byte(value), limit) {
		index := len(pieces)
		pieces = append(pieces, Chunk{index, d.Name + "." + strconv.Itoa(index), string(piece)})
	}
	return pieces, nil
}
