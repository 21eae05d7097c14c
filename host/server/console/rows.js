// The rows of a result, a page at a time.

import { announce, button, element, empty, fill, notify, sheet, spoken } from "./dom.js";
import { call, formats, get, save, whole } from "./api.js";
import { Literal, read, write } from "./exact.js";
import { count } from "./words.js";
import { problemBox } from "./problem.js";

const sizes = [25, 100, 500];

// kept is the source of the rows that the server keeps of an execution.
export function kept(id) {
	const path = "/v1/executions/" + encodeURIComponent(id);
	return {
		name: id,
		formats,
		page: (offset, limit, signal) => get(`${path}/rows?offset=${offset}&limit=${limit}`, signal),
		file: async ({ accept }) => whole(await call("GET", path + "/result", { accept }), (a) => a.blob()),
	};
}

// held is the source of rows that are here already, as JSON text: of a server
// that keeps none. Types are those that the task declares.
export function held(name, text, outputs) {
	const all = read(text);
	const declared = outputs.columns ?? Object.keys(all[0] ?? {}).map((n) => ({ name: n, type: "" }));
	return {
		name,
		formats: { JSON: formats.JSON },
		page: async (offset, limit) => ({ columns: declared, offset, total: all.length, rows: all.slice(offset, offset + limit).map((r) => declared.map((c) => r[c.name])) }),
		file: async () => new Blob([text], { type: formats.JSON.accept }),
	};
}

// rowsOf shows the rows of a source. It returns once the first page is there.
export async function rowsOf(source, signal) {
	let size = sizes[1], at = 0, next = 0, total = 0;
	const behind = []; // where the pages before this one begin: a page of large rows is shorter than others
	const where = element("p", { class: "where" });
	const body = element("div");
	const turn = async (to) => {
		const page = await source.page(to, size, signal);
		[at, next, total] = [to, to + page.rows.length, page.total];
		fill(body, total === 0 && page.columns.length === 0 ? null : grid(page));
		const said = total === 0 ? "no rows" : `rows ${count(at + 1)} to ${count(at + page.rows.length)} of ${count(total)}`;
		fill(where, said[0].toUpperCase() + said.slice(1));
		first.disabled = before.disabled = at === 0;
		after.disabled = last.disabled = next >= total || next === at;
		return said;
	};
	const go = async (to) => {
		body.setAttribute("aria-busy", "true");
		try {
			announce(await turn(to));
		} catch (error) {
			if (!signal?.aborted) fill(body, problemBox(error));
		}
		body.removeAttribute("aria-busy");
	};
	const step = (label, glyph, to) => button([element("span", { "aria-hidden": "true" }, glyph), spoken(label)], () => go(to()), { class: "step", title: label });
	const first = step("First page", "⇤", () => 0), before = step("Page before", "←", () => behind.at(-1)?.to === at ? behind.pop().at : Math.max(0, at - size));
	const after = step("Next page", "→", () => { behind.push({ at, to: next }); return next; }), last = step("Last page", "⇥", () => Math.floor((total - 1) / size) * size);
	const pages = element("div", { class: "pages", role: "group", "aria-label": "Pages" }, first, before, after, last,
		element("label", {}, "Rows a page ", element("select", { onchange: (event) => { size = Number(event.target.value); go(Math.floor(at / size) * size); } },
			sizes.map((n) => element("option", { value: n, selected: n === size }, String(n))))),
		element("label", { class: "mark" }, element("input", { type: "checkbox", onchange: (event) => body.classList.toggle("unfolded", event.target.checked) }), "Long values in full"));
	await turn(0);
	const few = total <= sizes[0] && next >= total;
	return element("section", { class: "rows", "aria-label": "Rows" }, element("div", { class: "bar-top" }, element("h2", {}, "Rows"), where, downloads(source)),
		total === 0 ? empty("The query found no rows.", "That is a result too: its columns are below, and the files have them.") : null, body, few ? null : pages);
}

// downloads are buttons for the files.
function downloads(source) {
	const all = Object.entries(source.formats).map(([label, format]) => button(label, async (event) => {
		const pressed = event.currentTarget;
		pressed.setAttribute("aria-busy", "true");
		notify("Downloading " + label + "…");
		const name = source.name + "." + format.ending;
		try {
			save(name, await source.file(format));
			notify(name + " is downloaded");
			fill(failed);
		} catch (error) {
			fill(failed, problemBox(error));
		}
		pressed.removeAttribute("aria-busy");
	}, { "aria-label": "Download " + label }));
	const failed = element("div", { class: "failed-download" });
	return element("div", { class: "downloads", role: "group", "aria-label": "Download" }, element("span", { class: "note", "aria-hidden": "true" }, "Download"), all, failed);
}

const numeric = new Set(["int", "float", "decimal"]);

// grid is a page of rows as a table.
function grid({ columns, rows, offset }) {
	const right = columns.map((c) => numeric.has(c.type));
	const heads = columns.map((c, i) => ({ class: right[i] ? "number" : null, label: [c.name || element("i", {}, "no name"), element("small", {}, c.type)] }));
	return sheet("Table of rows", [{ class: "index", label: [element("span", { "aria-hidden": "true" }, "#"), spoken("Row")] }, ...heads],
		element("tbody", {}, rows.map((r, i) => element("tr", {}, element("th", { scope: "row", class: "index" }, count(offset + i + 1)), r.map((v, c) => cell(v, right[c]))))));
}

function cell(v, right) {
	if (v === null || v === undefined) return element("td", { class: right ? "null number" : "null" }, "null");
	if (v === "") return element("td", { class: "null" }, "empty");
	const text = typeof v === "object" && !(v instanceof Literal) || v === "null" || v === "empty" ? write(v) : String(v); // those words are texts in quotes
	return element("td", { class: right ? "number" : null }, element("span", { class: "cell" }, text));
}
