package qdrantfake

import (
	"slices"
	"strings"
	"unicode"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type payload = map[string]*qdrant.Value

// passes reports whether a point passes f (search/filtering): all of must, none
// of must_not, and one of should if there is any.
func passes(f *qdrant.Filter, id string, p *point, data payload) (bool, error) {
	if f.GetMinShould() != nil {
		return false, status.Error(codes.Unimplemented, "qdrantfake: min_should")
	}
	for _, c := range f.GetMust() {
		if ok, err := meets(c, id, p, data); !ok || err != nil {
			return false, err
		}
	}
	for _, c := range f.GetMustNot() {
		if ok, err := meets(c, id, p, data); ok || err != nil {
			return false, err
		}
	}
	for _, c := range f.GetShould() {
		if ok, err := meets(c, id, p, data); ok || err != nil {
			return ok, err
		}
	}
	return len(f.GetShould()) == 0, nil
}

func meets(c *qdrant.Condition, id string, p *point, data payload) (bool, error) {
	switch c := c.GetConditionOneOf().(type) {
	case *qdrant.Condition_Field:
		return fieldMeets(c.Field, data)
	case *qdrant.Condition_Filter:
		return passes(c.Filter, id, p, data)
	case *qdrant.Condition_HasId:
		return slices.ContainsFunc(c.HasId.GetHasId(), func(want *qdrant.PointId) bool { return keyOf(want) == id }), nil
	case *qdrant.Condition_HasVector:
		// "has a vector of that name" (search/filtering, Has Vector)
		return p.dense[c.HasVector.GetHasVector()] != nil || p.sparse[c.HasVector.GetHasVector()] != nil, nil
	case *qdrant.Condition_IsEmpty:
		// "the field either does not exist, or has null or [] value"
		// (search/filtering, Is Empty)
		return !slices.ContainsFunc(values(data, c.IsEmpty.GetKey()), func(v *qdrant.Value) bool {
			_, null := v.GetKind().(*qdrant.Value_NullValue)
			return !null
		}), nil
	case *qdrant.Condition_Nested:
		// The conditions must hold for one and the same element of the array
		// (search/filtering, Nested object filter).
		for _, v := range values(data, c.Nested.GetKey()) {
			if s := v.GetStructValue(); s != nil {
				if ok, err := passes(c.Nested.GetFilter(), id, p, s.GetFields()); ok || err != nil {
					return ok, err
				}
			}
		}
		return false, nil
	}
	return false, status.Errorf(codes.Unimplemented, "qdrantfake: condition %T", c.GetConditionOneOf())
}

// values returns what is at key: of an array its elements, and of a dotted key
// what the path leads to, through each element of arrays on the way
// (search/filtering, Nested key).
func values(data payload, key string) []*qdrant.Value {
	head, rest, more := strings.Cut(key, ".")
	head = strings.TrimSuffix(head, "[]")
	v, ok := data[head]
	if !ok {
		return nil
	}
	list := []*qdrant.Value{v}
	if l := v.GetListValue(); l != nil {
		list = l.GetValues()
	}
	if !more {
		return list
	}
	var out []*qdrant.Value
	for _, v := range list {
		if s := v.GetStructValue(); s != nil {
			out = append(out, values(s.GetFields(), rest)...)
		}
	}
	return out
}

// fieldMeets: "if the payload has an array, the condition is met if at least one
// value of it meets it" (search/filtering).
func fieldMeets(f *qdrant.FieldCondition, data payload) (bool, error) {
	vs := values(data, f.GetKey())
	switch {
	case f.GetMatch() != nil:
		for _, v := range vs {
			if ok, err := matches(f.GetMatch(), v); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	case f.GetRange() != nil:
		return slices.ContainsFunc(vs, func(v *qdrant.Value) bool { return inRange(f.GetRange(), v) }), nil
	}
	return false, status.Errorf(codes.Unimplemented, "qdrantfake: a condition on %q", f.GetKey())
}

func matches(m *qdrant.Match, v *qdrant.Value) (bool, error) {
	text, isText := v.GetKind().(*qdrant.Value_StringValue)
	number, isNumber := v.GetKind().(*qdrant.Value_IntegerValue)
	truth, isBool := v.GetKind().(*qdrant.Value_BoolValue)
	switch m := m.GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		return isText && text.StringValue == m.Keyword, nil
	case *qdrant.Match_Integer:
		return isNumber && number.IntegerValue == m.Integer, nil
	case *qdrant.Match_Boolean:
		return isBool && truth.BoolValue == m.Boolean, nil
	case *qdrant.Match_Text:
		return isText && hasWords(text.StringValue, m.Text), nil
	case *qdrant.Match_Keywords:
		return isText && slices.Contains(m.Keywords.GetStrings(), text.StringValue), nil
	case *qdrant.Match_Integers:
		return isNumber && slices.Contains(m.Integers.GetIntegers(), number.IntegerValue), nil
	}
	return false, status.Errorf(codes.Unimplemented, "qdrantfake: match %T", m.GetMatchValue())
}

// hasWords reports whether text has all words of want, in any order and case, as
// Qdrant's engine (qdrant-edge 0.9.0) matches a text without a full-text index;
// the documentation has "as exact substring match" (search/filtering, Full Text
// Match).
func hasWords(text, want string) bool {
	words := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	}
	in, wanted := words(text), words(want)
	return len(wanted) > 0 && !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(in, w) })
}

func inRange(r *qdrant.Range, v *qdrant.Value) bool {
	var x float64
	switch v := v.GetKind().(type) {
	case *qdrant.Value_DoubleValue:
		x = v.DoubleValue
	case *qdrant.Value_IntegerValue:
		x = float64(v.IntegerValue)
	default:
		return false
	}
	return (r.Lt == nil || x < *r.Lt) && (r.Gt == nil || x > *r.Gt) && (r.Gte == nil || x >= *r.Gte) && (r.Lte == nil || x <= *r.Lte)
}
