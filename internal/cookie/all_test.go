package cookie

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAllYieldsWhatGetFinds(t *testing.T) {
	t.Parallel()
	headers := []string{`a=1; b="x y"; =; c`, "d=%2F; a=2; e=%zz"}
	var got []string
	for name, value := range All(headers) {
		got = append(got, name+"="+value)
		if name == "e" {
			break
		}
	}
	if diff := cmp.Diff([]string{"a=1", "b=x y", "d=/", "a=2", "e=%zz"}, got); diff != "" {
		t.Error(diff)
	}
}
