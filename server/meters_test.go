package server

import "testing"

// Sign-ups and sign-ins are no reason to leave a core to others; everything else is.
func TestRequestsWithoutPasswordsTakeTheLentCoreBack(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.signUp("ada@example.com")
	if last := s.meters.lastOther.Load(); last != 0 {
		t.Errorf("a sign-up counts as a request without a password: %d", last)
	}
	if status, _, _ := s.do("GET", "/api/auth/get-session", ""); status != 200 {
		t.Fatalf("status %d", status)
	}
	if s.meters.lastOther.Load() == 0 {
		t.Error("a session check does not count as a request without a password")
	}
}
