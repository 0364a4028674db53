package twofactor_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/plugins/twofactor"
)

func Example() {
	auth, err := ostiary.New(ostiary.Options{
		AppName:          "Acme",
		BaseURL:          ostiary.StaticURL("https://app.example.com"),
		Secret:           "an-example-secret-0123456789-abcdefghijkl",
		EmailAndPassword: emailpassword.Options{Enabled: true},
		Plugins: []core.Plugin{twofactor.New(twofactor.Options{
			TOTP: twofactor.TOTPOptions{RejectReusedCodes: true},
			OTP: twofactor.OTPOptions{
				Storage: twofactor.Hashed,
				Send: func(ctx context.Context, m twofactor.Message) error {
					fmt.Println("mail to", m.User.Email, "with the code", m.Code)
					return nil
				},
			},
		})},
		Logger:   slog.New(slog.DiscardHandler),
		Advanced: ostiary.AdvancedOptions{Now: func() time.Time { return time.Unix(59, 0) }},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(context.Background())

	// Programs can compute codes too, for example in their own tests.
	out, err := ostiary.Invoke(context.Background(), auth, twofactor.GenerateTOTP, twofactor.GenerateTOTPInput{Secret: "12345678901234567890"})
	fmt.Println(out.Value.Code, err)
	// Output: 287082 <nil>
}
