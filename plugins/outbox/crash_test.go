package outbox_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/plugins/outbox"
	"github.com/ostiary/ostiary/schema"
)

// The crash test runs this test binary again as a child, with the path of a
// database in this variable. The child signs a user up, answers, and is killed.
const crashEnv = "OSTIARY_TEST_OUTBOX_CRASH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		os.Exit(runCrashChild(path))
	}
	goleak.VerifyTestMain(m)
}

// crashing returns the options of the server of the crash test.
func crashing(path string, o *outbox.Plugin) ostiary.Options {
	options := ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"), Secret: secret, Database: sqlite.Open(path),
		EmailAndPassword: emailpassword.Options{Enabled: true, RequireEmailVerification: true},
		EmailVerification: emailverification.Options{Send: func(ctx context.Context, m emailverification.Mail) error {
			return o.Send(ctx, letter(m.User.Email))
		}},
	}
	options.Plugins = append(options.Plugins, o)
	return options
}

// runCrashChild signs a user up and says so, while a mail server has the mail that
// never answers. It returns only when something is wrong.
func runCrashChild(path string) int {
	asked := make(chan struct{})
	auth, err := ostiary.New(crashing(path, outbox.New(outbox.Options{Sender: mail.SenderFunc(func(ctx context.Context, _ mail.Message) error {
		close(asked)
		<-ctx.Done()
		return ctx.Err()
	})})))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := context.Background()
	if err := auth.Migrate(ctx); err != nil {
		fmt.Println(err)
		return 1
	}
	if _, err := auth.API.SignUpEmail(ctx, api.SignUpEmailInput{Name: "Ada", Email: "ada@example.com", Password: "correct horse"}); err != nil {
		fmt.Println(err)
		return 1
	}
	<-asked
	fmt.Println("answered")
	select {} // until killed
}

func TestAMailOutlivesTheProcessThatIsKilledAfterItsAnswer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	said := ""
	for said != "answered" && lines.Scan() {
		said = lines.Text()
	}
	if err := child.Process.Kill(); err != nil { // SIGKILL
		t.Error(err)
	}
	_ = child.Wait() // it was killed
	if said != "answered" {
		t.Fatalf("the child says %q", said)
	}

	o := &office{}
	p := outbox.New(outbox.Options{Sender: o})
	options := crashing(path, p)
	options.Advanced.Now = func() time.Time { return time.Now().Add(3 * time.Minute) } // the lease of the dead has ended
	auth, err := ostiary.New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	users, err := auth.Kernel().DB.Count(t.Context(), auth.Kernel().DB.Table(schema.UserKey))
	if err != nil || users != 1 {
		t.Errorf("%d users, %v", users, err)
	}
	p.Start()
	until(t, "the mail is delivered", func() bool {
		s, err := p.Stats(t.Context())
		return err == nil && s.Waiting == 0
	})
	if attempts, taken := o.seen(); attempts != 1 || len(taken) != 1 || taken[0] != "ada@example.com" {
		t.Errorf("%d attempts, taken: %v", attempts, taken)
	}
}
