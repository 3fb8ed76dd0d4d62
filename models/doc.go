// Package models holds what Vidgo documents about its models: which fields
// each takes, their bounds and defaults, and the rules between them.
//
// [Lookup] and [All] give the facts. [Check] tells what is wrong with an input
// before it is sent, all at once:
//
//	client, err := vidgo.NewClient("", vidgo.WithInputCheck(models.Check))
//
// The packages image, video and music beside this one have a struct for the
// input of each model; they are generated from the same catalogue and import
// nothing of it.
//
// A catalogue ages. A model that it does not know passes, and so does an
// unknown field, except where the model is documented to refuse those. Prices
// are left out, because they age fastest.
//
// Everything here is safe for concurrent use, and nothing is read before it is
// first asked for.
package models

//go:generate go run ./internal/gen
