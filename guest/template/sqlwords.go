package template

import "strings"

// words is a set of keywords, spelled in capitals between spaces.
type words string

func (w words) has(word string) bool {
	return word != "" && strings.Contains(string(w), " "+word+" ")
}

// Words of SQL that decide what the place behind them takes.
const (
	// clauseWords end an item of ORDER BY or GROUP BY.
	clauseWords words = " SELECT FROM WHERE GROUP ORDER PARTITION HAVING QUALIFY WINDOW LIMIT OFFSET FETCH FOR UNION INTERSECT EXCEPT MINUS" +
		" RETURNING VALUES VALUE SET INTO ROWS RANGE GROUPS SEPARATOR LOCK PROCEDURE INSERT DELETE "

	// expecting words are followed by an expression.
	expecting words = " AND OR NOT XOR IS IN LIKE ILIKE GLOB REGEXP RLIKE MATCH SIMILAR TO BETWEEN SYMMETRIC CASE WHEN THEN ELSE DIV MOD" +
		" INTERVAL ESCAPE ANY SOME ALL DISTINCT BINARY OF TIMESTAMP DATE TIME OVERLAPS FOR FROM ON BY SELECT WHERE HAVING LIMIT OFFSET" +
		" RETURNING PRIOR ZONE FIRST NEXT VALUES AGAINST UESCAPE SEPARATOR IF RETURN DEFAULT CHECK THAN FILTER ROW AS TABLESAMPLE" +
		" ASYMMETRIC SOUNDS MEMBER OPERATOR "

	// tableWords are followed by the name of a table.
	tableWords words = " JOIN STRAIGHT_JOIN INTO UPDATE TABLE ONLY LATERAL REFERENCES "

	// nameWords are followed by the name of something else.
	nameWords words = " VIEW INDEX SCHEMA DATABASE SEQUENCE TRIGGER FUNCTION PROCEDURE EXTENSION COLUMN CONSTRAINT DOMAIN ROLE USER" +
		" COLLATE OVER WINDOW AS USING CONCURRENTLY RENAME "

	// listWords stand before a list of column names in parentheses.
	listWords words = " USING CONFLICT KEY INDEX UNIQUE COLUMNS "

	// argumentWords are functions that have FROM between their arguments.
	argumentWords words = " EXTRACT SUBSTRING SUBSTR TRIM OVERLAY "

	// firstWords begin a statement and are followed by a name.
	firstWords words = " TRUNCATE LOCK ANALYZE ANALYSE VACUUM REINDEX DESCRIBE DESC USE CALL EXECUTE PREPARE DEALLOCATE REFRESH CLUSTER" +
		" LISTEN NOTIFY UNLISTEN SAVEPOINT RELEASE DETACH DELETE SHOW "

	// definingWords begin a statement that is about names.
	definingWords words = " CREATE ALTER DROP GRANT REVOKE RENAME PRAGMA COMMENT "

	// valueWords stand before a value in such a statement.
	valueWords words = " DEFAULT CHECK VALUES THAN IS IN LIKE AND OR NOT WHEN WHERE BETWEEN PASSWORD RETURN IF WITH MINVALUE MAXVALUE START INCREMENT CACHE LIMIT "
)
