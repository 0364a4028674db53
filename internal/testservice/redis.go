package testservice

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// RedisVariable names a Redis or Valkey server to use, by a URL without a
// database. Its databases but for number 0 are emptied by tests.
const RedisVariable = "OSTIARY_TEST_REDIS"

// redisDatabases is how many databases a started server has.
const redisDatabases = 4096

// Redis returns the URL of an empty database of a Redis server. It is emptied
// when the test ends. Channels of publish and subscribe are those of the whole
// server: tests give them names of their own.
func Redis(t testing.TB) string {
	t.Helper()
	SkipShort(t, "Redis")
	server, err := redis()
	ready(t, "Redis", RedisVariable, err)
	number, err := nextRedisDatabase(server.DSN)
	if err != nil {
		t.Fatalf("Redis: %v", err)
	}
	database := server.DSN + "/" + number
	t.Cleanup(func() {
		if _, err := AskRedis(database, "FLUSHDB"); err != nil {
			t.Errorf("Redis: %v", err)
		}
	})
	return database
}

var redis = sync.OnceValues(func() (*Server, error) {
	if address := os.Getenv(RedisVariable); address != "" {
		return &Server{DSN: strings.TrimSuffix(address, "/")}, nil
	}
	return StartRedis()
})

// StartRedis starts a Redis server that keeps nothing on disk, with further
// settings such as "--maxmemory", "2mb".
func StartRedis(settings ...string) (*Server, error) {
	program, err := find("redis-server")
	if err != nil {
		if program, err = find("valkey-server"); err != nil {
			return nil, errors.New("neither redis-server nor valkey-server is installed")
		}
	}
	p, err := newProcess("redis", "redis", "valkey")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, p.discard(err)
	}
	dsn := "redis://" + net.JoinHostPort("127.0.0.1", port)
	args := append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", p.folder, "--save", "", "--appendonly", "no",
		"--databases", strconv.Itoa(redisDatabases), "--enable-debug-command", "local",
	}, settings...)
	answers := func() error {
		_, err := AskRedis(dsn, "PING")
		return err
	}
	server, err := p.start("KILL", answers, program, args...)
	if err != nil {
		return nil, p.discard(err)
	}
	server.DSN = dsn
	return server, nil
}

// nextRedisDatabase returns the number of a database that no other test has.
func nextRedisDatabase(dsn string) (string, error) {
	answer, err := AskRedis(dsn, "INCR", "ostiary:test:database")
	if err != nil {
		return "", err
	}
	count, err := strconv.Atoi(answer)
	if err != nil {
		return "", err
	}
	number := strconv.Itoa(1 + count%(redisDatabases-1))
	_, err = AskRedis(dsn+"/"+number, "FLUSHDB")
	return number, err
}

// AskRedis runs one command whose answer is a line, a number or a text, over a
// connection of its own. A null answer is "".
func AskRedis(dsn string, command ...string) (string, error) {
	address, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the address of Redis is no URL")
	}
	conn, err := net.DialTimeout("tcp", address.Host, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	answers := bufio.NewReader(conn)
	var commands [][]string
	if password, ok := address.User.Password(); ok {
		commands = append(commands, []string{"AUTH", password})
	}
	if number := strings.Trim(address.Path, "/"); number != "" {
		commands = append(commands, []string{"SELECT", number})
	}
	answer := ""
	for _, words := range append(commands, command) {
		text := fmt.Sprintf("*%d\r\n", len(words))
		for _, word := range words {
			text += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
		}
		if _, err := io.WriteString(conn, text); err != nil {
			return "", err
		}
		if answer, err = readRedis(answers); err != nil {
			return "", fmt.Errorf("%s: %w", words[0], err)
		}
	}
	return answer, nil
}

// readRedis reads an answer in the protocol of Redis (RESP2).
func readRedis(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, line := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+', ':':
		return line, nil
	case '-':
		return "", errors.New(line)
	case '$':
		size, err := strconv.Atoi(line)
		if err != nil || size < 0 {
			return "", err
		}
		text := make([]byte, size+2)
		_, err = io.ReadFull(r, text)
		return string(text[:size]), err
	}
	return "", fmt.Errorf("an answer of kind %q is not understood", kind)
}
