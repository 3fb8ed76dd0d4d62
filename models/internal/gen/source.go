package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"slices"
	"text/template"

	"github.com/vidgo-go/vidgo/models"
)

// packages are the kinds of models; each has a package of its name.
var packages = []models.Kind{models.Image, models.Video, models.Music}

// generate makes the source of all packages, by path.
func generate(all []models.Model) (map[string][]byte, error) {
	files := make(map[string][]byte)
	if err := list(files, all); err != nil {
		return nil, err
	}
	for _, kind := range packages {
		p := pkg{Name: string(kind), items: make(map[string]*structType), enums: make(map[string]*enumType)}
		for _, m := range all {
			if m.Kind != kind {
				continue
			}
			if err := p.read(m); err != nil {
				return nil, fmt.Errorf("%s: %w", m.ID, err)
			}
		}
		if err := p.write(files); err != nil {
			return nil, fmt.Errorf("package %s: %w", kind, err)
		}
	}
	return files, nil
}

// pkg is one package: its models, and the types that they share.
type pkg struct {
	Name   string
	inputs []input
	items  map[string]*structType // by name
	enums  map[string]*enumType   // by field: values in order
}

type input struct {
	models.Model
	schema schema
}

// enumType is a string type with the values that any model documents. One
// for each field name and not for each model: 250 models have some 400 fields
// with values, and most have the same ones.
type enumType struct {
	Field  string
	Values []string
}

// structType is a struct for an input, or for objects in it.
type structType struct {
	Comment string
	Name    string
	ID      string // of the model; empty for others
	Fields  []fieldType
}

type fieldType struct {
	Comment, Name, Type, Tag string

	said []string // of a member of an object: what all models say about it
}

// read takes note of a model and of the values that its fields document.
func (p *pkg) read(m models.Model) error {
	in := input{Model: m}
	if err := json.Unmarshal(m.Input, &in.schema); err != nil {
		return err
	}
	p.inputs = append(p.inputs, in)
	for _, f := range in.schema.Properties {
		if slices.Contains(f.Type, "string") {
			p.note(f.Name, slices.Concat(f.Enum, f.Examples))
		}
	}
	return nil
}

func (p *pkg) note(field string, values []any) {
	if len(values) == 0 {
		return
	}
	enum := p.enums[field]
	if enum == nil {
		enum = &enumType{Field: field}
		p.enums[field] = enum
	}
	for _, v := range values {
		if s, ok := v.(string); ok && !slices.Contains(enum.Values, s) {
			enum.Values = append(enum.Values, s)
		}
	}
}

// structOf is the struct of a model's input.
func (p *pkg) structOf(in input) structType {
	t := structType{Comment: typeComment(in.Model), Name: goName(in.ID), ID: in.ID}
	for _, f := range in.schema.Properties {
		required := slices.Contains(in.schema.Required, f.Name)
		next := fieldType{
			Comment: fieldComment(f.schema, required, slices.Contains(in.Disputed, f.Name)),
			Name:    goName(f.Name),
		}
		always := alwaysSent[in.ID] == f.Name
		next.Type, next.Tag = p.typeOf(f, required || always), tag(f, required && !f.is("string") || always)
		if next.Type == "any" {
			next.Comment += "// As an object: [" + itemNames[f.Name] + "].\n"
		}
		t.Fields = append(t.Fields, next)
	}
	return t
}

// alwaysSent are fields that are sent even when they are empty: that they are
// required, a page says in one place and denies in another, or the empty one
// says something, such as that nothing is unwanted.
var alwaysSent = map[string]string{
	"generate-music": "prompt", "upload-and-extend-audio": "continue_at",
	"add-instrumental": "negative_tags", "add-vocals": "negative_tags",
}

// tag keeps a field that is zero from being sent, unless it has to be. A
// required string need not: without it the input lacks it, and is told so,
// while an empty one may pass for something.
func tag(f property, sent bool) string {
	if sent {
		return fmt.Sprintf("`json:%q`", f.Name)
	}
	return fmt.Sprintf("`json:%q`", f.Name+",omitzero")
}

// typeOf is the Go type of a field. It is a pointer only where the zero value
// says something else than a field left out.
func (p *pkg) typeOf(f property, required bool) string {
	switch {
	case f.is("string"):
		if p.enums[f.Name] != nil {
			return goName(f.Name)
		}
		return "string"
	case f.is("boolean"):
		return pointer("bool", !required && f.Default != false)
	case f.is("integer"):
		return pointer("int", !required && zeroMeans(f))
	case f.is("number"):
		return pointer("float64", !required && zeroMeans(f))
	case f.is("array"):
		return "[]" + p.typeOf(property{f.Name, *f.Items}, true)
	case f.is("object") && f.Properties == nil:
		return "map[string]any"
	case f.is("object"):
		return p.item(f)
	default: // a string or an object
		p.item(f)
		return "any"
	}
}

func pointer(name string, is bool) string {
	if is {
		return "*" + name
	}
	return name
}

// zeroMeans reports whether 0 is a value of its own: a seed, or within bounds.
// A whole number without bounds is a duration whose values were not seen.
func zeroMeans(f property) bool {
	switch {
	case f.Name == "seed":
		return true
	case f.Enum != nil:
		return false
	case f.Minimum == nil:
		return f.is("number")
	}
	return *f.Minimum <= 0
}

// item makes the struct for the objects in a field; models share it, and its
// comments are what all of them say.
func (p *pkg) item(f property) string {
	name := itemNames[f.Name]
	t, known := p.items[name]
	if !known {
		t = &structType{Name: name, Comment: fmt.Sprintf("// %s is an object in the %s of some inputs.\n", name, f.Name)}
		p.items[name] = t
	}
	for i, member := range f.Properties {
		required := slices.Contains(f.Required, member.Name)
		said := sentences(member.schema, required, false)
		if !known {
			t.Fields = append(t.Fields, fieldType{Name: goName(member.Name), Type: p.typeOf(member, required),
				Tag: tag(member, required && !member.is("string")), said: said})
		}
		own := &t.Fields[i]
		own.said = slices.DeleteFunc(own.said, func(s string) bool { return !slices.Contains(said, s) })
		own.Comment = comment(own.said)
	}
	return name
}

// write renders the package's files: one for each family of models, and one
// for what they share.
func (p *pkg) write(files map[string][]byte) error {
	byFile := make(map[string][]structType)
	for _, in := range p.inputs {
		name := family(in.ID)
		if in.Kind == models.Music { // too few for families
			name = "inputs"
		}
		byFile[name] = append(byFile[name], p.structOf(in))
	}
	for name, structs := range byFile {
		if err := p.render(files, name, view{Structs: structs}); err != nil {
			return err
		}
	}
	return p.render(files, "shared", view{Structs: sortedItems(p.items), Enums: sortedEnums(p.enums)})
}

func sortedItems(items map[string]*structType) []structType {
	var all []structType
	for _, name := range sortedKeys(items) {
		all = append(all, *items[name])
	}
	return all
}

func sortedEnums(enums map[string]*enumType) []enumType {
	var all []enumType
	for _, field := range sortedKeys(enums) {
		all = append(all, *enums[field])
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// view is what the template shows.
type view struct {
	Package string
	Structs []structType
	Enums   []enumType
}

var file = template.Must(template.New("file").Funcs(template.FuncMap{"goName": goName, "valueName": valueName}).Parse(
	`package {{.Package}}
{{range .Structs}}
{{.Comment}}type {{.Name}} struct {
{{range .Fields}}{{.Comment}}{{.Name}} {{.Type}} {{.Tag}}
{{end}}}
{{if .ID}}
// Model is {{printf "%q" .ID}}.
func ({{.Name}}) Model() string { return {{printf "%q" .ID}} }
{{end}}{{end}}{{range .Enums}}{{$type := goName .Field}}
// {{$type}} is a value of the {{.Field}} fields. Each says which values its model takes.
type {{$type}} string

// The documented values.
const (
{{range .Values}}{{$type}}{{valueName .}} {{$type}} = {{printf "%q" .}}
{{end}})
{{end}}`))

func (p *pkg) render(files map[string][]byte, name string, v view) error {
	v.Package = p.Name
	var b bytes.Buffer
	b.WriteString(header + "\n")
	if err := file.Execute(&b, v); err != nil {
		return err
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("%s.go: %w", name, err)
	}
	files[p.Name+"/"+name+".go"] = source
	return nil
}

// listFile is a list of all typed inputs, for the tests of package models.
const listFile = "inputs_test.go"

var listSource = template.Must(template.New("list").Funcs(template.FuncMap{"goName": goName}).Parse(
	`package models_test

import (
	"github.com/vidgo-go/vidgo/models/image"
	"github.com/vidgo-go/vidgo/models/music"
	"github.com/vidgo-go/vidgo/models/video"
)

// typedInputs has a pointer to each typed input.
var typedInputs = []interface{ Model() string }{
{{range .}}new({{.Kind}}.{{goName .ID}}),
{{end}}}
`))

func list(files map[string][]byte, all []models.Model) error {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	if err := listSource.Execute(&b, all); err != nil {
		return err
	}
	source, err := format.Source(b.Bytes())
	files[listFile] = source
	return err
}
