package server

import (
	"errors"

	"github.com/ostiary/ostiary/server/internal/configfile"
)

// Load reads a configuration file in YAML, TOML or JSON, as the ending of its
// name says. Keys that do not exist and values that are not possible are
// errors; the error lists all of them, each with its line and with what was
// probably meant.
func Load(path string) (Config, error) {
	file, err := configfile.Read(path)
	if err != nil {
		return Config{}, err
	}
	return decode(file)
}

func decode(file *configfile.File) (Config, error) {
	var c Config
	problems := file.Decode(&c, unavailable)
	if len(problems) > 0 {
		return Config{}, errors.Join(problems...)
	}
	return c, nil
}

// Keys returns the paths of all keys that a configuration file may have; "*"
// stands for a name that the file chooses.
func Keys() []string { return configfile.Keys(new(Config)) }
