/* The reference guest in C: README.md says what it does. */
#include "../../examples/guest-c/wasmsql.h"

WASMSQL_CONFIGURE {
	wasmsql_connection c;
	if (!wasmsql_granted(0, &c))
		return wasmsql_failed(TEXT("no connection is granted"), TEXT("grant one"));
	return 0;
}

/* others collects the inputs but for mode, in their order. */
static size_t others(wasmsql_value *values, size_t room) {
	wasmsql_reader r;
	wasmsql_field f, v;
	size_t n = 0;
	if (wasmsql_whole(wasmsql_input_read, &r) < 0)
		return 0;
	while (n < room && wasmsql_next(&r, &f)) {
		if (f.number != 1)
			continue;
		wasmsql_text name = {0, 0};
		while (wasmsql_next(&f.bytes, &v)) {
			if (v.number == 1)
				name = wasmsql_text_of(v.bytes);
			else if (v.number == 2)
				values[n] = wasmsql_read_value(v.bytes);
		}
		n += !wasmsql_same(name, TEXT("mode"));
	}
	return n;
}

static int32_t echo(void) {
	wasmsql_value params[16];
	size_t n = others(params, 16);
	int64_t h = wasmsql_query(TEXT("SELECT 1"), params, n);
	return h < 0 || wasmsql_output_cursor(h) < 0;
}

static int32_t sum(void) {
	int64_t h = wasmsql_query(TEXT("SELECT n FROM t"), 0, 0), total = 0;
	if (h < 0)
		return 1;
	wasmsql_rows rows;
	for (wasmsql_read(&rows, h); wasmsql_row(&rows);)
		if (!wasmsql_is_null(&rows, 0))
			total += wasmsql_integer(&rows, 0);
	if (rows.error < 0)
		return 1;
	wasmsql_value param = wasmsql_int(total);
	return wasmsql_exec_on(TEXT("other"), TEXT("INSERT INTO sums (n) VALUES (?)"), &param, 1) < 0;
}

static int32_t error(void) {
	wasmsql_error e;
	if (wasmsql_exec(TEXT("BROKEN"), 0, 0) >= 0 || !wasmsql_last_error(&e))
		return 1;
	wasmsql_say(WASMSQL_WARN, e.message);
	return 0;
}

WASMSQL_RUN {
	wasmsql_value mode;
	if (!wasmsql_input(TEXT("mode"), &mode))
		return wasmsql_failed(TEXT("no input mode"), TEXT(""));
	if (wasmsql_same(mode.text, TEXT("echo")))
		return echo();
	if (wasmsql_same(mode.text, TEXT("sum")))
		return sum();
	if (wasmsql_same(mode.text, TEXT("error")))
		return error();
	if (wasmsql_same(mode.text, TEXT("close"))) {
		int64_t h = wasmsql_query(TEXT("SELECT 1"), 0, 0);
		return h < 0 || wasmsql_close(h) < 0;
	}
	return wasmsql_failed(TEXT("as asked"), TEXT("ask for something else"));
}
