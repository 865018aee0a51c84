package etf

import (
	"reflect"
	"strconv"
	"time"
)

// The options that say which calendar type a time.Time becomes. Without one, and without a unit, it is RFC 3339.
const (
	asDateTime = "datetime"       // %DateTime{} of Elixir
	asNaive    = "naive_datetime" // %NaiveDateTime{} of Elixir
	asDate     = "date"           // %Date{} of Elixir
	asCalendar = "calendar"       // calendar:datetime() of Erlang
)

// elixirTimes are the structs of Elixir that are times.
var elixirTimes = map[Atom]bool{"Elixir.DateTime": true, "Elixir.NaiveDateTime": true, "Elixir.Date": true}

// calendarTerm makes the calendar type of a time, all of them in UTC. The types of Elixir hold microseconds.
func calendarTerm(t time.Time, as string) (Term, error) {
	t = t.UTC()
	year, month, day := t.Date()
	if year < -9999 || year > 9999 || as == asCalendar && year < 0 {
		return nil, &MarshalError{Type: timeType, Reason: "the calendar of Erlang and Elixir has no year " +
			strconv.Itoa(year)}
	}
	if as == asCalendar {
		return Tuple{Tuple{Int(year), Int(month), Int(day)},
			Tuple{Int(t.Hour()), Int(t.Minute()), Int(t.Second())}}, nil
	}
	m := Map{
		{Atom("calendar"), Atom("Elixir.Calendar.ISO")},
		{Atom("year"), Int(year)}, {Atom("month"), Int(month)}, {Atom("day"), Int(day)},
	}
	if as == asDate {
		return append(m, MapPair{Atom("__struct__"), Atom("Elixir.Date")}), nil
	}
	m = append(m, MapPair{Atom("hour"), Int(t.Hour())}, MapPair{Atom("minute"), Int(t.Minute())},
		MapPair{Atom("second"), Int(t.Second())},
		MapPair{Atom("microsecond"), Tuple{Int(t.Nanosecond() / 1000), Int(6)}})
	if as == asNaive {
		return append(m, MapPair{Atom("__struct__"), Atom("Elixir.NaiveDateTime")}), nil
	}
	return append(m, MapPair{Atom("__struct__"), Atom("Elixir.DateTime")},
		MapPair{Atom("time_zone"), Binary("Etc/UTC")}, MapPair{Atom("zone_abbr"), Binary("UTC")},
		MapPair{Atom("utc_offset"), Int(0)}, MapPair{Atom("std_offset"), Int(0)}), nil
}

// toTime reads a time: in every one of the forms that Marshal writes, except that a number needs its unit.
func toTime(t Term, dst reflect.Value, o *fieldOptions) error {
	var at time.Time
	ok := false
	switch t := t.(type) {
	case Int:
		if o.unit == "" {
			return mismatch(t, dst, "a number is a time only with a unit, such as the option seconds")
		}
		at, ok = timeOf(int64(t), o.unit), true
	case Map:
		at, ok = timeOfStruct(t)
	case Tuple:
		at, ok = timeOfTuple(t)
	default:
		if o.unit != "" {
			return mismatch(t, dst, "want an integer, "+o.unit+" since 1970")
		}
		return toText(t, dst)
	}
	if !ok {
		return mismatch(t, dst, "want a date and time of the ISO calendar")
	}
	dst.Set(reflect.ValueOf(at))
	return nil
}

func timeOf(n int64, unit string) time.Time {
	switch unit {
	case "seconds":
		return time.Unix(n, 0).UTC()
	case "millis":
		return time.UnixMilli(n).UTC()
	case "micros":
		return time.UnixMicro(n).UTC()
	}
	return time.Unix(0, n).UTC()
}

// calendarTime is what the parts of a calendar type are, before they are known to make a time.
type calendarTime struct{ year, month, day, hour, minute, second, micro, offset int64 }

// timeOfStruct reads a DateTime, a NaiveDateTime or a Date of Elixir. The latter two have no zone; they count as UTC.
func timeOfStruct(m Map) (time.Time, bool) {
	get := func(key Atom) Term {
		t, _ := m.Get(key)
		return t
	}
	name, _ := get("__struct__").(Atom)
	if !elixirTimes[name] || get("calendar") != Term(Atom("Elixir.Calendar.ISO")) {
		return time.Time{}, false
	}
	var c calendarTime
	var std, precision int64
	ok := parseInts([]Term{get("year"), get("month"), get("day")}, &c.year, &c.month, &c.day)
	if ok && name != "Elixir.Date" {
		micro, _ := get("microsecond").(Tuple)
		ok = parseInts([]Term{get("hour"), get("minute"), get("second")}, &c.hour, &c.minute, &c.second) &&
			parseInts(micro, &c.micro, &precision)
	}
	zone := ""
	if ok && name == "Elixir.DateTime" {
		var abbr Binary
		abbr, ok = get("zone_abbr").(Binary)
		zone, ok = string(abbr), ok && parseInts([]Term{get("utc_offset"), get("std_offset")}, &c.offset, &std)
		c.offset += std
	}
	if !ok {
		return time.Time{}, false
	}
	return c.time(zone)
}

// timeOfTuple reads a calendar:datetime() of Erlang, which counts as UTC.
func timeOfTuple(t Tuple) (time.Time, bool) {
	if len(t) != 2 {
		return time.Time{}, false
	}
	var c calendarTime
	date, ok1 := t[0].(Tuple)
	clock, ok2 := t[1].(Tuple)
	if !ok1 || !ok2 || !parseInts(date, &c.year, &c.month, &c.day) || !parseInts(clock, &c.hour, &c.minute, &c.second) {
		return time.Time{}, false
	}
	return c.time("")
}

// parseInts stores integers, if there are as many as are wanted.
func parseInts(terms []Term, into ...*int64) bool {
	if len(terms) != len(into) {
		return false
	}
	for i, t := range terms {
		n, ok := t.(Int)
		if !ok {
			return false
		}
		*into[i] = int64(n)
	}
	return true
}

// maxOffset is a bound on how far a zone is from UTC, in seconds.
const maxOffset = 48 * 3600

// time returns the time. It refuses dates that do not exist, such as the 30th of February, which time.Date would turn
// into a date of March.
func (c calendarTime) time(zone string) (time.Time, bool) {
	if c.year < -9999 || c.year > 9999 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || c.hour < 0 ||
		c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 59 || c.micro < 0 ||
		c.micro > 999_999 || c.offset < -maxOffset || c.offset > maxOffset {
		return time.Time{}, false
	}
	at := time.UTC
	if c.offset != 0 {
		at = time.FixedZone(zone, int(c.offset))
	}
	t := time.Date(int(c.year), time.Month(c.month), int(c.day), int(c.hour), int(c.minute), int(c.second),
		int(c.micro)*1000, at)
	return t, t.Day() == int(c.day)
}
