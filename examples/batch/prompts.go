package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

const maxLine = 1 << 20 // bytes; bufio's own limit of 64 KiB is less than some prompts have

// prompt is a line of the input.
type prompt struct {
	line int // from 1
	text string
}

// readPrompts reads one prompt from each line.
func readPrompts(r io.Reader) ([]prompt, error) {
	var prompts []prompt
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		prompts = append(prompts, prompt{line: n, text: text})
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d is longer than %d bytes", n+1, maxLine)
	case err != nil:
		return nil, fmt.Errorf("after line %d: %w", n, err)
	}
	return prompts, nil
}
