package models

import (
	"fmt"
	"strconv"
	"strings"
)

// countCheck bounds how many items some lists have together, and a number that
// counts with them.
type countCheck struct {
	Items []string
	Plus  string
	Max   int
}

func (c countCheck) faults(in fields) []Fault {
	total := 0.0
	names := c.Items
	for _, name := range c.Items {
		total += float64(len(in.list(name)))
	}
	if c.Plus != "" {
		n, _ := in.number(c.Plus)
		total += n
		names = append(names[:len(names):len(names)], c.Plus)
	}
	if total <= float64(c.Max) {
		return nil
	}
	with := ""
	if len(names) > 1 {
		with = "and " + strings.Join(names[1:], ", ") + " "
	}
	return []Fault{{names[0], fmt.Sprintf("%smake %s together; want at most %d", with, show(total), c.Max)}}
}

// membersCheck is about a number in each object of a list.
type membersCheck struct {
	Of       string   // the list
	Name     string   // of the member
	Else     *float64 // what it is if left out
	Unique   bool
	SumMax   *float64 `json:"sum_max"`
	SumIs    string   `json:"sum_is"`    // a field which, if given, is what they add up to
	MaxField string   `json:"max_field"` // a field which, times Times, none exceeds
	Times    float64
}

func (c membersCheck) faults(in fields) []Fault {
	numbers, ok := c.numbers(in)
	if !ok {
		return nil
	}
	return append(c.sumFaults(in, numbers), c.singleFaults(in, numbers)...)
}

// numbers are the members, if there are any and all are known.
func (c membersCheck) numbers(in fields) ([]float64, bool) {
	items := in.list(c.Of)
	numbers := make([]float64, len(items))
	for i, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		n, ok := number(object[c.Name])
		if !ok && object[c.Name] == nil && c.Else != nil {
			n, ok = *c.Else, true
		}
		if !ok {
			return nil, false
		}
		numbers[i] = n
	}
	return numbers, len(items) > 0
}

func (c membersCheck) sumFaults(in fields, numbers []float64) []Fault {
	sum := 0.0
	for _, n := range numbers {
		sum += n
	}
	var faults []Fault
	if c.SumMax != nil && sum > *c.SumMax {
		faults = append(faults, Fault{c.Of, fmt.Sprintf("has a %s of %s in all; want at most %s", c.Name, show(sum), show(*c.SumMax))})
	}
	// A default says nothing: where there is one, the field may be left out.
	if want, ok := number(in.object[c.SumIs]); ok && want != sum {
		faults = append(faults, Fault{c.SumIs, fmt.Sprintf("is %s; want %s, which is what %s adds up to", show(want), show(sum), c.Of)})
	}
	return faults
}

func (c membersCheck) singleFaults(in fields, numbers []float64) []Fault {
	var faults []Fault
	first := make(map[float64]int)
	limit, limited := in.number(c.MaxField)
	limit *= c.Times
	for i, n := range numbers {
		at := joinKey(joinIndex(c.Of, i), c.Name)
		if before, again := first[n]; c.Unique && again {
			faults = append(faults, Fault{at, fmt.Sprintf("is %s, as in %s; want another", show(n), joinIndex(c.Of, before))})
		} else {
			first[n] = i
		}
		if limited && n > limit {
			faults = append(faults, Fault{at, fmt.Sprintf("is %s; want at most %s, which is %s times %s", show(n), show(limit), show(c.Times), c.MaxField)})
		}
	}
	return faults
}

// pixelsCheck is about a size of the form WIDTHxHEIGHT. What has another form
// is a preset, and none of its business. A bound of 0 is none.
type pixelsCheck struct {
	Field     string
	Multiple  int
	MinEdge   int `json:"min_edge"`
	MaxEdge   int `json:"max_edge"`
	MaxRatio  int `json:"max_ratio"` // of the longer edge to the shorter
	MinPixels int `json:"min_pixels"`
	MaxPixels int `json:"max_pixels"`
}

func (c pixelsCheck) faults(in fields) []Fault {
	text, _ := in.object[c.Field].(string)
	w, h, ok := pixels(text)
	if !ok {
		return nil
	}
	wants := c.wants(w, h)
	if len(wants) == 0 {
		return nil
	}
	return []Fault{{c.Field, "is " + show(text) + "; want " + enumerate(wants, " and ")}}
}

// wants is what a size should have and has not.
func (c pixelsCheck) wants(w, h int) []string {
	long, short := max(w, h), min(w, h)
	var wants []string
	want := func(broken bool, format string, args ...any) {
		if broken {
			wants = append(wants, fmt.Sprintf(format, args...))
		}
	}
	want(c.Multiple > 0 && (w%c.Multiple != 0 || h%c.Multiple != 0), "edges that are multiples of %d", c.Multiple)
	want(short < c.MinEdge, "edges of at least %d", c.MinEdge)
	want(c.MaxEdge > 0 && long > c.MaxEdge, "edges of at most %d", c.MaxEdge)
	want(c.MaxRatio > 0 && long > c.MaxRatio*short, "edges whose ratio is at most %d:1", c.MaxRatio)
	want(c.MaxPixels > 0 && (w*h < c.MinPixels || w*h > c.MaxPixels), "%d to %d pixels in all", c.MinPixels, c.MaxPixels)
	return wants
}

// pixels reads WIDTHxHEIGHT. Numbers beyond a million are no size, and their
// product would not fit.
func pixels(text string) (w, h int, ok bool) {
	left, right, _ := strings.Cut(text, "x")
	w, err := strconv.Atoi(left)
	h, err2 := strconv.Atoi(right)
	const most = 1_000_000
	return w, h, err == nil && err2 == nil && w >= 0 && h >= 0 && w <= most && h <= most
}
