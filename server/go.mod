module github.com/ostiary/ostiary/server

go 1.26.0

require github.com/ostiary/ostiary v0.0.0

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/goccy/go-yaml v1.19.2 // indirect
)

replace github.com/ostiary/ostiary => ../
