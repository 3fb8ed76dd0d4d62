package vidgo_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

// BenchmarkStatusRequest compares a call of Task with the same done by hand.
func BenchmarkStatusRequest(b *testing.B) {
	b.Run("in memory", func(b *testing.B) {
		compareLooks(b, "http://127.0.0.1", &http.Client{Transport: answering(200, nil, finishedAnswer)})
	})
	b.Run("loopback", func(b *testing.B) {
		transport := &http.Transport{}
		b.Cleanup(transport.CloseIdleConnections)
		compareLooks(b, "http://"+answerBot(b), &http.Client{Transport: transport})
	})
}

func compareLooks(b *testing.B, base string, hc *http.Client) {
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(hc), vidgo.WithBaseURL(base))
	require.NoError(b, err)
	times := func(look func()) round {
		return func(n int) func() {
			return func() {
				for range n {
					look()
				}
			}
		}
	}
	byHand := func() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+"/api/generate/status/"+finishedID, nil)
		require.NoError(b, err)
		r.Header.Set("Authorization", "Bearer "+apiKey)
		res, err := hc.Do(r)
		require.NoError(b, err)
		var answer struct{ Data vidgoTask }
		require.NoError(b, json.NewDecoder(res.Body).Decode(&answer))
		require.NoError(b, res.Body.Close())
		if answer.Data.TaskID != finishedID {
			b.Fatal(answer)
		}
	}
	sdk := func() {
		task, err := client.Task(b.Context(), finishedID)
		require.NoError(b, err)
		if task.ID != finishedID {
			b.Fatal(task)
		}
	}
	sideBySide(b, 200, times(byHand), times(sdk))
}

// answerBot returns the address of a server that gives every request the same
// answer. It allocates nothing for that, so that the client's part can be seen.
func answerBot(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(finishedAnswer), finishedAnswer)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for head := make([]byte, 4096); ; {
					if _, err := readHead(conn, head); err != nil {
						return // the client has left
					}
					_, _ = conn.Write(answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}
