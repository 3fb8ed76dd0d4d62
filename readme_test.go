package vidgo_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var readmeCode = regexp.MustCompile("(?s)```go\n(.*?)```")

// Every Go block of the README compiles, given the variables that its text
// speaks of. What it leaves unused is its reader's.
func TestReadmeCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := readmeCode.FindAllSubmatch(readme, -1)
	require.NotEmpty(t, blocks)
	files := token.NewFileSet()
	// From source, because nothing else knows this module's packages here.
	sources := importer.ForCompiler(files, "source", nil)
	for i, block := range blocks {
		file, err := parser.ParseFile(files, fmt.Sprintf("README block %d", i+1), readmeFrame+string(block[1])+"\nreturn nil\n}", 0)
		require.NoError(t, err)
		check := types.Config{Importer: sources, Error: func(err error) {
			if fault, ok := errors.AsType[types.Error](err); !ok || !fault.Soft {
				t.Error(err)
			}
		}}
		_, _ = check.Check("readme", files, []*ast.File{file}, nil) // what counts went to Error
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
