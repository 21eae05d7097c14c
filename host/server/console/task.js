// A task: its form, its query, its limits, and what comes of running it.

import { announce, button, element, fill, notify, sheet } from "./dom.js";
import { call, formats, get, save, whole } from "./api.js";
import { about, badge, bytes, count, micros, returns } from "./words.js";
import { affected, panel } from "./panel.js";
import { against, phases } from "./pictures.js";
import { form } from "./form.js";
import { held, rowsOf } from "./rows.js";
import { listing, problemBox } from "./problem.js";
import { read, write } from "./exact.js";

// task is the view of a task.
export async function task(name, { tenant, signal, show }) {
	const path = "/v1/tasks/" + encodeURIComponent(name);
	const t = await get(path, signal);
	const may = tenant.role !== "read";
	const outcome = element("div", { class: "outcome" });
	const run = tenant.keeps.executions ? queued : direct;
	let current = new AbortController();
	let pressed = null; // the button whose request is under way: a second one waits for the server to take it
	const act = async (what, by) => {
		if (!may || pressed) return;
		const inputs = f.inputs();
		if (inputs === undefined) return;
		current.abort();
		current = new AbortController();
		const mine = AbortSignal.any([signal, current.signal]);
		pressed = by;
		by.setAttribute("aria-busy", "true");
		const taken = () => {
			if (pressed === by) pressed = null;
			by.removeAttribute("aria-busy");
		};
		try {
			revealed(outcome);
			await what({ t, path, inputs, outcome, signal: mine, tenant, taken });
		} catch (error) {
			if (!mine.aborted && (!error.problem || !f.takes(error.problem))) fill(outcome, problemBox(error, t.query));
			else if (!mine.aborted) fill(outcome);
		}
		if (!mine.aborted) taken();
	};
	const main = element("button", { class: "main", disabled: !may }, "Run");
	const other = (label, what) => button(label, (event) => act(what, event.currentTarget), { disabled: !may });
	const files = tenant.keeps.executions ? [] : Object.keys(formats).map((name) => other("Run to " + name, (r) => toFile(r, formats[name])));
	const f = form(t, () => act(run, main), main, other("Show SQL", rendered), files,
		element("p", { class: "note" }, may ? [element("kbd", {}, "Ctrl"), " + ", element("kbd", {}, "Enter"), " runs it from any field."] : "This token may only read: one with the role run may run tasks."));
	show(name, element("div", { class: "columns" }, f.element, facts(t)), outcome);
}

// revealed scrolls to what is put into an outcome next, where it would not be
// seen.
function revealed(outcome) {
	const observer = new MutationObserver(() => {
		if (!outcome.firstChild) return;
		observer.disconnect();
		const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
		if (outcome.getBoundingClientRect().top > innerHeight * 0.7) outcome.scrollIntoView({ block: "start", behavior });
	});
	observer.observe(outcome, { childList: true });
}

// facts says what a task is.
function facts(t) {
	const all = [["Connection", t.connection || "of its own"], ["Returns", returns(t)], ["Time", micros(t.limits.timeout_ms * 1000) + " at most"],
		["Fuel", about(t.limits.fuel) + " at most"], ["Memory", bytes(t.limits.memory) + " for the guest"],
		["Rows", t.limits.rows ? count(t.limits.rows) + " at most" : "no limit"], ["Bytes", t.limits.bytes ? bytes(t.limits.bytes) + " at most" : "no limit"],
		["Retries", t.retries ? `${t.retries}, where that is safe` : "none"]];
	return element("aside", { class: "card", "aria-label": "About this task" }, element("h2", {}, t.kind === "module" ? "Module" : "Query"),
		t.query ? listing(t.query, "The query") : element("p", { class: "note" }, "What it asks is decided by a module."),
		element("dl", {}, all.map(([k, v]) => element("div", {}, element("dt", {}, k), element("dd", {}, v)))));
}

// queued runs a task as an execution that the server keeps: leaving this page
// does not end it.
async function queued({ t, inputs, outcome, signal, tenant, taken }) {
	const answer = await call("POST", "/v1/executions", { body: `{"task":${write(t.name)},"inputs":${inputs}}`, signal });
	taken();
	const p = panel(t, { signal, may: tenant.role !== "read" });
	fill(outcome, p.element);
	await p.follow(read(await answer.text()));
}

// direct runs a task where the server keeps no executions: it ends with this
// page, and the rows are held here.
async function direct({ t, path, inputs, outcome, signal }) {
	fill(outcome, element("p", { class: "loading" }, "Running…"));
	announce(t.name + ": running");
	const answer = await call("POST", path + "/run", { body: `{"inputs":${inputs}}`, signal });
	const text = await whole(answer, (a) => a.text(), signal);
	const report = answer.headers.get("Wasmsql-Report");
	const state = element("div", { class: "state" }, badge("succeeded"));
	announce(t.name + ": succeeded");
	fill(outcome, element("section", { class: "run", "aria-label": "Execution" }, state,
		t.outputs.mode === "none" ? affected(read(text).rows_affected) : await rowsOf(held(t.name, text, t.outputs), signal),
		report ? element("div", { class: "pictures" }, phases(read(report)), against(read(report), t.limits)) : null));
}

// toFile runs a task, its rows being downloaded as they come.
async function toFile({ t, path, inputs, outcome, signal }, { accept, ending }) {
	fill(outcome, element("p", { class: "loading" }, "Running…"));
	const answer = await call("POST", path + "/run", { body: `{"inputs":${inputs}}`, accept, signal });
	save(t.name + "." + ending, await whole(answer, (a) => a.blob(), signal));
	notify(`${t.name}.${ending} is downloaded`);
	fill(outcome);
}

// rendered shows the statements that a run would send.
async function rendered({ path, inputs, outcome, signal }) {
	const { statements } = await post(path + "/render", `{"inputs":${inputs}}`, signal);
	fill(outcome, element("section", { class: "run", "aria-label": "Statements" }, element("h2", {}, "What a run would ask"),
		element("p", { class: "note" }, "Values are bound to the placeholders: they are never part of the text."),
		statements.map((s, i) => [
			element("h3", {}, `Statement ${i + 1} of ${statements.length}, on ${s.connection} (${s.dialect})`), listing(s.sql, `Statement ${i + 1}`),
			s.parameters.length ? parameters(s.parameters, i) : null,
		])));
	announce(statements.length === 1 ? "1 statement" : statements.length + " statements");
}

async function post(path, body, signal) {
	return read(await (await call("POST", path, { body, signal })).text());
}

function parameters(all, statement) {
	return sheet(`Parameters of statement ${statement + 1}`, ["Parameter", "Type", "Value"],
		element("tbody", {}, all.map((p, i) => element("tr", {}, element("th", { scope: "row" }, String(i + 1)), element("td", {}, p.type),
			element("td", { class: p.value === null ? "null" : null }, element("code", { class: "whole" }, typeof p.value === "string" ? p.value : write(p.value)))))));
}
