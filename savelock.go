package vidgo

import (
	"context"
	"os"
	"slices"
	"sync"
)

// saving lets one call of this process at a time write a part. It is global,
// and compares folders by os.SameFile and not by their paths, because two
// clients and two paths can lead to one file.
var saving partLocks

type partLocks struct {
	mu   sync.Mutex // guards held; never held while blocking
	held []*partLock
}

type partLock struct {
	folder os.FileInfo
	base   string
	done   chan struct{} // closed when the holder gives it back
}

// lock waits for the part, or for ctx to end.
func (l *partLocks) lock(ctx context.Context, root *os.Root, base string) (release func(), err error) {
	folder, err := root.Stat(".")
	if err != nil {
		return nil, err
	}
	own := &partLock{folder, base, make(chan struct{})}
	for {
		busy := l.take(own)
		if busy == nil {
			return func() { l.give(own) }, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take returns nil if own now holds the part, else a channel that is closed
// when its holder is done.
func (l *partLocks) take(own *partLock) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, other := range l.held {
		if other.base == own.base && os.SameFile(other.folder, own.folder) {
			return other.done
		}
	}
	l.held = append(l.held, own)
	return nil
}

func (l *partLocks) give(own *partLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.held, own)
	l.held = slices.Delete(l.held, i, i+1)
	close(own.done)
}
