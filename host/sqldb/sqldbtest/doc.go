// Package sqldbtest tests drivers: private database servers, and one suite
// over all drivers.
//
// PostgresDatabase and MariaDBDatabase make a new, empty database for a test.
// It is on the server whose superuser's URI stands in the environment, as
// WASMSQL_TEST_POSTGRES or WASMSQL_TEST_MARIADB, else on a private server that
// is started once for the test binary and ends with it. Both are safe for
// concurrent use. The command in servers starts the private servers once for
// all binaries of a go test.
//
// WASMSQL_TEST_MARIADB may name a MySQL server too, and either a server of
// another version than Debian's: the tests then expect what that one does. See
// ReleaseOf, and "Which servers were the drivers tested on?" of
// host/RATIONALE.md.
package sqldbtest
