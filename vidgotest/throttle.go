package vidgotest

import (
	"slices"
	"time"
)

const (
	defaultUploadRate = 5
	uploadWindow      = time.Minute
)

// throttle counts a request to an upload endpoint, or returns how long it will
// take until one is taken again. One that is not taken does not count.
func (s *Server) throttle(at Endpoint, key string, now time.Time) time.Duration {
	rate := s.UploadRate
	switch {
	case rate < 0:
		return 0
	case rate == 0:
		rate = defaultUploadRate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.arrived == nil {
		s.arrived = make(map[string][]time.Time)
	}
	who := string(at) + " " + key
	recent := slices.DeleteFunc(s.arrived[who], func(t time.Time) bool { return now.Sub(t) >= uploadWindow })
	if len(recent) >= rate {
		s.arrived[who] = recent
		return uploadWindow - now.Sub(recent[0])
	}
	s.arrived[who] = append(recent, now)
	return 0
}
