package schema

import (
	"encoding/json"
	"maps"
	"slices"
)

// CloneValue returns a copy of the value of a field that shares no lists or objects
// with it.
func CloneValue(value any) any {
	switch v := value.(type) {
	case json.RawMessage:
		return slices.Clone(v)
	case []string:
		return slices.Clone(v)
	case []float64:
		return slices.Clone(v)
	case []any:
		out := slices.Clone(v)
		for i, element := range out {
			out[i] = CloneValue(element)
		}
		return out
	case map[string]any:
		out := maps.Clone(v)
		for key, member := range out {
			out[key] = CloneValue(member)
		}
		return out
	}
	return value
}
