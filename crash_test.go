package ostiary_test

const crashEnv = "OSTIARY_TEST_CRASH"

func runCrashChild(string) int { return 0 }
