package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// runOn runs a batch on fake, and returns the results by the line number of their
// prompts.
func runOn(t *testing.T, ctx context.Context, fake *vidgotest.Server, input string) (map[int]result, error) {
	t.Helper()
	client, err := vidgo.NewClient("test-key", vidgo.WithHTTPClient(fake.Client()))
	require.NoError(t, err)
	prompts, err := readPrompts(strings.NewReader(input))
	require.NoError(t, err)
	var results, progress bytes.Buffer
	b := batch{client: client, model: "sora-2", workers: 2, results: &results, progress: &progress}
	err = b.run(ctx, prompts)
	lines := make(map[int]result)
	for line := range strings.Lines(results.String()) {
		var r result
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		require.NotContains(t, lines, r.Line, "one result for each prompt")
		lines[r.Line] = r
		if r.ID != "" {
			require.Contains(t, progress.String(), r.ID)
		}
	}
	require.Len(t, lines, len(prompts), "a result for each prompt")
	return lines, err
}

func TestEveryPromptHasItsResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fake vidgotest.Server
		fake.Next(vidgotest.Script{Duration: time.Minute}, vidgotest.Script{Duration: time.Second}, vidgotest.Script{Duration: 30 * time.Second, Error: "too dark"})
		lines, err := runOn(t, t.Context(), &fake, "a boat\n\n# a comment\na train <fast>\na bird\n")
		require.EqualError(t, err, "1 of 3 prompts have no result")
		done, failed := 0, 0
		for _, r := range lines {
			switch r.Status {
			case vidgo.Finished:
				done++
				require.Len(t, r.Files, 1)
				require.Empty(t, r.Error)
			case vidgo.Failed:
				failed++
				require.Contains(t, r.Error, "too dark")
			}
		}
		require.Equal(t, []int{2, 1}, []int{done, failed})
		require.Equal(t, "a boat", lines[1].Prompt)
		require.Equal(t, "a train <fast>", lines[4].Prompt)
		require.Equal(t, "a bird", lines[5].Prompt)
	})
}

// A batch runs at night, so it waits while Vidgo is busy or cannot be reached.
func TestItWaitsForVidgo(t *testing.T) {
	tests := map[string]vidgotest.Fault{
		"429 with Retry-After":    {Status: 429, RetryAfter: "50", Times: 20},
		"429 without Retry-After": {Status: 429, Times: 20},
		"a refused connection":    {Refuse: true, Times: 20},
		"503 in maintenance":      {Status: 503, Times: 20},
		"200 with code 429":       {Status: 200, Body: `{"code":429,"message":"slow down"}`, Times: 20},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fake vidgotest.Server
				fault.Endpoint = vidgotest.EndpointSubmit
				fake.Inject(fault)
				_, err := runOn(t, t.Context(), &fake, "a boat\na train\n")
				require.NoError(t, err)
				require.Len(t, fake.Tasks(), 2, "no prompt is submitted twice")
			})
		})
	}
}

func TestNothingIsSubmittedTwice(t *testing.T) {
	tests := map[string]struct {
		fault vidgotest.Fault
		text  string
	}{
		"the answer got lost":    {vidgotest.Fault{Accept: true, Reset: true}, "unknown whether"},
		"a gateway gave up":      {vidgotest.Fault{Status: 504}, "unknown whether"},
		"no credits":             {vidgotest.Fault{Status: 402}, "credits"},
		"the prompt is rejected": {vidgotest.Fault{Status: 400}, "400"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fake vidgotest.Server
				test.fault.Endpoint = vidgotest.EndpointSubmit
				fake.Inject(test.fault)
				lines, err := runOn(t, t.Context(), &fake, "a boat\n")
				require.EqualError(t, err, "1 of 1 prompts have no result")
				require.Contains(t, lines[1].Error, test.text)
				require.Len(t, fake.Requests(vidgotest.EndpointSubmit), 1)
			})
		})
	}
}

func TestADeadlineLosesNoTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		fake.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Delay: 25 * time.Second, Times: -1})
		why := errors.New("the night is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		lines, err := runOn(t, ctx, &fake, "1\n2\n3\n4\n5\n6\n7\n8\n")
		require.EqualError(t, err, "8 of 8 prompts have no result")
		with := 0
		for _, r := range lines {
			require.Contains(t, r.Error, why.Error())
			if r.ID != "" {
				with++
			}
		}
		require.Len(t, fake.Tasks(), 6, "two workers submit at 0, 25 and 50 s, and the last submissions are not cut off")
		require.Equal(t, 6, with, "the results name every task that was paid for")
	})
}

func TestAFullDiskLosesNoTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fake vidgotest.Server
		client, err := vidgo.NewClient("test-key", vidgo.WithHTTPClient(fake.Client()))
		require.NoError(t, err)
		full := errors.New("no space left")
		var progress bytes.Buffer
		b := batch{client: client, model: "sora-2", results: failing{full}, progress: &progress}
		err = b.run(t.Context(), []prompt{{1, "a boat"}})
		require.ErrorIs(t, err, full)
		require.Contains(t, progress.String(), fake.Tasks()[0].ID, "the id is in the other output")
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestReadPrompts(t *testing.T) {
	got, err := readPrompts(strings.NewReader("  a boat \r\n\n#no\n  # no\na train"))
	require.NoError(t, err)
	require.Equal(t, []prompt{{1, "a boat"}, {5, "a train"}}, got)

	_, err = readPrompts(strings.NewReader("short\n" + strings.Repeat("x", maxLine+1)))
	require.ErrorContains(t, err, "line 2 is longer")
	_, err = readPrompts(io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	require.ErrorContains(t, err, "after line 1")
}

// The whole program, as it runs without an account.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "prompts.txt")
	require.NoError(t, os.WriteFile(file, []byte("a boat\n"), 0o600))
	noEnv := func(string) string { return "" }
	synctest.Test(t, func(t *testing.T) {
		var results bytes.Buffer
		b := batch{model: "sora-2", workers: 4, results: &results, progress: io.Discard}
		require.NoError(t, run(t.Context(), file, nil, noEnv, &b))
		require.Contains(t, results.String(), `"status":"finished"`)
	})
	b := batch{progress: io.Discard}
	require.ErrorIs(t, run(t.Context(), file+".not", nil, noEnv, &b), os.ErrNotExist)
}
