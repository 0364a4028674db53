package ostiary_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if crash := os.Getenv(crashEnv); crash != "" {
		os.Exit(runCrashChild(crash))
	}
	goleak.VerifyTestMain(m)
}
