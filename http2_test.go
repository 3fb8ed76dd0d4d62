package vidgo_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/vidgo-go/vidgo"
)

// These tests use real sockets, because it is net/http that repeats requests over
// HTTP/2. Nothing in them is timed.

// resettingH2 starts a server that reads whole requests over HTTP/2 and resets each
// stream with the code. taken counts the requests.
func resettingH2(t *testing.T, code http2.ErrCode) (client *http.Client, url string, taken *atomic.Int32) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.StartTLS() // only its certificate is used
	t.Cleanup(server.Close)
	cert := server.TLS.Certificates[0]
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	taken = &atomic.Int32{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveH2(conn, code, taken)
		}
	}()
	tr := server.Client().Transport.(*http.Transport).Clone()
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}, "https://" + listener.Addr().String(), taken
}

func serveH2(conn net.Conn, code http2.ErrCode, taken *atomic.Int32) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(conn, conn)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			if frame.StreamEnded() {
				taken.Add(1)
				_ = f.WriteRSTStream(frame.StreamID, code)
			}
		case *http2.DataFrame:
			if frame.StreamEnded() { // a real server would accept the submission now
				taken.Add(1)
				_ = f.WriteRSTStream(frame.StreamID, code)
			}
		}
	}
}

func TestHTTP2SendsASubmissionOnce(t *testing.T) {
	for _, code := range []http2.ErrCode{http2.ErrCodeProtocol, http2.ErrCodeInternal, http2.ErrCodeCancel} {
		t.Run(code.String(), func(t *testing.T) {
			hc, url, taken := resettingH2(t, code)
			client, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL(url), vidgo.WithHTTPClient(hc))
			require.NoError(t, err)
			_, err = client.Submit(t.Context(), boat)
			_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
			require.True(t, unsure)
			require.EqualValues(t, 1, taken.Load(), "whole submissions that the server got")
		})
	}
}

// After a protocol error net/http would repeat a request without an end.
func TestHTTP2RequestsAreNotRepeatedWithoutAnEnd(t *testing.T) {
	hc, url, taken := resettingH2(t, http2.ErrCodeProtocol)
	client, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL(url), vidgo.WithHTTPClient(hc), vidgo.WithoutRetries())
	require.NoError(t, err)
	for name, do := range map[string]func() error{
		"a status request": func() error { _, err := client.Task(t.Context(), "task-1"); return err },
		"an upload": func() error {
			_, err := client.Upload(t.Context(), "boat.png", bytes.NewReader(picture(t, "png")))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			taken.Store(0)
			err := do()
			require.ErrorContains(t, err, "the connection was lost several times in a row")
			require.NotErrorIs(t, err, context.Canceled)
			require.LessOrEqual(t, taken.Load(), int32(10))
		})
	}
}
