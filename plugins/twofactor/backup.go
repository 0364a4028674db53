package twofactor

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
)

// dashAfter is how many characters of a backup code come before its dash.
const dashAfter = 5

// newBackupCodes makes a user's backup codes.
func (p *Plugin) newBackupCodes(c *core.Context) []string {
	o := &p.options.BackupCodes
	if o.Generate != nil {
		return o.Generate()
	}
	codes := make([]string, o.Amount)
	for i := range codes {
		code := c.Random.String(o.Length, random.AlphaNumeric)
		codes[i] = code[:dashAfter] + "-" + code[dashAfter:]
	}
	return codes
}

func (p *Plugin) sealBackupCodes(codes []string) (string, error) {
	text, err := json.Marshal(codes)
	if err != nil {
		return "", fmt.Errorf("store backup codes: %w", err)
	}
	return p.backups.seal(string(text))
}

// openBackupCodes returns the codes that were stored; none when what was stored
// is no list of codes.
func (p *Plugin) openBackupCodes(f *factor) ([]string, error) {
	text, err := p.backups.open(f.backupCodes)
	if err != nil {
		return nil, fmt.Errorf("open backup codes: %w", err)
	}
	var codes []string
	if json.Unmarshal([]byte(text), &codes) != nil {
		return nil, nil
	}
	return codes, nil
}

// indexOf returns where a code is, or -1. It looks at every code, so that time
// does not tell how far a guess came.
func indexOf(codes []string, code string) int {
	at := -1
	for i := range codes {
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare([]byte(codes[i]), []byte(code)), i, at)
	}
	return at
}

// verifyBackupCode uses up a backup code.
func (p *Plugin) verifyBackupCode(c *core.Context, in VerifyBackupCodeInput) (VerifyBackupCodeOutput, error) {
	var none VerifyBackupCodeOutput
	v, err := p.verifier(c)
	if err != nil {
		return none, err
	}
	f, err := p.factors.of(c, v.user.ID)
	if err != nil {
		return none, err
	}
	if f == nil {
		return none, core.Fail(http.StatusBadRequest, BackupCodesNotEnabled)
	}
	right := func() (bool, error) { return p.spend(c, f, in.Code) }
	if err := p.try(c, v, f, InvalidBackupCode, right); err != nil {
		return none, err
	}
	if !in.DisableSession {
		out, err := p.complete(c, v, in.TrustDevice)
		return VerifyBackupCodeOutput(out), err
	}
	out := VerifyBackupCodeOutput{User: v.user.User}
	if v.session != nil {
		out.Token = v.session.Session.Token
	}
	return out, nil
}

// spend removes a code from those of the user. It reports whether there was such
// a code. Of two spenders at once the second fails: it did not see what the
// first left.
func (p *Plugin) spend(c *core.Context, f *factor, code string) (bool, error) {
	codes, err := p.openBackupCodes(f)
	if err != nil {
		return false, err
	}
	at := indexOf(codes, code)
	if at < 0 {
		return false, nil
	}
	left, err := p.sealBackupCodes(slices.Delete(codes, at, at+1))
	if err != nil {
		return false, err
	}
	stored, err := p.factors.setBackupCodes(c, f, left)
	if err != nil {
		return false, err
	}
	if !stored {
		return false, core.Fail(http.StatusConflict, failedToSpendCode)
	}
	return true, nil
}

// generateBackupCodes replaces all backup codes.
func (p *Plugin) generateBackupCodes(c *core.Context, in PasswordInput) (BackupCodesOutput, error) {
	var none BackupCodesOutput
	user := &c.Session.User
	if !enabled(user) {
		return none, core.Fail(http.StatusBadRequest, TwoFactorNotEnabled)
	}
	if err := p.confirm(c, user, in.Password, *p.options.BackupCodes.AllowPasswordless); err != nil {
		return none, err
	}
	f, err := p.factors.of(c, user.ID)
	if err != nil {
		return none, err
	}
	if f == nil {
		return none, core.Fail(http.StatusBadRequest, TwoFactorNotEnabled)
	}
	codes := p.newBackupCodes(c)
	sealed, err := p.sealBackupCodes(codes)
	if err != nil {
		return none, err
	}
	stored, err := p.factors.setBackupCodes(c, f, sealed)
	if err != nil {
		return none, err
	}
	if !stored {
		return none, core.Fail(http.StatusConflict, failedToSpendCode)
	}
	return BackupCodesOutput{Status: true, BackupCodes: codes}, nil
}

// viewBackupCodes shows the unused codes of a user.
func (p *Plugin) viewBackupCodes(c *core.Context, in ViewBackupCodesInput) (BackupCodesOutput, error) {
	f, err := p.factors.of(c, in.UserID)
	if err != nil {
		return BackupCodesOutput{}, err
	}
	if f == nil {
		return BackupCodesOutput{}, core.Fail(http.StatusBadRequest, BackupCodesNotEnabled)
	}
	codes, err := p.openBackupCodes(f)
	if err != nil {
		return BackupCodesOutput{}, err
	}
	if codes == nil {
		return BackupCodesOutput{}, core.Fail(http.StatusBadRequest, InvalidBackupCode)
	}
	return BackupCodesOutput{Status: true, BackupCodes: codes}, nil
}
