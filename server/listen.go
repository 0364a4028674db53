package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// listen listens on a TCP address. The host "localhost" means both loopback
// addresses: a browser may try either, and would reach another program that
// listens on the one that was left out.
func listen(ctx context.Context, address, option string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not an address such as localhost:3000 or :8080", option, address)
	}
	if host != "localhost" {
		l, err := listenOn(ctx, address, option)
		if err != nil {
			return nil, err
		}
		return []net.Listener{l}, nil
	}
	first, err := listenOn(ctx, net.JoinHostPort("127.0.0.1", port), option)
	if err != nil {
		return nil, err
	}
	chosen := strconv.Itoa(portOf(first)) // of port 0
	second, err := listenOn(ctx, net.JoinHostPort("::1", chosen), option)
	switch {
	case err == nil:
		return []net.Listener{first, second}, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, errors.Join(err, first.Close())
	}
	return []net.Listener{first}, nil // a machine without IPv6
}

func listenOn(ctx context.Context, address, option string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %s is already in use by another program: stop that one, or choose another port with %s (%w)", port, option, syscall.EADDRINUSE)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %s may not be used by this user: choose one above 1023 with %s (%w)", port, option, syscall.EACCES)
	}
	return nil, fmt.Errorf("listen on %s, given by %s: %w", address, option, err)
}

func portOf(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}
