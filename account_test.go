package vidgo_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestBalance(t *testing.T) {
	var srv vidgotest.Server
	balance, err := newClient(t, &srv).Balance(t.Context())
	require.NoError(t, err)
	require.Equal(t, &vidgo.Balance{Email: "dev@example.com", Credits: 17276}, balance)
}

func TestWrongKey(t *testing.T) {
	srv := vidgotest.Server{APIKey: "another"}
	_, err := newClient(t, &srv).Balance(t.Context())
	require.ErrorIs(t, err, vidgo.ErrUnauthorized)
	require.NotContains(t, err.Error(), apiKey)
	require.Len(t, srv.Requests(), 1, "a 401 is not tried again")
}
