package secret

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseVersions reads the environment form of the option `secrets`, such as
// "2:new,1:old": comma-separated entries, the current one first, each a version
// before its first colon and a secret behind it. White space around entries,
// versions and secrets is dropped. Duplicates are left to [NewKeyring].
func ParseVersions(text string) ([]Version, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("`secrets` is empty: write it as version:secret, separated by commas, the current one first")
	}
	var versions []Version
	for i, entry := range strings.Split(text, ",") {
		version, value, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found {
			return nil, fmt.Errorf("`secrets`: entry %d has no colon: write it as version:secret", i+1)
		}
		number, ok := parseVersion(strings.TrimSpace(version))
		if !ok {
			return nil, fmt.Errorf("`secrets`: the version of entry %d is not an integer of 0 or more: write it as version:secret", i+1)
		}
		value = strings.TrimSpace(value)
		if value == "" {
			return nil, fmt.Errorf("`secrets`: the value of version %d is empty: write it as version:secret", number)
		}
		versions = append(versions, Version{Version: number, Value: String(value)})
	}
	return versions, nil
}

// parseVersion reads an integer of 0 or more in its canonical form: no sign, no
// leading zero.
func parseVersion(text string) (int, bool) {
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 || strconv.Itoa(number) != text {
		return 0, false
	}
	return number, true
}
