// Package e2e has the tests that run the whole server and drive it with a real
// browser. It has no code of its own.
package e2e
