/* reorder: order what a store has too little of.
 *
 * It reads the items, decides for each how many are to be ordered, writes the
 * orders, and returns them: a read, a decision in code, and as many statements
 * as the data asks for, in one transaction. A template can say none of that but
 * the read.
 */
#include "wasmsql.h"

/* Read once per task: the placeholders are the dialect's. */
static bool numbered; /* $1 instead of ?1 */

WASMSQL_CONFIGURE {
	wasmsql_connection c;
	if (!wasmsql_granted(0, &c) || c.access != WASMSQL_READ_WRITE)
		return wasmsql_failed(TEXT("the plugin writes orders, and its connection is read-only"), TEXT("grant it one with access: read-write"));
	numbered = wasmsql_same(c.dialect, TEXT("postgres"));
	return 0;
}

static int64_t order(wasmsql_text item, int64_t amount) {
	wasmsql_value params[] = {wasmsql_str(item), wasmsql_int(amount)};
	wasmsql_text sql = numbered ? TEXT("INSERT INTO orders (item, amount) VALUES ($1, $2)") : TEXT("INSERT INTO orders (item, amount) VALUES (?1, ?2)");
	return wasmsql_exec(sql, params, 2);
}

WASMSQL_RUN {
	wasmsql_value at_most;
	if (!wasmsql_input(TEXT("at_most"), &at_most))
		return wasmsql_failed(TEXT("there is no input at_most"), TEXT("the manifest declares it"));
	int64_t cursor = wasmsql_query(TEXT("SELECT name, stock, least FROM items WHERE stock < least ORDER BY name"), 0, 0);
	if (cursor < 0)
		return 1;
	wasmsql_rows rows;
	int64_t orders = 0;
	for (wasmsql_read(&rows, cursor); wasmsql_row(&rows);) {
		if (wasmsql_is_null(&rows, 2))
			continue;
		int64_t amount = 2 * wasmsql_integer(&rows, 2) - wasmsql_integer(&rows, 1);
		if (amount > at_most.integer)
			return wasmsql_failed(JOIN(TEXT("item \""), wasmsql_cell(&rows, 0), TEXT("\" needs "), wasmsql_number(amount), TEXT(", at most "),
						   wasmsql_number(at_most.integer), TEXT(" are ordered at once")),
					      TEXT("raise at_most, or look at what is in stock"));
		if (order(wasmsql_cell(&rows, 0), amount) < 0)
			return 1;
		orders++;
	}
	if (rows.error < 0 || wasmsql_close(cursor) < 0)
		return 1;
	wasmsql_say(WASMSQL_INFO, JOIN(wasmsql_number(orders), TEXT(" items are ordered")));
	cursor = wasmsql_query(TEXT("SELECT item, amount FROM orders ORDER BY item"), 0, 0);
	return cursor < 0 || wasmsql_output_cursor(cursor) < 0;
}
