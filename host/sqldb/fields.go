package sqldb

import "github.com/apache/arrow/go/v15/arrow"

// The keys and values of field metadata that name an Arrow extension type.
//
// Source: the Arrow columnar format, "Extension Types", and its list of
// canonical extension types, arrow.json and arrow.uuid.
const (
	metaExtension     = "ARROW:extension:name"
	metaExtensionData = "ARROW:extension:metadata"
)

// JSONField returns the field of a JSON column: text with the extension
// arrow.json.
func JSONField(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true, Metadata: extension("arrow.json")}
}

// UUIDField returns the field of a UUID column: 16 bytes with the extension
// arrow.uuid.
func UUIDField(name string) arrow.Field {
	return arrow.Field{Name: name, Type: &arrow.FixedSizeBinaryType{ByteWidth: 16}, Nullable: true, Metadata: extension("arrow.uuid")}
}

// TypedField returns the field of a column whose database type Arrow has no
// equal of, with that type's name as metadata.
func TypedField(name string, t arrow.DataType, database string) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true, Metadata: arrow.NewMetadata([]string{MetaType}, []string{database})}
}

func extension(name string) arrow.Metadata {
	return arrow.NewMetadata([]string{metaExtension, metaExtensionData}, []string{name, ""})
}
