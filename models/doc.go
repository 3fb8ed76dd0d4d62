// Package models holds what Vidgo documents about its models: which fields
// each takes, their bounds and defaults, and the rules between them.
//
// [Lookup] and [All] return these facts. [Check] finds everything that is wrong
// with an input before it is sent:
//
//	client, err := vidgo.NewClient("", vidgo.WithInputCheck(models.Check))
//
// The packages models/image, models/video and models/music have a struct for
// the input of each model. They are generated from the same catalogue and do
// not import this package.
//
// A catalogue ages. Check accepts models that the catalogue does not know, and
// unknown fields, unless the model is documented to refuse those. Prices are
// left out, because they age fastest.
//
// Everything here is safe for concurrent use. The catalogue is parsed when it
// is first needed.
package models

//go:generate go run ./internal/gen
