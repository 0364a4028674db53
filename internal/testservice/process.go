package testservice

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// startTime bounds how long a server may take until it answers, unless it says
// otherwise.
const startTime = 60 * time.Second

// Server is a server that was started for tests.
type Server struct {
	// DSN is how an administrator connects to it.
	DSN string

	// alive is held open: the supervisor ends the server when it is closed,
	// which happens at the latest when this process ends.
	alive      *os.File
	supervisor *exec.Cmd
	folder     string
}

// Stop ends the server, removes its folder and waits until that is done.
func (s *Server) Stop() error {
	if s.supervisor == nil {
		return nil // it was there before
	}
	_ = s.alive.Close()
	_ = s.supervisor.Wait()
	return os.RemoveAll(s.folder) // the supervisor may not empty the folder around it
}

// supervise is the program between this process and a server: it ends the server
// with a signal ($2) and removes its folder ($1) when its standard input ends.
const supervise = `folder=$1 signal=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ cat <&3 >/dev/null; kill -s "$signal" "$server" 2>/dev/null; } &
watcher=$!
wait "$server"
kill "$watcher" 2>/dev/null
cd /
rm -rf "$folder"
`

// process is a server that is being started.
type process struct {
	folder   string
	user     account
	log      *os.File
	patience time.Duration // how long it may take until it answers
}

// newProcess makes the folder of a server, which belongs to the user that the
// server runs as: one of the given names, if this process is that of root.
func newProcess(product string, users ...string) (*process, error) {
	user, err := unprivileged(users)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "ostiary-"+product+"-")
	if err != nil {
		return nil, err
	}
	p := &process{folder: folder, user: user, patience: startTime}
	p.log, err = os.Create(filepath.Join(folder, "log"))
	if err == nil {
		err = user.own(folder)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return p, nil
}

// write puts a file into the folder that only the server can read.
func (p *process) write(name, content string) (path string, err error) {
	path = filepath.Join(p.folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", err
	}
	return path, p.user.own(path)
}

// run runs a program to its end.
func (p *process) run(program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // G204: one of the programs named in this package
	p.prepare(cmd)
	if err := cmd.Run(); err != nil {
		return startError(fmt.Errorf("%s: %w", filepath.Base(program), err), p.logged())
	}
	return nil
}

func (p *process) prepare(cmd *exec.Cmd) {
	cmd.Dir = p.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.folder, "TMPDIR=" + p.folder, "LC_ALL=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = p.user.attributes()
}

// start starts the server and waits until answers returns nil.
func (p *process) start(signal string, answers func() error, program string, args ...string) (*Server, error) {
	input, alive, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }()
	cmd := exec.Command("/bin/sh", append([]string{"-c", supervise, "sh", p.folder, signal, program}, args...)...) //nolint:gosec // G204: as in run
	p.prepare(cmd)
	cmd.Stdin = input
	if err := cmd.Start(); err != nil {
		_ = alive.Close()
		return nil, errors.Join(err, os.RemoveAll(p.folder))
	}
	server := &Server{alive: alive, supervisor: cmd, folder: p.folder}
	if err := p.wait(answers); err != nil {
		log := p.logged()
		_ = server.Stop()
		return nil, startError(err, log)
	}
	return server, p.log.Close()
}

// wait waits until the server answers, or has ended: then its folder is gone.
func (p *process) wait(answers func() error) error {
	for deadline := time.Now().Add(p.patience); ; time.Sleep(20 * time.Millisecond) {
		err := answers()
		if err == nil {
			return nil
		}
		if _, gone := os.Stat(p.folder); gone != nil {
			return errors.New("it ended by itself")
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer in %v: %w", p.patience, err)
		}
	}
}

// logged is what the server and the programs before it have printed.
func (p *process) logged() string {
	var text [1 << 16]byte
	size, _ := p.log.Seek(0, 2)
	n, _ := p.log.ReadAt(text[:], max(0, size-int64(len(text))))
	return string(text[:n])
}

// discard removes the folder of a server that was not started.
func (p *process) discard(err error) error {
	return errors.Join(err, p.log.Close(), os.RemoveAll(p.folder))
}

// freePort returns a port of the loopback interface that nobody listens on. It is
// not one of those that systems give to outgoing connections (from 32768 on, on
// Linux): a server that is started again finds it free.
func freePort() (string, error) {
	for {
		var random [2]byte
		_, _ = rand.Read(random[:]) // never returns an error
		port := strconv.Itoa(12000 + int(binary.BigEndian.Uint16(random[:]))%20000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		switch {
		case err == nil:
			return port, l.Close()
		case !errors.Is(err, syscall.EADDRINUSE):
			return "", err
		}
	}
}

// find returns the path of a program: the first match of the patterns, or one in
// the search path.
func find(program string, patterns ...string) (string, error) {
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		if len(found) > 0 {
			return found[len(found)-1], nil // the newest version
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("the program %s is not installed", program)
	}
	return path, nil
}
