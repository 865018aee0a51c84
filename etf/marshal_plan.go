package etf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// fieldOptions are the options of one tag.
type fieldOptions struct {
	text      string // "", atom or charlist
	unit      string // "", seconds, millis, micros or nanos
	calendar  string // "", datetime, naive_datetime, date or calendar
	uuid      bool
	raw       bool
	tuple     bool
	nilAtom   bool
	proplist  bool
	omitEmpty bool
}

// structForm is what a struct becomes.
type structForm int

const (
	formMap structForm = iota
	formTuple
	formRecord
	formProplist
	formElixir
)

// structPlan is what the tags of a struct type say. It is made once per type.
type structPlan struct {
	form       structForm
	name       Atom // of a record or an Elixir struct
	binaryKeys bool
	fields     []fieldPlan
	err        string // a tag that makes no sense
}

type fieldPlan struct {
	name   string
	key    Term // the name as a key of this struct
	index  []int
	step   string // in the path of an error
	tagged bool
	opts   fieldOptions
}

var structPlans sync.Map // reflect.Type -> *structPlan

func planOf(t reflect.Type) *structPlan {
	if p, ok := structPlans.Load(t); ok {
		return p.(*structPlan)
	}
	p := &structPlan{}
	if err := p.make(t); err != nil {
		p.err = err.Error()
	}
	actual, _ := structPlans.LoadOrStore(t, p)
	return actual.(*structPlan)
}

func (p *structPlan) make(t reflect.Type) error {
	if tag := markerTag(t); tag != "" {
		if err := p.marker(tag); err != nil {
			return fmt.Errorf("field _: %w", err)
		}
	}
	all, err := collectFields(t, nil, map[reflect.Type]bool{})
	if err != nil {
		return err
	}
	p.fields = dominantFields(all)
	for i := range p.fields {
		f := &p.fields[i]
		if p.binaryKeys {
			f.key = Binary(f.name)
		} else {
			f.key = Atom(f.name)
		}
		f.opts.nilAtom = f.opts.nilAtom || p.form == formElixir // the word of Elixir for what is not there
	}
	return nil
}

// markerTag returns the tag of the first field named _ that has one.
func markerTag(t reflect.Type) string {
	for i := range t.NumField() {
		if f := t.Field(i); f.Name == "_" && f.Tag.Get("etf") != "" {
			return f.Tag.Get("etf")
		}
	}
	return ""
}

func (p *structPlan) marker(tag string) error {
	for _, option := range strings.Split(tag, ",") {
		key, value, valued := strings.Cut(strings.TrimSpace(option), "=")
		switch {
		case key == "tuple" && !valued:
			p.form = formTuple
		case key == "record" && value != "":
			p.form, p.name = formRecord, Atom(value)
		case key == "proplist" && !valued:
			p.form = formProplist
		case key == "struct" && value != "":
			p.form, p.name = formElixir, Atom(value)
		case key == "map" && !valued:
			p.form = formMap
		case key == "binarykeys" && !valued:
			p.binaryKeys = true
		default:
			return fmt.Errorf("unknown option %q", option)
		}
	}
	return nil
}

// collectFields lists the fields of t and of what is embedded in it, with their depth in the length of their index.
func collectFields(t reflect.Type, index []int, seen map[reflect.Type]bool) (all []fieldPlan, err error) {
	if seen[t] {
		return nil, nil
	}
	seen[t] = true
	defer delete(seen, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		tag, hasTag := sf.Tag.Lookup("etf")
		if sf.Name == "_" || tag == "-" {
			continue
		}
		f := fieldPlan{index: at, step: "." + sf.Name}
		if err := f.parse(tag); err != nil {
			return nil, fmt.Errorf("field %s: %w", sf.Name, err)
		}
		if embedded := embeddedStruct(sf); embedded != nil && f.name == "" {
			inner, err := collectFields(embedded, at, seen)
			if err != nil {
				return nil, err
			}
			all = append(all, inner...)
			continue
		}
		if !sf.IsExported() {
			if hasTag {
				return nil, fmt.Errorf("field %s: has a tag but is not exported", sf.Name)
			}
			continue
		}
		if err := f.opts.checkFit(sf.Type); err != nil {
			return nil, fmt.Errorf("field %s: %w", sf.Name, err)
		}
		if f.tagged = f.name != ""; !f.tagged {
			f.name = snakeCase(sf.Name)
		}
		all = append(all, f)
	}
	return all, nil
}

// embeddedStruct returns the struct type that sf embeds for its fields, or nil.
func embeddedStruct(sf reflect.StructField) reflect.Type {
	t := sf.Type
	if !sf.Anonymous {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isSpecial(t) {
		return nil
	}
	return t
}

func (f *fieldPlan) parse(tag string) error {
	name, rest, _ := strings.Cut(tag, ",")
	f.name = name
	if rest == "" {
		return nil
	}
	for _, option := range strings.Split(rest, ",") {
		switch option {
		case "atom", "charlist":
			f.opts.text = option
		case "binary":
			f.opts.text = ""
		case "seconds", "millis", "micros", "nanos":
			f.opts.unit = option
		case asDateTime, asNaive, asDate, asCalendar:
			f.opts.calendar = option
		case "uuid":
			f.opts.uuid = true
		case "raw":
			f.opts.raw = true
		case "tuple":
			f.opts.tuple = true
		case "nil":
			f.opts.nilAtom = true
		case "proplist":
			f.opts.proplist = true
		case "omitempty":
			f.opts.omitEmpty = true
		default:
			return fmt.Errorf("unknown option %q", option)
		}
	}
	return nil
}

// dominantFields applies the rule of encoding/json to fields of one name: the least deep counts, of several at that
// depth the one that is named by a tag, and none if that leaves more than one.
func dominantFields(all []fieldPlan) []fieldPlan {
	best := map[string]int{}
	count := map[string]int{}
	for i, f := range all {
		b, ok := best[f.name]
		switch {
		case !ok || f.outranks(all[b]):
			best[f.name], count[f.name] = i, 1
		case !all[b].outranks(f):
			count[f.name]++
		}
	}
	var kept []fieldPlan
	for i, f := range all {
		if best[f.name] == i && count[f.name] == 1 {
			kept = append(kept, f)
		}
	}
	return kept
}

func (f fieldPlan) outranks(g fieldPlan) bool {
	if len(f.index) != len(g.index) {
		return len(f.index) < len(g.index)
	}
	return f.tagged && !g.tagged
}

// snakeCase turns UserID into user_id and HTTPServer into http_server.
func snakeCase(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
