module github.com/ostiary/ostiary/cmd/ostiary

go 1.26.0

require (
	github.com/ostiary/ostiary v0.0.0
	github.com/ostiary/ostiary/server v0.0.0
)

require github.com/alecthomas/kong v1.17.0 // indirect

replace github.com/ostiary/ostiary => ../../

replace github.com/ostiary/ostiary/server => ../../server
