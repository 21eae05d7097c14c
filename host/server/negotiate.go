package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// mediaTypes are the formats of results, the first one where anything is
// accepted.
var mediaTypes = []struct {
	name   string
	format result.Format
}{
	{"application/json", result.JSON},
	{"application/vnd.apache.arrow.stream", result.Arrow},
	{"application/vnd.apache.parquet", result.Parquet},
	{"text/csv", result.CSV},
	{"application/x-ndjson", result.NDJSON},
}

// negotiate picks the format of a result by what the client accepts. Of
// several that it accepts equally, the first of the list above wins.
func negotiate(accept []string) (media string, format result.Format, err error) {
	ranges := parseAccept(strings.Join(accept, ","))
	if len(ranges) == 0 {
		return mediaTypes[0].name, mediaTypes[0].format, nil
	}
	best := 0.0
	for _, m := range mediaTypes {
		if q := ranges.quality(m.name); q > best {
			best, media, format = q, m.name, m.format
		}
	}
	if best == 0 {
		var names []string
		for _, m := range mediaTypes {
			names = append(names, m.name)
		}
		return "", "", refuse(http.StatusNotAcceptable, host.CodeUsage, "a result is not to be had in what the client accepts",
			"accepted are "+strings.Join(names, ", "))
	}
	return media, format, nil
}

// mediaRange is an element of an Accept header.
type mediaRange struct {
	kind, sub string
	q         float64
}

type mediaRanges []mediaRange

// parseAccept reads an Accept header. What is not well formed is left out.
func parseAccept(text string) (all mediaRanges) {
	for part := range strings.SplitSeq(text, ",") {
		name, params, _ := strings.Cut(part, ";")
		kind, sub, ok := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "/")
		if !ok || kind == "" || sub == "" {
			continue
		}
		m := mediaRange{kind: kind, sub: sub, q: 1}
		for p := range strings.SplitSeq(params, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(name, "q") {
				if q, err := strconv.ParseFloat(value, 64); err == nil && q >= 0 && q <= 1 {
					m.q = q
				}
			}
		}
		all = append(all, m)
	}
	return all
}

// quality returns how much a media type is wanted: that of its most specific
// range.
func (all mediaRanges) quality(media string) float64 {
	kind, sub, _ := strings.Cut(media, "/")
	q, specific := 0.0, 0
	for _, m := range all {
		n := 0
		switch {
		case m.kind == kind && m.sub == sub:
			n = 3
		case m.kind == kind && m.sub == "*":
			n = 2
		case m.kind == "*" && m.sub == "*":
			n = 1
		}
		if n > specific {
			q, specific = m.q, n
		}
	}
	return q
}
