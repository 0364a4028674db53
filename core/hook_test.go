package core

import "testing"

func TestNoHooksCostNoAllocation(t *testing.T) {
	k, c := &Kernel{}, &Context{}
	out := outcome{}
	allocations := testing.AllocsPerRun(100, func() {
		if answer, err := k.runBefore(c); answer != nil || err != nil {
			t.Error(answer, err)
		}
		if err := k.runAfter(c, &out); err != nil {
			t.Error(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
