package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is a tab of a headless Chromium with a profile of its own.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// open starts a browser. It fails where there is none: install the package
// chromium, or name the program in CHROMIUM.
func open(t *testing.T) *browser {
	t.Helper()
	program := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		t.Fatal("no Chromium found: install it, or name it in CHROMIUM")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	// Pages of others name fonts elsewhere: nothing but this machine is reachable.
	options = append(options, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx}
	// The first run starts the browser, which lives as long as its context: so it
	// gets no time-out.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1100, 900)); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b.picture("failed")
		}
	})
	return b
}

// tab opens another tab, with the same cookies, for a test.
func (b *browser) tab(t *testing.T) *browser {
	t.Helper()
	return b.beside(t)
}

// stranger opens a tab with cookies of its own for a test: another browser, as far
// as any server can tell.
func (b *browser) stranger(t *testing.T) *browser {
	t.Helper()
	return b.beside(t, chromedp.WithNewBrowserContext())
}

func (b *browser) beside(t *testing.T, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx, options...)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1100, 900)); err != nil {
		t.Fatalf("open another tab: %v", err)
	}
	return &browser{t: t, ctx: ctx}
}

// do runs steps, and ends the test when one fails.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		where, _ := chromedp.Run(b.ctx, chromedp.Location())
		b.t.Fatalf("%s: %v (at %s)", what, err, where)
	}
}

// fill fills the fields of a form, given as name and value in turn, and submits
// it.
func (b *browser) fill(form string, fields ...string) {
	b.t.Helper()
	steps := []chromedp.Action[chromedp.Void]{chromedp.WaitVisible("#" + form)}
	for i := 0; i+1 < len(fields); i += 2 {
		input := fmt.Sprintf("#%s input[name=%q]", form, fields[i])
		steps = append(steps, chromedp.WaitVisible(input), chromedp.Focus(input), selectAll(input), chromedp.SendKeys(input, fields[i+1]))
	}
	steps = append(steps, chromedp.Click(fmt.Sprintf("#%s button[type=submit]", form)))
	b.do("fill in "+form, steps...)
}

// selectAll selects the text of a field, so that what is typed replaces it.
func selectAll(input string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q).select(), true", input)))
		return err
	})
}

// see waits until something is visible.
func (b *browser) see(selector string) {
	b.t.Helper()
	b.do("wait for "+selector, chromedp.WaitVisible(selector))
}

// reads waits until an element has a text.
func (b *browser) reads(selector, text string) {
	b.t.Helper()
	b.holds(fmt.Sprintf("document.querySelector(%q)?.textContent.includes(%q)", selector, text))
}

// counts waits until there are so many elements.
func (b *browser) counts(selector string, n int) {
	b.t.Helper()
	b.holds(fmt.Sprintf("document.querySelectorAll(%q).length === %d", selector, n))
}

// holds waits until an expression is true in the page. While the page is being
// replaced there is nothing to ask, so errors are asked again.
func (b *browser) holds(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			page, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			b.t.Fatalf("%s never held: %v; the page reads\n%s", expression, err, page)
		}
	}
}

// picture keeps a screenshot in the folder that SCREENSHOTS names, if it does.
func (b *browser) picture(name string) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, b.t.Name()+"-"+name+".png"), image, 0o600)
	}
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
	}
}
