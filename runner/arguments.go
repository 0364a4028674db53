package runner

import (
	"errors"
	"flag"
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// commands are the commands by their names, each with its defaults.
func commands() map[string]Command {
	return map[string]Command{
		"migrate":      &Migrate{},
		"generate":     &Generate{},
		"doctor":       &Doctor{},
		"info":         &Info{},
		"create-admin": &CreateAdmin{Name: "Admin", Role: "admin"},
	}
}

const usage = `usage: migrate | generate | doctor | info | create-admin, each with --help`

// parse understands a command line. The flags of a command are the fields of its
// struct; their tags are those of the command line tool.
func parse(arguments []string) (Command, error) {
	if len(arguments) == 0 {
		return nil, fmt.Errorf("%s", usage)
	}
	command := commands()[arguments[0]]
	if command == nil {
		return nil, fmt.Errorf("unknown command %q; %s", arguments[0], usage)
	}
	var help strings.Builder
	flags := flag.NewFlagSet(arguments[0], flag.ContinueOnError)
	flags.SetOutput(&help)
	fields := reflect.ValueOf(command).Elem()
	for i := range fields.NumField() {
		define(flags, fields.Type().Field(i), fields.Field(i))
	}
	switch err := flags.Parse(arguments[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return nil, fmt.Errorf("%s%w", help.String(), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w; see %s --help", arguments[0], err, arguments[0])
	case flags.NArg() > 0:
		return nil, fmt.Errorf("%s: unexpected argument %q", arguments[0], flags.Arg(0))
	}
	return command, nil
}

func define(flags *flag.FlagSet, field reflect.StructField, value reflect.Value) {
	names := []string{flagName(field)}
	if short := field.Tag.Get("short"); short != "" {
		names = append(names, short)
	}
	for _, name := range names {
		switch target := value.Addr().Interface().(type) {
		case *bool:
			flags.BoolVar(target, name, *target, field.Tag.Get("help"))
		case *string:
			flags.StringVar(target, name, *target, field.Tag.Get("help"))
		}
	}
}

// flagName is the name of a field's flag: dry-run for DryRun.
func flagName(field reflect.StructField) string {
	if name := field.Tag.Get("name"); name != "" {
		return name
	}
	var name strings.Builder
	previous := 'A'
	for _, r := range field.Name {
		if unicode.IsUpper(r) && unicode.IsLower(previous) {
			name.WriteByte('-')
		}
		name.WriteRune(unicode.ToLower(r))
		previous = r
	}
	return name.String()
}

// Arguments is the command line that says the same as a command.
func Arguments(command Command) []string {
	given := reflect.ValueOf(command).Elem()
	for name, defaults := range commands() {
		if reflect.TypeOf(defaults) != reflect.TypeOf(command) {
			continue
		}
		arguments := []string{name}
		for i := range given.NumField() {
			value := given.Field(i)
			if !value.Equal(reflect.ValueOf(defaults).Elem().Field(i)) {
				arguments = append(arguments, fmt.Sprintf("--%s=%v", flagName(given.Type().Field(i)), value))
			}
		}
		return arguments
	}
	return nil
}
