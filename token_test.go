package vidgo_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

var someday = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

func post(target string) *http.Request { return httptest.NewRequest(http.MethodPost, target, nil) }

func TestTokenRoundTrip(t *testing.T) {
	s := vidgo.NewSigner(24*time.Hour, secret)
	for _, target := range []string{
		"https://app.example.com",
		"https://app.example.com?",
		"https://app.example.com/",
		"https://app.example.com/vidgo?tenant=7",
		"https://app.example.com/vidgo?tenant=7&",
		"https://app.example.com/a%2Fb/%C3%A4",
		"https://app.example.com/ä",
		"https://app.example.com//a/../b/",
	} {
		signed, submission, err := s.Sign(target, "order 7/8 ü", someday)
		require.NoError(t, err, target)
		require.True(t, strings.HasPrefix(signed, target), "the URL before the token is sent as it was given: %s", signed)
		u, err := url.Parse(signed)
		require.NoError(t, err)
		got, reference, err := s.Verify(post(u.String()), someday.Add(time.Minute))
		require.NoError(t, err, signed)
		require.Equal(t, submission, got)
		require.Equal(t, "order 7/8 ü", reference)
	}
}

func TestTokenSurvivesMuxAndDotResolvingSender(t *testing.T) {
	s := vidgo.NewSigner(24*time.Hour, secret)
	signed, _, err := s.Sign("https://app.example.com/api/x/../vidgo", "", someday)
	require.NoError(t, err)
	resolved := strings.Replace(signed, "/x/..", "", 1) // as senders do that follow the WHATWG's URL standard

	var verified error
	inner := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _, verified = s.Verify(r, someday) })
	http.StripPrefix("/api", inner).ServeHTTP(httptest.NewRecorder(), post(resolved))
	require.NoError(t, verified)
}

func TestTokenIsRefused(t *testing.T) {
	s := vidgo.NewSigner(24*time.Hour, secret)
	signed, _, err := s.Sign("https://app.example.com/vidgo", "ref", someday)
	require.NoError(t, err)
	at, token, _ := strings.Cut(signed, "=")
	at += "="

	refused := func(t *testing.T, s vidgo.Signer, target string, now time.Time) {
		t.Helper()
		_, _, err := s.Verify(post(target), now)
		require.Error(t, err)
		require.NotContains(t, err.Error(), token)
	}
	t.Run("cut at every length", func(t *testing.T) {
		for n := range len(token) {
			refused(t, s, at+token[:n], someday)
		}
	})
	t.Run("any byte changed", func(t *testing.T) {
		for i := range token {
			changed := []byte(token)
			changed[i] ^= 1
			refused(t, s, at+url.QueryEscape(string(changed)), someday)
		}
	})
	t.Run("something appended", func(t *testing.T) {
		refused(t, s, at+token+"A", someday)
		refused(t, s, at+token+".", someday)
		refused(t, s, at+token+"=", someday)
	})
	t.Run("two tokens, or none", func(t *testing.T) {
		refused(t, s, signed+"&vidgo_token="+token, someday)
		refused(t, s, "https://app.example.com/vidgo", someday)
	})
	t.Run("another path", func(t *testing.T) {
		refused(t, s, strings.Replace(signed, "/vidgo?", "/other?", 1), someday)
	})
	t.Run("another secret", func(t *testing.T) { refused(t, vidgo.NewSigner(24*time.Hour, oldSecret), signed, someday) })
	t.Run("too old", func(t *testing.T) { refused(t, s, signed, someday.Add(24*time.Hour+time.Millisecond)) })
	t.Run("from the future", func(t *testing.T) { refused(t, s, signed, someday.Add(-5*time.Minute-time.Millisecond)) })

	// Just within the limits it is valid.
	for _, now := range []time.Time{someday.Add(24 * time.Hour), someday.Add(-5 * time.Minute)} {
		_, _, err := s.Verify(post(signed), now)
		require.NoError(t, err)
	}
}

func TestTokenSecretRotation(t *testing.T) {
	before := vidgo.NewSigner(time.Hour, oldSecret)
	after := vidgo.NewSigner(time.Hour, secret, oldSecret)
	signed, _, err := before.Sign("https://app.example.com/", "", someday)
	require.NoError(t, err)
	_, _, err = after.Verify(post(signed), someday)
	require.NoError(t, err, "a token that was made with the previous secret is valid")

	signed, _, err = after.Sign("https://app.example.com/", "", someday)
	require.NoError(t, err)
	_, _, err = before.Verify(post(signed), someday)
	require.Error(t, err, "new tokens are made with the current secret")
}

func TestSignRefusesURLs(t *testing.T) {
	s := vidgo.NewSigner(time.Hour, secret)
	t.Run("without room for the token", func(t *testing.T) {
		long := "https://app.example.com/" + strings.Repeat("a", 2048-24)
		require.NoError(t, vidgo.ValidateCallbackURL(long))
		_, _, err := s.Sign(long, "", someday)
		require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
		require.ErrorContains(t, err, "with its token")
		require.NotContains(t, err.Error(), "vidgo_token=")
	})
	t.Run("with a token already", func(t *testing.T) {
		_, _, err := s.Sign("https://app.example.com/?vidgo_token=x", "", someday)
		require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
	})
}

// The uuid package's own UUIDv7 never goes back in time within a process, so
// it would make tokens from the future once the clock was put back.
func TestSubmissionIDFollowsTheClock(t *testing.T) {
	s := vidgo.NewSigner(time.Hour, secret)
	for _, made := range []time.Time{someday, someday.Add(-time.Hour), someday.Add(time.Millisecond)} {
		_, id, err := s.Sign("https://app.example.com/", "", made)
		require.NoError(t, err)
		require.Equal(t, made, vidgo.SubmissionTime(id).UTC())
		require.Equal(t, "7", id[14:15], "version")
	}
}

func FuzzToken(f *testing.F) {
	// The secret is this process's own: fuzzing has several worker processes, and
	// a token that one of them made would be valid in the next.
	s := vidgo.NewSigner(time.Hour, []byte(rand.Text()))
	signed, _, _ := s.Sign("https://app.example.com/", "ref", someday)
	_, token, _ := strings.Cut(signed, "=")
	f.Add(token)
	f.Add("1...")
	f.Add(token[:5] + "\n" + token[5:])
	f.Add(strings.Replace(token, "1.", "2.", 1))
	f.Fuzz(func(t *testing.T, raw string) {
		again, ok := vidgo.ParseToken(raw)
		if ok && again != raw {
			t.Errorf("%q is accepted, but spelled %q", raw, again)
		}
		r := post("https://app.example.com/")
		r.RequestURI = ""
		r.URL.RawQuery = "vidgo_token=" + url.QueryEscape(raw)
		if _, _, err := s.Verify(r, someday); err == nil && raw != token {
			t.Errorf("%q counts as valid", raw)
		}
	})
}

// Muxes strip prefixes, and both muxes and senders may rewrite a path.
func TestTokenIsValidForEverySpellingOfItsPath(t *testing.T) {
	for _, path := range []string{"/a/vidgo", "/a/vidgo/", "/a//vidgo", "/a/%76idgo", "/a/v%2Fidgo", "/a/./vidgo", "/a/b/../vidgo", "", "/?x=1&", "/%C3%A4"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
				client := newClient(t, &srv, vidgo.WithCallbackSecret(secret))
				handler := client.CallbackHandler(nil)
				if strings.HasPrefix(path, "/a/") {
					handler = http.StripPrefix("/a", handler)
				}
				srv.Route("app.example.com", handler)
				submit(t, client, vidgo.CallbackTo("https://app.example.com"+path))
				time.Sleep(time.Second)
				requireAnswers(t, &srv, http.StatusOK)
			})
		})
	}
}

// The query is searched without url.ParseQuery, but must be read as it would.
func TestTokenIsFoundInAnyQuery(t *testing.T) {
	s := vidgo.NewSigner(time.Hour, secret)
	signed, _, err := s.Sign("https://app.example.com/vidgo", "ref", someday)
	require.NoError(t, err)
	base, token, _ := strings.Cut(signed, "?vidgo_token=")
	for query, good := range map[string]bool{
		"vidgo_token=" + token:                                           true,
		"&&a=1&vidgo_token=" + token + "&b":                              true,
		"%76idgo%5Ftoken=" + token:                                       true,
		"vidgo_token=" + strings.ReplaceAll(token, ".", "%2E"):           true,
		"%zz=1&vidgo_token=" + token:                                     true,
		"vidgo_token=%zz&vidgo_token=" + token:                           true, // url.ParseQuery drops what it cannot read
		"a;b&vidgo_token=" + token:                                       true,
		"vidgo_token=" + token + ";":                                     false,
		"vidgo_token=" + token + "&vidgo_token=" + token:                 false,
		"vidgo_token=" + token + "&vidgo_token":                          false,
		"vidgo_token=" + token + "&%76idgo_token=x&vidgo_token=" + token: false,
		"Vidgo_token=" + token:                                           false,
		"vidgo_token2=" + token:                                          false,
		"vidgo_token":                                                    false,
	} {
		values, _ := url.ParseQuery(query)
		all := values["vidgo_token"]
		require.Equal(t, good, len(all) == 1 && all[0] == token, "%s, as read by net/url", query)
		_, _, err := s.Verify(post(base+"?"+query), someday)
		require.Equal(t, good, err == nil, query)
	}
}

// For the race detector: the keyed hashes are reused.
func TestTokensAreSignedAndVerifiedConcurrently(t *testing.T) {
	s := vidgo.NewSigner(time.Hour, oldSecret, secret)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				reference := fmt.Sprint(i, n)
				signed, _, err := s.Sign("https://app.example.com/vidgo", reference, someday)
				require.NoError(t, err)
				_, got, err := s.Verify(post(signed), someday)
				require.NoError(t, err)
				require.Equal(t, reference, got)
			}
		})
	}
	wg.Wait()
}
