package outbound

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.8.9.1": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.100.100.200": false, "0.0.0.0": false, "0.1.2.3": false, "192.0.0.192": false,
		"198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "203.0.113.9": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "fc00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false,
		"64:ff9b::a9fe:a9fe": false, "2002:7f00:1::": false, "2001:db8::1": false, "2001::1": false, "fec0::1": false,
	} {
		if got := IsPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("IsPublic(%s) = %t", text, got)
		}
	}
	if IsPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// A name is checked by what it resolves to, when the connection is made.
func TestClient_reaches_private_addresses_only_if_asked_to(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	byName := "http://localhost:" + u.Port()
	loopback := Options{Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, test := range []struct {
		options Options
		address string
		refused bool
	}{
		{Options{}, server.URL, true},
		{Options{}, byName, true},
		{Options{Private: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, server.URL, true},
		{loopback, server.URL, false},
		{loopback, byName, false},
		{Options{Everything: true}, server.URL, false},
	} {
		asked.Store(0)
		client := NewClient(test.options)
		response, err := client.Get(test.address)
		if response != nil {
			response.Body.Close()
		}
		client.CloseIdleConnections()
		var private *PrivateAddressError
		if refused := errors.As(err, &private); refused != test.refused || (asked.Load() == 0) != test.refused || !refused && err != nil {
			t.Errorf("%+v %s: %v, asked %d times", test.options, test.address, err, asked.Load())
		}
		if err != nil && !strings.Contains(err.Error(), "PrivateNetworks") {
			t.Errorf("the error does not say what to do: %v", err)
		}
	}
}

func TestClient_follows_no_redirects(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("/other", http.StatusFound))
	t.Cleanup(server.Close)
	client := NewClient(Options{Everything: true})
	t.Cleanup(client.CloseIdleConnections)
	response, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Errorf("status %d", response.StatusCode)
	}
}

// The proxy itself may be in a private network; what it is asked for may not.
func TestClient_by_a_proxy(t *testing.T) {
	t.Parallel()
	var hosts []string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hosts = append(hosts, r.Host) }))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := NewClient(Options{proxy: func(*http.Request) (*url.URL, error) { return at, nil }})
	t.Cleanup(client.CloseIdleConnections)
	response, err := client.Get("http://provider.example/keys")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if len(hosts) != 1 || hosts[0] != "provider.example" {
		t.Errorf("the proxy was asked for %v", hosts)
	}
	var private *PrivateAddressError
	if response, err := client.Get("http://169.254.169.254/latest/meta-data"); !errors.As(err, &private) {
		t.Errorf("a private address by the proxy: %v %v", response, err)
	}
}
