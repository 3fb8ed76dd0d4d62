package vidgo

import (
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// What package vidgo_test sees of the inside of package vidgo. There is no logic
// here.

var (
	ParseRetryAfter = parseRetryAfter
	DescribeError   = describeError
	Redact          = redact
	CheckTaskID     = checkTaskID

	SafeName          = safeName
	PlainName         = plainName
	ParseContentRange = parseContentRange

	NewDownloadTransport = newDownloadTransport

	ResolveCallbackHost = resolveCallbackHost
	PublicAddr          = publicAddr
)

const (
	CallbackURLMaxLength  = callbackURLMaxLength
	CallbackLookupTimeout = callbackLookupTimeout
)

// CallbackHost returns what the callback URL policy reads as the host of a URL: an
// address or a name.
func CallbackHost(raw string) (netip.Addr, string, error) {
	h, err := parseCallbackURL(raw)
	return h.addr, h.name, err
}

// Signer is the signer of callback URLs.
type Signer struct{ s *signer }

// NewSigner returns a Signer with these secrets, the current one first.
func NewSigner(maxAge time.Duration, secrets ...[]byte) Signer {
	return Signer{newSigner(secrets, maxAge)}
}

// Sign signs a URL for a new submission, made at the time.
func (s Signer) Sign(url, reference string, made time.Time) (signed, submission string, err error) {
	id := newSubmissionID(made)
	signed, err = s.s.sign(url, token{submission: id, reference: reference})
	return signed, id.String(), err
}

// Verify checks the token of a request.
func (s Signer) Verify(r *http.Request, now time.Time) (submission, reference string, err error) {
	t, err := s.s.verify(r, now)
	return t.submission.String(), t.reference, err
}

// ParseToken parses a token and formats it again.
func ParseToken(raw string) (again string, ok bool) {
	t, mac, ok := parseToken(raw)
	return tokenVersion + "." + tokenEncoding.EncodeToString(t.submission[:]) + "." +
		tokenEncoding.EncodeToString([]byte(t.reference)) + "." + tokenEncoding.EncodeToString(mac), ok
}

// SubmissionTime returns when a submission id was made.
func SubmissionTime(id string) time.Time { return submissionTime(uuid.MustParse(id)) }

// Waits returns how many tasks are waited for, how many are queued for polling, and
// whether the scheduler runs.
func (c *Client) Waits() (waits, queued int, running bool) {
	c.tracker.mu.Lock()
	defer c.tracker.mu.Unlock()
	return len(c.tracker.waits), len(c.tracker.queue), c.poller.running
}

// Remember sets how many records and how many bytes of final states are kept.
func (c *Client) Remember(records, finalBytes int) {
	c.tracker.mu.Lock()
	defer c.tracker.mu.Unlock()
	c.tracker.known.maxRecords, c.tracker.known.maxFinalBytes = records, finalBytes
}

// Records returns how many records can be found by a submission and by a task,
// and how many are in the order in which they are forgotten.
func (c *Client) Records() (bySubmission, byTask, ordered int) {
	c.tracker.mu.Lock()
	defer c.tracker.mu.Unlock()
	m := &c.tracker.known
	return len(m.bySubmission), len(m.byTask), len(m.order)
}

// Members returns the members of a JSON object, the last of each key.
func Members(b []byte) (map[string]string, error) {
	raw, err := compactObject(b)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for key, value := range members(raw) {
		all[string(key)] = string(value)
	}
	return all, nil
}

// Elements returns the elements of the array in a JSON object's member "a".
func Elements(b []byte) []string {
	raw, _ := compactObject(b)
	var all []string
	for key, value := range members(raw) {
		if string(key) != "a" {
			continue
		}
		all = nil
		for item := range elements(value) {
			all = append(all, string(item))
		}
	}
	return all
}

// Pace returns what the client has learned about a model: from how many tasks, and
// how long the fast and the usual ones take. It also returns how many models it
// has learned about.
func (c *Client) Pace(model string) (seen int, fast, usual time.Duration, models int) {
	c.tracker.mu.Lock()
	defer c.tracker.mu.Unlock()
	p := c.tracker.paces[model]
	if p == nil {
		return 0, 0, 0, len(c.tracker.paces)
	}
	p.compute()
	return p.seen, p.fast, p.usual, len(c.tracker.paces)
}

// PauseAllocs returns the allocations for finding a task's next pause by the pace of
// its model. It panics if the model has none.
func (c *Client) PauseAllocs(id string) float64 {
	w, now := &wait{id: id}, &Task{ID: id, Status: Running}
	return testing.AllocsPerRun(100, func() {
		if c.tracker.pauseFor(w, now) == 0 {
			panic("no pace")
		}
	})
}

// SteppingClock gives the client a wall clock that is off by as much as step was
// last told.
func SteppingClock(c *Client) (step func(off time.Duration)) {
	var by atomic.Int64
	c.wall = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	return func(off time.Duration) { by.Store(int64(off)) }
}
