package vidgo

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxUploadsKept = 1024
	// uploadMargin is how long before it expires an upload is no longer reused:
	// Vidgo may read the URL some time after the task is submitted.
	uploadMargin = time.Hour
)

// uploads is what a client remembers of uploads.
type uploads struct {
	throttles map[string]*throttle // by endpoint; never changed

	mu    sync.Mutex // guards all below; never held while blocking
	kept  map[uploadKey]keptUpload
	order []uploadKey // oldest first
}

type keptUpload struct {
	Upload
	since time.Time
}

// usable reports whether Vidgo still keeps it for a while. Our clock and Vidgo's
// may differ, and ours stands still while the machine sleeps, so it must be so by
// the time of its end and by how long it was to be kept.
func (up keptUpload) usable(now time.Time) bool {
	soon := now.Add(uploadMargin)
	return soon.Before(up.ExpiresAt) &&
		(up.UploadedAt.IsZero() || soon.Sub(up.since) < up.ExpiresAt.Sub(up.UploadedAt))
}

// uploadKey identifies uploads that can stand for one another. The zero key
// identifies none.
type uploadKey struct {
	sum  [sha256.Size]byte
	path string
}

func newUploads(perMinute int) *uploads {
	u := &uploads{throttles: map[string]*throttle{}, kept: map[uploadKey]keptUpload{}}
	for _, endpoint := range []string{uploadStream, uploadBase64, uploadURL} {
		u.throttles[endpoint] = newThrottle(perMinute)
	}
	return u
}

// find returns a copy of an earlier upload, or nil.
func (u *uploads) find(key uploadKey, now time.Time) *Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	up, ok := u.kept[key]
	if key == (uploadKey{}) || !ok || !up.usable(now) {
		return nil
	}
	up.Raw = append([]byte(nil), up.Raw...)
	return &up.Upload
}

// keep remembers an upload. One without an ExpiresAt is never found again.
func (u *uploads) keep(key uploadKey, up *Upload) {
	if key == (uploadKey{}) {
		return
	}
	own := keptUpload{*up, time.Now()}
	own.Raw = append([]byte(nil), up.Raw...)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.kept[key]; !known {
		u.order = append(u.order, key)
	}
	u.kept[key] = own
	if len(u.order) > maxUploadsKept {
		delete(u.kept, u.order[0])
		u.order = u.order[1:]
	}
}
