package columns

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

func toStr(from arrow.Field) converter {
	switch {
	case from.Type.ID() == arrow.STRING:
		return nil
	case isUUID(from):
		return source(newStrings, func(a *array.FixedSizeBinary, i int) (string, string) {
			s := hex.EncodeToString(a.Value(i))
			return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], ""
		})
	}
	return fromText(from.Type, newStrings, func(s string) (string, string) { return s, "" })
}

func isUUID(f arrow.Field) bool {
	t, ok := f.Type.(*arrow.FixedSizeBinaryType)
	return ok && t.ByteWidth == 16 && metaOf(f, extensionKey) == uuidName
}

func toBytes(from arrow.Field) converter {
	if from.Type.ID() == arrow.BINARY || isUUID(from) {
		return nil
	}
	return fromBinary(from.Type, newBytes, func(b []byte) ([]byte, string) { return b, "" })
}

func toUUID(from arrow.Field) converter {
	if t, ok := from.Type.(*arrow.FixedSizeBinaryType); ok && t.ByteWidth == 16 {
		return nil
	}
	if conv := fromText(from.Type, newUUIDs, parseUUID); conv != nil {
		return conv
	}
	return fromBinary(from.Type, newUUIDs, func(b []byte) ([]byte, string) {
		if len(b) != 16 {
			return nil, "binary that is not 16 bytes long"
		}
		return b, ""
	})
}

// parseUUID reads 32 hexadecimal digits, with hyphens after the 8th, 12th,
// 16th and 20th or without any.
func parseUUID(s string) ([]byte, string) {
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = strings.ReplaceAll(s, "-", "")
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		return nil, "text that is no uuid"
	}
	return b, ""
}

func toJSON(from arrow.Field) converter {
	if metaOf(from, extensionKey) == jsonName && from.Type.ID() == arrow.STRING {
		return nil
	}
	return fromText(from.Type, newStrings, func(s string) (string, string) {
		if !utf8.ValidString(s) || !json.Valid([]byte(s)) {
			return "", "text that is no JSON"
		}
		return s, ""
	})
}
