package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	email    = "ada@example.com"
	password = "correct horse battery"
	changed  = "an even better password"
)

// TestAccountPage lives the life of an account in a browser, from signing up to
// deleting it.
func TestAccountPage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := open(t)

	b.do("open the page", chromedp.Navigate(s.url+"/sign-up"))
	b.picture("sign-up")
	b.fill("sign-up", "name", "Ada Lovelace", "email", email, "password", password)
	b.see("#profile-section")
	b.reads("#account-email", email)

	b.do("follow the mailed link", chromedp.Navigate(s.link(t, "Confirm your e-mail address")))
	b.do("back to the account", chromedp.Navigate(s.url+"/account"))
	b.reads("#email-badge", "Verified")

	b.fill("profile", "name", "Augusta Ada King")
	b.holds(`document.querySelector("#profile-message")?.dataset.kind === "success"`)
	b.do("reload", chromedp.Reload())
	b.holds(`document.querySelector("#profile input[name=name]")?.value === "Augusta Ada King"`)
	b.picture("account")

	if status := signIn(t, s, password); status != http.StatusOK {
		t.Fatalf("signing in elsewhere was answered %d", status)
	}
	b.do("reload", chromedp.Reload())
	b.counts(`[data-testid="session"]`, 2)
	b.do("sign the other device out", chromedp.Click("#revoke-others"))
	b.counts(`[data-testid="session"]`, 1)

	b.fill("change-password", "currentPassword", password, "newPassword", changed)
	b.holds(`document.querySelector("#change-password-message")?.dataset.kind === "success"`)

	b.do("sign out", chromedp.Click("#sign-out"))
	b.fill("sign-in", "email", email, "password", password)
	b.holds(`document.querySelector("#sign-in-message")?.dataset.kind === "problem" || document.querySelector("#sign-in [aria-invalid=true]") !== null`)
	b.picture("wrong password")
	b.fill("sign-in", "email", email, "password", changed)
	b.see("#delete-account-open")

	b.do("ask for deletion", chromedp.Click("#delete-account-open"))
	b.fill("delete-account", "password", changed, "confirmation", "delete")
	b.see("#sign-in")
	b.see("#notice")
	b.picture("deleted")
	if status := signIn(t, s, changed); status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
		t.Errorf("signing in to the deleted account was answered %d", status)
	}
}

// TestForgottenPassword sets a new password by the mailed link.
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := open(t)

	b.do("open the page", chromedp.Navigate(s.url+"/sign-up"))
	b.fill("sign-up", "name", "Ada", "email", email, "password", password)
	b.see("#profile-section")
	b.do("sign out", chromedp.Click("#sign-out"))
	b.see("#sign-in")

	b.do("open the page", chromedp.Navigate(s.url+"/forgot-password"))
	b.fill("forgot-password", "email", email)
	b.do("follow the mailed link", chromedp.Navigate(s.link(t, "password")))
	b.fill("reset-password", "password", changed)
	b.see("#sign-in")
	b.fill("sign-in", "email", email, "password", changed)
	b.see("#profile-section")
}

// TestPageIsAccessible checks what a machine can: every control has a name,
// every view a heading and a title, nothing needs a mouse.
func TestPageIsAccessible(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := open(t)
	for _, path := range []string{"/sign-in", "/sign-up", "/forgot-password"} {
		b.do("open "+path, chromedp.Navigate(s.url+path), chromedp.WaitVisible("form"))
		b.counts("h1", 1)
		b.holds(`document.title.length > 3 && document.documentElement.lang === "en"`)
		b.holds(`[...document.querySelectorAll("input:not([aria-hidden])")].every(i => i.labels.length > 0 || i.getAttribute("aria-label"))`)
		b.holds(`[...document.querySelectorAll("button, a")].every(e => (e.textContent.trim() || e.getAttribute("aria-label")) !== "")`)
		b.do("go narrow", chromedp.EmulateViewport(320, 700))
		b.holds(`document.documentElement.scrollWidth <= 320`)
		b.do("go wide", chromedp.EmulateViewport(1100, 900))
	}
}

// signIn signs in once more, from elsewhere, and returns the status.
func signIn(t *testing.T, s *server, password string) int {
	t.Helper()
	body := strings.NewReader(`{"email":"` + email + `","password":"` + password + `"}`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/auth/sign-in/email", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}
