package connector

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestCovers holds URIs of tasks against patterns of a configuration.
func TestCovers(t *testing.T) {
	for _, c := range []struct {
		pattern, uri string
		want         bool
	}{
		{"postgresql://db.internal/shop", "postgresql+psycopg2://u:p@db.internal:5432/shop?sslmode=require", true},
		{"postgresql://db.internal/shop", "postgres://DB.internal/shop", true},
		{"postgresql://db.internal:5432/shop", "postgresql://db.internal/shop", true},
		{"postgresql://db.internal/shop", "postgresql://db.internal:5433/shop", false},
		{"postgresql://db.internal:5433/shop", "postgresql://db.internal/shop", false},
		{"postgresql://db.internal/shop", "postgresql://db.internal/Shop", false},
		{"postgresql://db.internal/shop", "postgresql://db.internal/shop/", false},
		{"postgresql://db.internal/shop", "postgresql://db.internal", false},
		{"postgresql://db.internal/shop", "postgresql://db.internal.evil.example/shop", false},
		{"postgresql://db.internal/shop", "postgresql://db.internal@evil.example/shop", false},
		{"postgresql://db.internal/shop", "postgresql://db.internal,evil.example/shop", false},
		{"postgresql://db.internal/shop", "postgresql:///shop", false},
		{"postgresql://db.internal/shop", "mysql://db.internal:5432/shop", false},
		{"postgresql://db.internal", "postgresql://db.internal/anything", true},
		{"postgresql://db.internal", "postgresql://db.internal", true},
		{"postgresql://db.internal/", "postgresql://db.internal/anything", true},
		{"postgresql://db.internal/shop_*", "postgresql://db.internal/shop_eu", true},
		{"postgresql://db.internal/shop_*", "postgresql://db.internal/shop", false},
		{"postgresql://db.internal/*", "postgresql://db.internal", false},
		{"postgresql://db.internal/a%2Fb", "postgresql://db.internal/a%2fb", true},
		{"postgresql://[fd00::1]/shop", "postgresql://[fd00::1]:5432/shop", true},
		{"mysql://db.internal/shop", "mariadb+pymysql://u@db.internal:3306/shop", true},
		{"mariadb://db.internal/shop", "mysql://u@db.internal:3307/shop", false},
		{"sqlite://", "sqlite://", true},
		{"sqlite://", "sqlite:///", true},
		{"sqlite://", "sqlite:///a.db", false},
		{"sqlite:///a.db", "sqlite:///a.db", true},
		{"sqlite:///a.db", "sqlite:///./a.db", false},
		{"sqlite:///a.db", "sqlite:///x/../a.db", false},
		{"sqlite:///a.db", "sqlite:////a.db", false},
		{"sqlite:///data/", "sqlite:///data/a.db", true},
		{"sqlite:///data/", "sqlite:///data/x/a.db", true},
		{"sqlite:///data/", "sqlite:///data/../a.db", false},
		{"sqlite:///data/", "sqlite:///data/", true}, // a folder, which is no database
		{"sqlite:///data/", "sqlite:///database.db", false},
		{"sqlite:///data/", "sqlite:///file:data/a.db?uri=true", false},
		{"sqlite:////srv/", "sqlite:////srv/a.db", true},
		{"sqlite:////srv/", "sqlite:///srv/a.db", false},
		{"sqlite:///shop_*", "sqlite:///shop_1.db", true},
		{"sqlite:///shop_*", "sqlite:///shop_/../x.db", false},
		{"sqlite:///*", "sqlite:///:memory:", true}, // of the one execution
	} {
		p, err := sqldb.ParseURI(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		u, err := sqldb.ParseURI(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := covers(p, u); got != c.want {
			t.Errorf("%s covers %s: %v", c.pattern, c.uri, got)
		}
	}
}

// TestBelow holds the names of objects against folders.
func TestBelow(t *testing.T) {
	for _, c := range []struct {
		uri, folder string
		want        bool
	}{
		{"s3://b/shop/x", "s3://b/shop/", true},
		{"s3://b/shop", "s3://b/shop/", true},
		{"s3://b/shop/", "s3://b/shop/", true},
		{"s3://b/x", "s3://b/", true},
		{"s3://b/shops/x", "s3://b/shop/", false},
		{"s3://bb/x", "s3://b/", false},
		{"S3://b/shop/x", "s3://b/shop/", false},
		{"gs://b/shop/x", "s3://b/shop/", false},
		{"s3://b/shop/../x", "s3://b/shop/", false},
		{"s3://b/shop/./x", "s3://b/shop/", false},
		{"s3://b/shop//x", "s3://b/shop/", false},
		{"s3://b/shop/%2e%2e/x", "s3://b/shop/", false},
		{"s3://b/shop/x?versionId=1", "s3://b/shop/", false},
		{"s3://b/shop/x#y", "s3://b/shop/", false},
		{`s3://b/shop/..\x`, "s3://b/shop/", false},
		{"s3://b/shop/x\n", "s3://b/shop/", false},
		{"s3://", "s3://b/", false},
		{"", "/out/", false},
		{"out/x", "/out/", false},
		{"/out/x", "/out/", true},
		{"/outside", "/out/", false},
		{"/out/../etc", "/out/", false},
		{"file:///out/x", "/out/", false},
		{"file:///out/x", "file:///out/", true},
		{"file://host/out/x", "file:///out/", false},
	} {
		if !manifest.PlainObject(c.folder) {
			t.Errorf("%q cannot be a folder", c.folder)
		}
		if got := below(c.uri, []string{c.folder}); got != c.want {
			t.Errorf("%q is below %q: %v", c.uri, c.folder, got)
		}
	}
}
