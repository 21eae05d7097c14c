// What went wrong, where, and what to do next.

import { element, spoken } from "./dom.js";

const titles = {
	task: "The task failed", usage: "The request makes no sense", config: "An input or the configuration is wrong",
	connection: "The database cannot be reached", limit: "A limit was reached", denied: "It was refused", output: "The result could not be written",
	canceled: "It was cancelled", internal: "A fault of the server", unauthorized: "The token is not accepted", forbidden: "This token may not do that",
	not_found: "It is not there", busy: "Over a quota for now", gone: "The server is being stopped", conflict: "It cannot be done now", offline: "The server is not there",
};

// steps are what to do where the server says nothing.
const steps = {
	internal: "try again; who runs this server finds more in its log", connection: "see whether the database runs, then try again",
	canceled: "run it again whenever you like: it had no effect", forbidden: "ask who runs this server for a token with a larger role",
	not_found: "look at the list: it may have been removed, or be too old",
};

// forPrograms is what the server says to those who write requests by hand.
const forPrograms = /\b(GET|POST|DELETE) \/|openapi|Authorization:/;

// problemBox shows a problem, and marks its place in the task's query where
// both are known.
export function problemBox(error, query = "") {
	const p = error.problem ?? { code: "internal", detail: String(error?.message ?? error) };
	const many = p.errors ?? [];
	return element("div", { class: p.code === "canceled" ? "problem calm" : "problem", role: "alert" },
		element("h2", {}, titles[p.code] ?? "It did not work"),
		many.length > 1 ? element("ul", {}, many.map((e) => element("li", {}, told(e, query)))) : told(p, query, steps[p.code]),
		p.unknown ? element("p", {}, "A commit was sent, and whether it took place is not known.") : null,
		facts(p));
}

function told(p, query, step) {
	const hint = !p.hint || forPrograms.test(p.hint) ? step : p.hint;
	return [element("p", { class: "detail" }, p.detail), p.position && query ? excerpt(query, p.position) : null,
		hint ? element("p", { class: "next" }, element("b", {}, "Next: "), hint) : null];
}

function facts(p) {
	const all = [["code", p.code], ["SQLSTATE", p.sqlstate], ["statement", p.statement], ["in", p.place], ["execution", p.execution]].filter(([, v]) => v);
	return element("p", { class: "facts" }, all.map(([k, v], i) => [i ? " · " : "", k + " ", element("code", {}, v)]));
}

// excerpt shows the lines of a query around a position.
export function excerpt(query, { line, column }) {
	const lines = query.split("\n");
	const from = Math.max(0, line - 3), to = Math.min(lines.length, line + 2);
	return element("figure", { class: "excerpt" },
		element("figcaption", {}, `Line ${line}, character ${column} of the query`),
		element("pre", { tabindex: "0", role: "region", "aria-label": "The query around it" }, lines.slice(from, to).map((text, i) =>
			element("span", { class: from + i + 1 === line ? "line here" : "line", "data-line": from + i + 1 },
				from + i + 1 === line ? marked(text, column) : text, "\n"))));
}

// marked marks the word that begins at a column, which is counted in
// characters.
function marked(text, column) {
	const chars = [...text], at = Math.min(column - 1, chars.length);
	let end = at + 1;
	while (end < chars.length && /[\p{L}\p{N}_.]/u.test(chars[end]) && /[\p{L}\p{N}_.]/u.test(chars[at])) end++;
	return [chars.slice(0, at).join(""), element("mark", {}, spoken("here: "), chars.slice(at, end).join("") || " "), chars.slice(end).join("")];
}

// listing shows a whole query with the numbers of its lines.
export function listing(query, label) {
	return element("pre", { class: "listing", tabindex: "0", role: "region", "aria-label": label },
		query.replace(/\n$/, "").split("\n").map((text, i) => element("span", { class: "line", "data-line": i + 1 }, text, "\n")));
}
