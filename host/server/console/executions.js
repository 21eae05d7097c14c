// The list of executions, which keeps itself up to date, and one of them.

import { announce, button, element, empty, fill, sheet } from "./dom.js";
import { badge, between, count, finals, micros, recent, when } from "./words.js";
import { get } from "./api.js";
import { panel } from "./panel.js";
import { problemBox } from "./problem.js";
import { spark } from "./pictures.js";

const statuses = ["queued", "running", "committing", ...finals];
const soon = 2000, late = 10_000; // milliseconds between two looks, while something runs and while nothing does

const none = () => empty("This server keeps no executions.", "It was started without ", element("code", {}, "--state"), ". Tasks run all the same: their rows are shown once.");

// executions is the view of all executions: of a status or a task where the
// address names one.
export async function executions(_, { tenant, params, signal, show }) {
	if (!tenant.keeps.executions) {
		show("Executions", none());
		return;
	}
	const { tasks } = await get("/v1/tasks", signal);
	const where = new URLSearchParams([...params].filter(([k, v]) => v && ["status", "task"].includes(k)));
	const page = (more) => get("/v1/executions?" + new URLSearchParams([...where, ...Object.entries(more)]), signal);
	let { executions: all, next } = await page({ limit: 50 });
	const body = element("tbody"), list = element("div"), older = element("div", { class: "actions" });
	const known = new Map();
	let shown; // whether there are some
	const draw = () => {
		const longest = Math.max(1, ...all.map((e) => waited(e) + ran(e)));
		for (const e of all) {
			const cells = row(e, longest);
			const tr = known.get(e.id);
			if (tr) cells.forEach((c, i) => { if (i > 0 && !tr.children[i].isEqualNode(c)) tr.children[i].replaceWith(c); }); // the link keeps the focus
			else known.set(e.id, element("tr", {}, cells));
		}
		const order = all.map((e) => known.get(e.id));
		if (order.length !== body.children.length || order.some((tr, i) => body.children[i] !== tr)) body.replaceChildren(...order);
		fill(older, next ? button("Older ones", more) : null);
		const some = all.length > 0;
		if (some === shown) return;
		shown = some;
		fill(list, all.length ? sheet("Executions", ["Execution", "Status", "Task", "Accepted", { label: "Waited + ran", class: "wide" }, { label: "Rows", class: "number" }, { label: "Fuel", class: "number wide" }], body)
			: empty("There are no such executions.", where.size ? "Look at all of them, or choose another filter." : "Run a task: it will be here, with its rows."));
	};
	const more = async () => {
		const from = all.length;
		const p = await get(next, signal);
		all = [...all, ...p.executions];
		next = p.next;
		draw();
		announce(`${count(all.length)} executions`);
		body.children[from]?.querySelector("a").focus();
	};
	show("Executions", filters(where, tasks), list, older);
	draw();
	keep(async () => {
		const first = (await page({ limit: 50 })).executions;
		const ids = new Set(first.map((e) => e.id));
		const last = first.at(-1)?.id ?? "";
		all = [...first, ...all.filter((e) => !ids.has(e.id) && e.id < last)];
		draw();
		return all.every((e) => finals.includes(e.status)) ? late : soon;
	}, all.every((e) => finals.includes(e.status)) ? late : soon, signal);
}

// keep calls update again and again, while the page can be seen. update returns
// how long to wait then.
async function keep(update, wait, signal) {
	while (!signal.aborted) {
		await new Promise((after) => setTimeout(after, wait));
		if (signal.aborted || document.hidden) continue;
		try {
			wait = await update();
		} catch {
			wait = late; // the list stays as it was, and is asked for again
		}
	}
}

function filters(where, tasks) {
	const choose = (name, label, values) => {
		const id = "of-" + name;
		return [element("label", { for: id }, label), element("select", { id, onchange: (event) => {
			if (event.target.value) where.set(name, event.target.value);
			else where.delete(name);
			location.hash = "#/executions" + (where.size ? "?" + where : "");
		} }, element("option", { value: "" }, "all"), values.map((v) => element("option", { value: v, selected: where.get(name) === v }, v)))];
	};
	return element("div", { class: "filters" }, choose("status", "Status", statuses), choose("task", "Task", tasks.map((t) => t.name)));
}

const waited = (e) => Math.max(0, between(e.accepted, e.started ?? e.ended ?? new Date()));
const ran = (e) => (e.started ? Math.max(0, between(e.started, e.ended ?? new Date())) : 0);

function row(e, longest) {
	return [element("th", { scope: "row" }, element("a", { href: "#/executions/" + encodeURIComponent(e.id) }, element("code", {}, e.id))),
		element("td", {}, badge(e.status)), element("td", {}, e.task), element("td", {}, recent(e.accepted)),
		element("td", { class: "wide" }, spark(waited(e), ran(e), longest), element("small", { "aria-hidden": "true" }, `${micros(waited(e))} + ${micros(ran(e))}`)),
		element("td", { class: "number" }, count(e.report?.rows)), element("td", { class: "number wide" }, count(e.report?.fuel))];
}

// execution is the view of one execution.
export async function execution(id, { tenant, signal, show }) {
	const e = await get("/v1/executions/" + encodeURIComponent(id), signal);
	const t = await get("/v1/tasks/" + encodeURIComponent(e.task), signal).catch((error) => { if (signal.aborted) throw error; return null; });
	const facts = element("dl", { class: "card" });
	const p = panel(t, {
		signal, link: false, may: tenant.role === "operate" || (tenant.role === "run" && e.token === tenant.token),
		changed: (now) => fill(facts, factsOf(now, t).map(([k, v]) => element("div", {}, element("dt", {}, k), element("dd", {}, v)))),
	});
	show([e.task, " ", element("code", { class: "of" }, e.id)], p.element, element("section", { "aria-label": "Facts" }, facts));
	p.follow(e).catch((error) => { if (!signal.aborted) p.element.append(problemBox(error)); });
}

function factsOf(e, t) {
	const all = [["Task", t ? element("a", { href: "#/tasks/" + encodeURIComponent(e.task) }, e.task) : e.task + ", which is not there any more"], ["Accepted", when(e.accepted)]];
	if (e.started) all.push(["Started", when(e.started)]);
	if (e.ended) all.push(["Ended", when(e.ended)]);
	all.push(["Attempts", String(e.attempts)], ["Token", element("code", {}, e.token)]);
	if (e.report) {
		all.push(["Statements", count(e.report.statements)], ["Calls of the host", count(e.report.host_calls)]);
		if (e.report.sql_hash) all.push(["Hash of the SQL", element("code", {}, e.report.sql_hash)]);
	}
	return all;
}
