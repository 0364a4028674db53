package mongotest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The operation codes of the wire protocol.
const (
	opReply   = 1
	opQuery   = 2004
	opMessage = 2013
)

const (
	headerSize     = 16
	maxMessageSize = 48_000_000
)

var errMalformed = errors.New("malformed message")

// message is a command as it arrives.
type message struct {
	id      int32
	code    int32
	command bson.D
}

// serve answers the commands of a connection, one after the other. Reading goes
// on meanwhile, to notice when the client goes away: then waiting ends.
func (s *Server) serve(c net.Conn) {
	messages, gone := make(chan message), make(chan struct{})
	done := make(chan struct{})
	defer close(done)
	s.serving.Go(func() {
		defer close(gone)
		in := bufio.NewReader(c)
		for {
			m, err := read(in)
			if err != nil {
				return
			}
			select {
			case messages <- m:
			case <-done:
				return
			}
		}
	})
	for {
		select {
		case m := <-messages:
			answer, err := m.answer(s.run(m.command, gone))
			if err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		case <-gone:
			return
		}
	}
}

func read(in io.Reader) (message, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return message{}, err
	}
	size := int32(binary.LittleEndian.Uint32(header[:]))
	if size < headerSize || size > maxMessageSize {
		return message{}, errMalformed
	}
	body := make([]byte, size-headerSize)
	if _, err := io.ReadFull(in, body); err != nil {
		return message{}, err
	}
	m := message{id: int32(binary.LittleEndian.Uint32(header[4:])), code: int32(binary.LittleEndian.Uint32(header[12:]))}
	var err error
	switch m.code {
	case opMessage:
		m.command, err = sections(body)
	case opQuery:
		m.command, err = query(body)
	default:
		err = errMalformed
	}
	return m, err
}

// query reads the body of the legacy message in which drivers say hello: flags,
// a name, two numbers, a document.
func query(body []byte) (bson.D, error) {
	if len(body) < 4 {
		return nil, errMalformed
	}
	end := bytes.IndexByte(body[4:], 0)
	if end < 0 || len(body) < 4+end+1+8 {
		return nil, errMalformed
	}
	var command bson.D
	return command, bson.Unmarshal(body[4+end+1+8:], &command)
}

// sections reads the body of a message: flags, then the command, and lists of
// documents that belong to it.
func sections(body []byte) (bson.D, error) {
	if len(body) < 4 {
		return nil, errMalformed
	}
	flags, rest := binary.LittleEndian.Uint32(body), body[4:]
	if flags&1 != 0 && len(rest) >= 4 { // a checksum
		rest = rest[:len(rest)-4]
	}
	var command bson.D
	for len(rest) > 0 {
		kind := rest[0]
		part, after, err := sized(rest[1:])
		if err != nil {
			return nil, err
		}
		rest = after
		if kind == 0 {
			var document bson.D
			if err := bson.Unmarshal(part, &document); err != nil {
				return nil, err
			}
			command = append(document, command...)
			continue
		}
		name, list, err := sequence(part[4:])
		if err != nil {
			return nil, err
		}
		command = append(command, bson.E{Key: name, Value: list})
	}
	return command, nil
}

// sized splits what begins with its own size off.
func sized(b []byte) (part, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errMalformed
	}
	size := int(binary.LittleEndian.Uint32(b))
	if size < 5 || size > len(b) {
		return nil, nil, errMalformed
	}
	return b[:size], b[size:], nil
}

func sequence(b []byte) (string, bson.A, error) {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return "", nil, errMalformed
	}
	name, rest := string(b[:end]), b[end+1:]
	list := bson.A{}
	for len(rest) > 0 {
		part, after, err := sized(rest)
		if err != nil {
			return "", nil, err
		}
		var document bson.D
		if err := bson.Unmarshal(part, &document); err != nil {
			return "", nil, err
		}
		list, rest = append(list, document), after
	}
	return name, list, nil
}

// answer encodes the reply to a message, in the form of the message.
func (m *message) answer(reply bson.D) ([]byte, error) {
	document, err := bson.Marshal(reply)
	if err != nil {
		return nil, err
	}
	code, before := int32(opMessage), make([]byte, 5) // no flags, one document
	if m.code == opQuery {
		code, before = opReply, make([]byte, 20) // no flags, no cursor, from 0
		binary.LittleEndian.PutUint32(before[16:], 1)
	}
	out := make([]byte, headerSize, headerSize+len(before)+len(document))
	binary.LittleEndian.PutUint32(out, uint32(headerSize+len(before)+len(document)))
	binary.LittleEndian.PutUint32(out[8:], uint32(m.id))
	binary.LittleEndian.PutUint32(out[12:], uint32(code))
	return append(append(out, before...), document...), nil
}
