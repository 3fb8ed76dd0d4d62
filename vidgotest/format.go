package vidgotest

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"path"
	"strings"
)

// format is one of the formats that files are made in. All are written by hand
// here: to import the packages below image would register their decoders, and
// hide from the code under test that it forgot to.
type format struct {
	contentType string
	fileType    string // on the wire

	// head is the beginning of a file of size bytes, which decoders take for a
	// whole one: what follows lies in a part that holds just bytes, or behind
	// the end. A size of 0 is that of the head itself.
	head func(size int64) []byte
}

var formats = map[string]format{
	".png":  {"image/png", "image", pngHead},
	".jpg":  {"image/jpeg", "image", jpegHead},
	".jpeg": {"image/jpeg", "image", jpegHead},
	".gif":  {"image/gif", "image", gifHead},
	".webp": {"image/webp", "image", webpHead},
	".mp4":  {"video/mp4", "video", mp4Head},
	".mp3":  {"audio/mpeg", "audio", mp3Head},
	".wav":  {"audio/wav", "audio", wavHead},
	".glb":  {"model/gltf-binary", "3d", glbHead},
}

func formatOf(name string) (format, bool) {
	f, ok := formats[strings.ToLower(path.Ext(name))]
	return f, ok
}

// pngHead is one grey pixel.
func pngHead(int64) []byte {
	return fromHex("89504e470d0a1a0a" +
		"0000000d49484452" + "00000001000000010800000000" + "3a7e9b55" +
		"0000000e49444154" + "78da626200040000ffff00060003" + "e7b817d8" +
		"0000000049454e44" + "ae426082")
}

// jpegHead is one grey pixel, by the smallest tables that a baseline decoder takes.
func jpegHead(int64) []byte {
	return fromHex("ffd8" +
		"ffe00010" + "4a46494600" + "0101" + "00" + "00010001" + "0000" + // JFIF 1.1
		"ffdb0043" + "00" + strings.Repeat("01", 64) + // quantisation
		"ffc0000b" + "08" + "00010001" + "01" + "011100" + // baseline, 1x1, one component
		"ffc40014" + "00" + "01" + strings.Repeat("00", 15) + "00" + // DC codes: one, for "no difference"
		"ffc40014" + "10" + "01" + strings.Repeat("00", 15) + "00" + // AC codes: one, for "end of block"
		"ffda0008" + "01" + "0100" + "003f00" +
		"3f" + // both codes, and ones to fill the byte
		"ffd9")
}

// gifHead is one white pixel.
func gifHead(int64) []byte {
	return []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00" +
		",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
}

// webpHead is one pixel, lossless.
func webpHead(int64) []byte {
	return []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
}

// mp4Head is a movie without tracks: a file type box, a movie box that holds
// its header, and the start of a media box.
func mp4Head(size int64) []byte {
	box := func(name string, content []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
		return append(append(b, name...), content...)
	}
	header := make([]byte, 100)
	binary.BigEndian.PutUint32(header[12:], 1000)    // time units a second
	binary.BigEndian.PutUint32(header[20:], 0x10000) // rate 1.0
	binary.BigEndian.PutUint16(header[24:], 0x100)   // volume 1.0
	binary.BigEndian.PutUint32(header[36:], 0x10000) // identity matrix
	binary.BigEndian.PutUint32(header[52:], 0x10000)
	binary.BigEndian.PutUint32(header[68:], 0x40000000)
	binary.BigEndian.PutUint32(header[96:], 1) // next track
	b := box("ftyp", []byte("isom\x00\x00\x02\x00isommp41"))
	b = append(b, box("moov", box("mvhd", header))...)
	media := max(size-int64(len(b)), 16)
	b = append(b, "\x00\x00\x00\x01mdat"...) // its length follows, in 64 bits
	return binary.BigEndian.AppendUint64(b, uint64(media))
}

// mp3Head is one silent frame: MPEG 1 layer III, 128 kbit/s, 44.1 kHz, 417 bytes.
func mp3Head(int64) []byte {
	return append([]byte{0xff, 0xfb, 0x90, 0x64}, make([]byte, 413)...)
}

// wavHead is 16-bit mono PCM at 44.1 kHz.
func wavHead(size int64) []byte {
	const length = 44
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), upTo32(max(size, length)-8))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, 44100)
	b = binary.LittleEndian.AppendUint32(b, 88200)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	return binary.LittleEndian.AppendUint32(append(b, "data"...), upTo32(max(size, length)-length))
}

// glbHead is glTF 2.0 with nothing in its scene, and the start of a binary chunk.
func glbHead(size int64) []byte {
	const scene = `{"asset":{"version":"2.0"}} ` // chunks are multiples of four
	const length = 12 + 8 + len(scene) + 8
	size = max(size, int64(length))
	b := binary.LittleEndian.AppendUint32([]byte("glTF"), 2)
	b = binary.LittleEndian.AppendUint32(b, upTo32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(scene)))
	b = append(b, "JSON"+scene...)
	b = binary.LittleEndian.AppendUint32(b, upTo32(size-int64(length)))
	return append(b, "BIN\x00"...)
}

// upTo32 is the length that a format with 32 bits for it can tell.
func upTo32(n int64) uint32 { return uint32(min(n, math.MaxUint32)) }

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // literals only: cannot fail
	}
	return b
}
