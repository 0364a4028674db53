package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/ostiary/ostiary/internal/faultproxy"
)

// database is what the nodes share.
type database interface {
	// url is the address that a node is given.
	url(node int) string
	// query returns what a statement with one column prints, in the SQL of
	// PostgreSQL.
	query(statement string) (string, error)
}

// engine is a private PostgreSQL server that can be killed and started again.
type engine struct {
	proxy           *faultproxy.Proxy // between the nodes and the server
	bin, data, port string
	account         *syscall.SysProcAttr
	running         *exec.Cmd
}

func newEngine(folder string) (*engine, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return nil, errors.New("PostgreSQL is not installed: apt-get install postgresql")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	e := &engine{bin: filepath.Dir(found[len(found)-1]), data: filepath.Join(folder, "data"), port: port, account: &syscall.SysProcAttr{}}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 { // which PostgreSQL refuses to run as
		if err := e.become("postgres", folder); err != nil {
			return nil, err
		}
	}
	if err := e.command("initdb", "-D", e.data, "-U", "ostiary", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8").Run(); err != nil {
		return nil, fmt.Errorf("initdb: %w", err)
	}
	if e.proxy, err = faultproxy.New("127.0.0.1:" + port); err != nil {
		return nil, err
	}
	return e, e.start(context.Background())
}

func (e *engine) url(int) string {
	return "postgres://ostiary@" + e.proxy.Address() + "/postgres?sslmode=disable"
}

func (e *engine) become(name, folder string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	e.account.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(folder, uid, gid)
}

func (e *engine) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(e.bin, program), args...)
	c.Dir, c.SysProcAttr = "/", e.account
	return c
}

// start starts the server and waits until it answers. It keeps what it has
// acknowledged (fsync), as a server in production does.
func (e *engine) start(ctx context.Context) error {
	c := e.command("postgres", "-D", e.data, "-p", e.port, "-h", "127.0.0.1", "-k", "", "-c", "max_connections=200")
	if err := c.Start(); err != nil {
		return err
	}
	e.running = c
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; wait(ctx, 50*time.Millisecond) {
		if e.command("psql", "-h", "127.0.0.1", "-p", e.port, "-U", "ostiary", "-qc", "select 1", "postgres").Run() == nil {
			return nil
		}
	}
	return errors.New("PostgreSQL does not answer")
}

// kill ends the server as a crash does.
func (e *engine) kill() {
	if e.running != nil {
		_ = e.running.Process.Kill()
		_ = e.running.Wait()
		e.running = nil
		time.Sleep(200 * time.Millisecond) // its children notice
	}
}

// stop ends the server and all its connections in order.
func (e *engine) stop(context.Context) error {
	if err := e.running.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	_ = e.running.Wait()
	e.running = nil
	return nil
}

func (e *engine) query(statement string) (string, error) {
	out, err := e.command("psql", "-h", "127.0.0.1", "-p", e.port, "-U", "ostiary", "-qAtc", statement, "postgres").Output()
	return string(out), err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
