package vidgo_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestAPIErrorAnswersQuestions(t *testing.T) {
	all := []error{vidgo.ErrUnauthorized, vidgo.ErrInsufficientCredits, vidgo.ErrForbidden, vidgo.ErrNotFound,
		vidgo.ErrRateLimited, vidgo.ErrInvalidInput, vidgo.ErrModeration}
	tests := []struct {
		name string
		err  vidgo.APIError
		is   []error
	}{
		{"401", vidgo.APIError{StatusCode: 401}, []error{vidgo.ErrUnauthorized}},
		{"402", vidgo.APIError{StatusCode: 402}, []error{vidgo.ErrInsufficientCredits}},
		{"400 whose type says credits", vidgo.APIError{StatusCode: 400, Type: "insufficient_credits_error"}, []error{vidgo.ErrInsufficientCredits}},
		{"400 whose message says credits", vidgo.APIError{StatusCode: 400, Message: "Insufficient credits"}, []error{vidgo.ErrInsufficientCredits}},
		{"403", vidgo.APIError{StatusCode: 403}, []error{vidgo.ErrForbidden}},
		{"404", vidgo.APIError{StatusCode: 404}, []error{vidgo.ErrNotFound}},
		{"429", vidgo.APIError{StatusCode: 429}, []error{vidgo.ErrRateLimited}},
		{"400", vidgo.APIError{StatusCode: 400, Type: "validation_error"}, []error{vidgo.ErrInvalidInput}},
		{"422", vidgo.APIError{StatusCode: 422}, []error{vidgo.ErrInvalidInput}},
		{"400 whose type says moderation", vidgo.APIError{StatusCode: 400, Type: "content_moderation_error"}, []error{vidgo.ErrInvalidInput, vidgo.ErrModeration}},
		{"200 with code 401", vidgo.APIError{StatusCode: 200, Code: 401}, []error{vidgo.ErrUnauthorized}},
		{"502 with code 404", vidgo.APIError{StatusCode: 502, Code: 404}, nil},
		{"500", vidgo.APIError{StatusCode: 500}, nil},
		{"the zero value", vidgo.APIError{}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.NotEmpty(t, test.err.Error())
			for _, question := range all {
				want := false
				for _, is := range test.is {
					want = want || is == question
				}
				require.Equal(t, want, test.err.Is(question), "%v", question)
			}
		})
	}
}

func TestErrorsAreSafeOnTheirZeroValues(t *testing.T) {
	for _, err := range []error{&vidgo.APIError{}, &vidgo.TaskError{}, &vidgo.WaitError{}, &vidgo.AmbiguousSubmitError{},
		&vidgo.InputError{}, &vidgo.CallbackURLError{}} {
		require.NotEmpty(t, err.Error(), "%T", err)
	}
}

func TestInputErrorsReadAsSentences(t *testing.T) {
	var srv vidgotest.Server
	client, ctx := newClient(t, &srv), t.Context()
	errOf := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"vidgo: input is nil; want a typed input or Untyped":                  errOf(client.Submit(ctx, nil)),
		"vidgo: task id is empty; want the ID of a submitted task":            errOf(client.Wait(ctx, "")),
		"vidgo: PollEvery's schedule is nil":                                  errOf(client.Wait(ctx, "a", vidgo.PollEvery(nil))),
		"vidgo: option 2 is nil":                                              errOf(client.Run(ctx, boat, vidgo.AsMusic(), nil)),
		"vidgo: task is nil; want one that Wait has returned":                 errOf(client.Save(ctx, nil, t.TempDir())),
		"vidgo: SaveLimit is 0; want at least 1\nvidgo: option 2 is nil":      errOf(client.Save(ctx, nil, t.TempDir(), vidgo.SaveLimit(0), nil)),
		"vidgo: option 1 is nil":                                              errOf(client.Wait(ctx, "a", nil)),
		"vidgo: URL ftp://example.com/a.png: its scheme is not http or https": errOf(client.UploadURL(ctx, "ftp://example.com/a.png")),
	} {
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput, want)
	}
	require.Empty(t, srv.Requests())
}

func TestTaskErrorHidesTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Error: "callback https://app.example.com/vidgo?vidgo_token=1.abc.def.ghi not reachable"}
		client := newClient(t, &srv)
		_, err := client.Run(t.Context(), boat)
		_, ok := errors.AsType[*vidgo.TaskError](err)
		require.True(t, ok, "%v", err)
		require.NotContains(t, err.Error(), "1.abc.def.ghi")
	})
}
