package vidgo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var readmeCode = regexp.MustCompile("(?s)```go\n(.*?)```")

// Every Go block of the README must compile, given the variables that its text
// mentions. It may leave variables unused.
func TestReadmeCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := readmeCode.FindAllSubmatch(readme, -1)
	require.NotEmpty(t, blocks)
	files := token.NewFileSet()
	// This module's packages can only be imported from source; without cgo, no C
	// compiler is needed for that.
	cgo := build.Default.CgoEnabled
	build.Default.CgoEnabled = false
	defer func() { build.Default.CgoEnabled = cgo }()
	sources := importer.ForCompiler(files, "source", nil)
	for i, block := range blocks {
		file, err := parser.ParseFile(files, fmt.Sprintf("README block %d", i+1), readmeFrame+string(block[1])+"\nreturn nil\n}", 0)
		require.NoError(t, err)
		check := types.Config{Importer: sources, Error: func(err error) {
			if fault, ok := errors.AsType[types.Error](err); !ok || !fault.Soft {
				t.Error(err)
			}
		}}
		_, _ = check.Check("readme", files, []*ast.File{file}, nil) // Error has reported what counts
	}
}

func TestReadmeCountsTheModels(t *testing.T) {
	raw, err := os.ReadFile("models/catalog.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the module models is not part of this copy")
	}
	require.NoError(t, err)
	var catalog struct{ Models []json.RawMessage }
	require.NoError(t, json.Unmarshal(raw, &catalog))
	for _, name := range []string{"README.md", "docs/design.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Regexp(t, fmt.Sprintf(`\b%d models\b`, len(catalog.Models)), string(text), name)
	}
}

const readmeFrame = `package readme

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

var (
	secret []byte
	ids    []string
	input  vidgo.Input
	client *vidgo.Client
	store  func(context.Context, *vidgo.Task) error
)

func run(ctx context.Context, t *testing.T) error {
`
