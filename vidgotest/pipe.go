package vidgotest

import (
	"bytes"
	"sync"
)

// window is how much of an answer may be on its way in memory.
const window = 64 << 10

// pipe carries the body of an answer from one writer to one reader. A writer
// that is a window ahead waits, until the reader has caught up or has left.
type pipe struct {
	data chan struct{} // holds one: there is something to read, or an end
	room chan struct{} // holds one: something was read
	gone chan struct{} // closed when the reader has left

	mu  sync.Mutex // guards all below; never held while blocking
	buf bytes.Buffer
	end error // what comes after buf; nil while that is open
	why error // the reader left; nil while it has not
}

func newPipe() *pipe {
	return &pipe{data: make(chan struct{}, 1), room: make(chan struct{}, 1), gone: make(chan struct{})}
}

// Write returns when all of b is in the window, or with an error once the
// reader has left.
func (p *pipe) Write(b []byte) (int, error) {
	total := 0
	for {
		n, err := p.put(b)
		total, b = total+n, b[n:]
		if err != nil || len(b) == 0 {
			return total, err
		}
		select {
		case <-p.room:
		case <-p.gone:
		}
	}
}

func (p *pipe) put(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.why != nil {
		return 0, p.why
	}
	defer signal(p.data)
	return p.buf.Write(b[:min(len(b), window-p.buf.Len())])
}

func (p *pipe) Read(b []byte) (int, error) {
	for {
		n, err := p.take(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		select {
		case <-p.data:
		case <-p.gone:
		}
	}
}

func (p *pipe) take(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.why != nil:
		return 0, p.why
	case p.buf.Len() == 0:
		return 0, p.end
	}
	defer signal(p.room)
	return p.buf.Read(b)
}

// finish says what comes after all that was written. Only the first word counts.
func (p *pipe) finish(end error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end == nil {
		p.end = end
		signal(p.data)
	}
}

// leave ends both sides with an error. Only the first one counts.
func (p *pipe) leave(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.why == nil {
		p.why = why
		p.buf = bytes.Buffer{}
		close(p.gone)
	}
}

// signal never waits: two signals before the first is taken are one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
