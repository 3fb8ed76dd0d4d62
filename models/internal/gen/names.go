package main

import (
	"regexp"
	"strings"
	"unicode"
)

// The naming rule. An id or a field name is cut into words at everything that
// is neither letter nor digit, each word gets a capital, and the words are
// joined: kling-2.1/pro is Kling21Pro, aspect_ratio is AspectRatio. Some words
// have a spelling of their own, and a number with one letter has it in upper
// case: kling-v3.0-4k is KlingV304K.
var spellings = map[string]string{
	"4o": "4o", "ai": "AI", "cfg": "CFG", "gpt": "GPT", "id": "ID", "ids": "IDs", "mv": "MV",
	"openai": "OpenAI", "url": "URL", "urls": "URLs", "wav": "WAV", "xai": "XAI",
}

var (
	separators = regexp.MustCompile(`[^A-Za-z0-9]+`)
	measure    = regexp.MustCompile(`^[0-9]+[a-z]$`)
	between    = regexp.MustCompile(`([0-9])[:*]([0-9])`)
	decimal    = regexp.MustCompile(`([0-9])\.([0-9])`)
)

// goName is the Go name of a model's id or a field.
func goName(name string) string {
	var b strings.Builder
	for _, word := range separators.Split(name, -1) {
		b.WriteString(spell(word))
	}
	return b.String()
}

func spell(word string) string {
	if known, ok := spellings[word]; ok {
		return known
	}
	if measure.MatchString(word) {
		return strings.ToUpper(word)
	}
	return capital(word)
}

func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// valueName is what a value adds to the name of its type: "16:9" is
// AspectRatio16x9, "1.5K" is Resolution1p5K. Its case stays, because 768P and
// 768p are different values.
func valueName(value string) string {
	value = between.ReplaceAllString(value, "${1}x${2}")
	value = decimal.ReplaceAllString(value, "${1}p${2}")
	var b strings.Builder
	for _, word := range separators.Split(value, -1) {
		b.WriteString(capital(word))
	}
	return b.String()
}

// itemNames are the structs for objects inside an input, by their field.
var itemNames = map[string]string{
	"elements": "Element", "keyframes": "Keyframe", "kling_elements": "KlingElement",
	"multi_prompt": "Shot", "size": "Dimensions",
}

// family is the file that a model's input stands in: its vendor, if the id
// names one, and up to two words before the first number.
func family(id string) string {
	vendor, rest, slash := strings.Cut(id, "/")
	var words []string
	if slash && !strings.ContainsFunc(vendor, unicode.IsDigit) {
		words, id = append(words, vendor), rest
	}
	for i, word := range separators.Split(id, -1) {
		letters := strings.TrimRightFunc(word, unicode.IsDigit)
		if len(letters) > 1 || letters == word { // but not the v of v2.1
			words = append(words, letters)
		}
		if i == 1 || letters != word {
			break
		}
	}
	return strings.Join(words, "_")
}
