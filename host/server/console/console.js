// The console of wasmsql: what a tenant can do over the API, for people. It
// keeps the token for as long as the tab is open.

const main = document.querySelector("#main");
const nav = document.querySelector("nav");
const status = document.querySelector("#status");
const who = document.querySelector("#who");
const leave = document.querySelector("#leave");

const tokenKey = "wasmsql.token";
const pageRows = 100;
const formats = { csv: "text/csv", json: "application/json", ndjson: "application/x-ndjson", arrow: "application/vnd.apache.arrow.stream", parquet: "application/vnd.apache.parquet" };

// element makes an element with attributes and children; text is never HTML.
function element(name, attributes = {}, ...children) {
	const svg = ["svg", "rect", "text", "g", "title"].includes(name);
	const e = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
		else if (value === true) e.setAttribute(key, "");
		else if (value !== false && value != null) e.setAttribute(key, value);
	}
	e.append(...children.flat().filter((c) => c != null));
	return e;
}

// exact reads JSON and keeps the text of numbers that JavaScript would round.
function exact(text) {
	return JSON.parse(text, (_, value, context) =>
		typeof value === "number" && context && String(value) !== context.source && !sameNumber(value, context.source) ? new Digits(context.source) : value);
}
function sameNumber(value, source) {
	return !Number.isInteger(value) || Number.isSafeInteger(value) ? Number.isSafeInteger(value) || source.replace(/[-+.eE]/g, "").length <= 15 : false;
}
class Digits {
	constructor(text) { this.text = text; }
	toString() { return this.text; }
	toJSON() { return JSON.rawJSON ? JSON.rawJSON(this.text) : this.text; }
}

// Problem is an answer that says what went wrong.
class Problem extends Error {
	constructor(problem) {
		super(problem.detail);
		this.problem = problem;
	}
}

async function call(method, path, { body, accept } = {}) {
	const headers = { Authorization: "Bearer " + sessionStorage.getItem(tokenKey), Accept: accept ?? "application/json" };
	if (body !== undefined) headers["Content-Type"] = "application/json";
	let answer;
	try {
		answer = await fetch(path, { method, headers, body });
	} catch {
		throw new Problem({ code: "connection", detail: "the server does not answer", hint: "is it still running?" });
	}
	if (answer.ok) return answer;
	let problem;
	try { problem = await answer.json(); } catch { problem = { code: "internal", detail: "the server answered with status " + answer.status }; }
	if (answer.status === 401 && sessionStorage.getItem(tokenKey)) signOut(problem);
	throw new Problem(problem);
}
const get = async (path) => exact(await (await call("GET", path)).text());

// show replaces the content of the page, and tells a screen reader its title.
function show(title, ...content) {
	document.title = title + " · wasmsql";
	main.replaceChildren(element("h2", {}, title), ...content.flat().filter((c) => c != null));
	for (const a of nav.querySelectorAll("a")) {
		if (location.hash.startsWith(a.getAttribute("href"))) a.setAttribute("aria-current", "page");
		else a.removeAttribute("aria-current");
	}
	main.focus({ preventScroll: true });
}

function problemBox(error) {
	const p = error.problem ?? { code: "internal", detail: String(error) };
	return element("div", { class: "problem", role: "alert" },
		element("h3", {}, p.detail),
		p.place ? element("p", {}, "at ", p.place) : null,
		...(p.errors ?? []).map((e) => element("p", {}, [e.place, e.detail].filter(Boolean).join(": "))),
		p.hint ? element("p", {}, "Hint: ", p.hint) : null,
		element("p", {}, "Code ", p.code, p.execution ? ", execution " + p.execution : ""));
}

// Signing in.

function signIn(problem) {
	nav.hidden = who.hidden = leave.hidden = true;
	const token = element("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
	const box = element("div", {}, problem ? problemBox(new Problem(problem)) : null);
	show("Sign in", element("form", {
		onsubmit: async (event) => {
			event.preventDefault();
			sessionStorage.setItem(tokenKey, token.value.trim());
			try {
				await enter();
			} catch (error) {
				sessionStorage.removeItem(tokenKey);
				box.replaceChildren(problemBox(error));
				token.focus();
			}
		},
	},
	element("div", { class: "field" }, element("label", { for: "token" }, "Token"), element("p", {}, "wasmsql token create prints one; it begins with wsql_"), token),
	box, element("div", { class: "actions" }, element("button", { class: "main" }, "Sign in"))));
	token.focus();
}

function signOut(problem) {
	sessionStorage.removeItem(tokenKey);
	signIn(problem);
}

async function enter() {
	const tenant = await get("/v1/tenant");
	who.textContent = tenant.name + ", " + tenant.role;
	nav.hidden = who.hidden = leave.hidden = false;
	nav.querySelector('[href="#/audit"]').hidden = tenant.role !== "operate";
	if (!location.hash) location.hash = "#/tasks";
	await route();
}

// Tasks.

async function tasks() {
	const { tasks } = await get("/v1/tasks");
	show("Tasks", tasks.length === 0 ? element("p", {}, "There are none.") : element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Tasks" },
		element("table", {}, element("thead", {}, row("th", ["Name", "Connection", "Result", "Time limit"])),
			element("tbody", {}, tasks.map((t) => row("td", [element("a", { href: "#/tasks/" + encodeURIComponent(t.name) }, t.name), t.connection, outputs(t), t.limits.timeout_ms / 1000 + " s"]))))));
}

function row(cell, values) {
	return element("tr", {}, values.map((v) => element(cell, cell === "th" ? { scope: "col" } : {}, v)));
}

function outputs(t) {
	if (t.outputs.mode === "columns") return t.outputs.columns.map((c) => c.name + ": " + c.type).join(", ");
	return t.outputs.mode === "none" ? "changes rows" : "any rows";
}

async function task(name) {
	const t = await get("/v1/tasks/" + encodeURIComponent(name));
	const fields = Object.entries(t.inputs.properties).map(([input, schema]) => field(input, schema, t.inputs.required ?? []));
	const result = element("section", { "aria-label": "Result", "aria-live": "polite" });
	const buttons = [];
	const act = async (what) => {
		buttons.forEach((b) => { b.disabled = true; });
		status.textContent = "Running…";
		result.replaceChildren();
		try {
			const inputs = {};
			for (const f of fields) f.read(inputs);
			result.replaceChildren(...[await what(JSON.stringify({ inputs }), inputs)].flat());
		} catch (error) {
			result.replaceChildren(problemBox(error));
		}
		status.textContent = "";
		buttons.forEach((b) => { b.disabled = false; });
	};
	const path = "/v1/tasks/" + encodeURIComponent(name);
	const run = async (body) => {
		const answer = await call("POST", path + "/run", { body });
		const rows = exact(await answer.text());
		if (!Array.isArray(rows)) return element("p", {}, rows.rows_affected + " rows affected");
		return table(rows, t, (format) => download(name, format, () => call("POST", path + "/run", { body, accept: formats[format] })));
	};
	const render = async (body) => {
		const { statements } = exact(await (await call("POST", path + "/render", { body })).text());
		return statements.map((s, i) => [
			element("h3", {}, `Statement ${i + 1} on ${s.connection}`), element("pre", { tabindex: "0" }, s.sql),
			s.parameters.length ? element("ol", {}, s.parameters.map((p) => element("li", {}, p.type + " = " + JSON.stringify(p.value)))) : null,
		]).flat();
	};
	const submit = async (_, inputs) => {
		const e = exact(await (await call("POST", "/v1/executions", { body: JSON.stringify({ task: name, inputs }) })).text());
		location.hash = "#/executions/" + e.id;
		return [];
	};
	const button = (label, what, main) => {
		const b = element("button", main ? { class: "main" } : { type: "button", onclick: () => act(what) }, label);
		buttons.push(b);
		return b;
	};
	show(name, element("p", {}, `On ${t.connection}: ${outputs(t)}. At most ${t.limits.timeout_ms / 1000} s and ${t.limits.fuel.toLocaleString("en")} fuel.`),
		element("form", { "aria-label": "Inputs", onsubmit: (event) => { event.preventDefault(); act(run); } }, fields.map((f) => f.element),
			element("div", { class: "actions" }, button("Run", run, true), button("Show SQL", render), button("Run in the background", submit))),
		result);
}

// field makes the form field of an input.
function field(name, schema, required) {
	const types = [schema.type ?? "json"].flat();
	const nullable = types.includes("null") || schema.type === undefined;
	const kind = types[0];
	const id = "input-" + name;
	const given = schema.default === undefined || schema.default === null ? "" : typeof schema.default === "object" && !(schema.default instanceof Digits) ? JSON.stringify(schema.default) : String(schema.default);
	let control;
	if (schema.enum) {
		control = element("select", { id }, schema.enum.map((v) => element("option", { value: JSON.stringify(v), selected: given === String(v) }, String(v))));
	} else if (kind === "boolean") {
		control = element("select", { id }, ["false", "true"].map((v) => element("option", { value: v, selected: given === v }, v)));
	} else if (kind === "array" || schema.type === undefined) {
		control = element("textarea", { id, spellcheck: "false", placeholder: kind === "array" ? "[]" : "JSON" }, given);
	} else {
		control = element("input", { id, value: given, inputmode: kind === "integer" ? "numeric" : false, autocomplete: "off", spellcheck: "false", placeholder: schema.format === "date-time" ? "2024-05-06T07:08:09Z" : schema.format === "date" ? "2024-05-06" : false });
	}
	const isNull = nullable ? element("input", { type: "checkbox", id: id + "-null", checked: schema.default === null, onchange: () => { control.disabled = isNull.checked; } }) : null;
	if (isNull?.checked) control.disabled = true;
	return {
		element: element("div", { class: "field" },
			element("label", { for: id }, name, " ", element("span", { class: "kind" }, schema["x-wasmsql-type"] ?? kind, required.includes(name) ? "" : ", optional")),
			schema.description ? element("p", {}, schema.description) : null, control,
			isNull ? element("div", { class: "null" }, isNull, element("label", { for: id + "-null" }, name + " is null")) : null),
		read(inputs) {
			if (isNull?.checked) inputs[name] = null;
			else if (control.value === "" && !required.includes(name)) return;
			else inputs[name] = value(name, kind, schema, control.value);
		},
	};
}

// value turns the text of a field into JSON. What it cannot be is left to the
// server to refuse, as a text.
function value(name, kind, schema, text) {
	if (schema.enum || kind === "boolean") return JSON.parse(text);
	if (kind === "array" || schema.type === undefined) {
		try { return exact(text); } catch { throw new Problem({ code: "usage", detail: `input "${name}" is not JSON`, hint: kind === "array" ? "write [1, 2]" : 'write {"a": 1}' }); }
	}
	if (kind === "integer" && /^-?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : new Digits(text);
	if (kind === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
	return text;
}

// table shows rows a page at a time.
function table(rows, t, save) {
	const declared = Object.fromEntries((t?.outputs.columns ?? []).map((c) => [c.name, c.type]));
	const columns = rows.length ? Object.keys(rows[0]) : Object.keys(declared);
	const body = element("tbody");
	const where = element("span", { role: "status" });
	let page = 0;
	const last = Math.max(0, Math.ceil(rows.length / pageRows) - 1);
	const turn = (to) => {
		page = Math.min(Math.max(to, 0), last);
		const from = page * pageRows;
		body.replaceChildren(...rows.slice(from, from + pageRows).map((r) => element("tr", {}, columns.map((c) => cell(r[c])))));
		where.textContent = rows.length === 0 ? "no rows" : `rows ${from + 1} to ${Math.min(from + pageRows, rows.length)} of ${rows.length}`;
		before.disabled = page === 0;
		after.disabled = page === last;
	};
	const before = element("button", { type: "button", onclick: () => turn(page - 1) }, "Previous");
	const after = element("button", { type: "button", onclick: () => turn(page + 1) }, "Next");
	turn(0);
	return [
		element("h3", {}, "Rows"),
		element("div", { class: "actions" }, where, before, after, Object.keys(formats).map((f) => element("button", { type: "button", onclick: () => save(f) }, "Download " + f))),
		element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" },
			element("table", {}, element("thead", {}, element("tr", {}, columns.map((c) => element("th", { scope: "col" }, c, element("small", {}, declared[c] ?? kindOf(rows, c)))))), body)),
	];
}

function kindOf(rows, column) {
	const v = rows.find((r) => r[column] !== null)?.[column];
	if (v === undefined) return "";
	return v instanceof Digits ? "number" : Array.isArray(v) ? "list" : typeof v;
}

function cell(v) {
	if (v === null) return element("td", { class: "null" }, "null");
	if (typeof v === "number" || v instanceof Digits) return element("td", { class: "number" }, String(v));
	return element("td", {}, typeof v === "object" ? JSON.stringify(v) : String(v));
}

async function download(name, format, ask) {
	status.textContent = "Downloading…";
	try {
		const url = URL.createObjectURL(await (await ask()).blob());
		const a = element("a", { href: url, download: name + "." + format });
		a.click();
		URL.revokeObjectURL(url);
		status.textContent = name + "." + format + " is downloaded";
	} catch (error) {
		status.textContent = error.message;
	}
}

// Executions.

async function executions(page = "/v1/executions") {
	const { executions, next } = await get(page);
	show("Executions", executions.length === 0 ? element("p", {}, "There are none.") : element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Executions" },
		element("table", {}, element("thead", {}, row("th", ["Execution", "Task", "Status", "Accepted", "Rows", "Fuel", "Time"])),
			element("tbody", {}, executions.map((e) => row("td", [
				element("a", { href: "#/executions/" + e.id }, e.id), e.task, element("span", { class: e.status }, e.status), when(e.accepted),
				count(e.report?.rows), count(e.report?.fuel), e.report?.times_us ? micros(e.report.times_us.total) : "",
			]))))),
	next ? element("button", { type: "button", onclick: () => executions(next) }, "Older ones") : null);
}

const when = (text) => new Date(text).toLocaleString();
const count = (n) => (n === undefined ? "" : n.toLocaleString("en"));
const micros = (n) => (n < 10_000 ? n + " µs" : n < 10_000_000 ? Math.round(n / 1000) + " ms" : (n / 1e6).toFixed(1) + " s");

let watching = 0;
async function execution(id) {
	const mine = ++watching;
	const path = "/v1/executions/" + encodeURIComponent(id);
	for (let wait = ""; ; wait = "?wait=20s") {
		const e = await get(path + wait);
		if (mine !== watching || !location.hash.endsWith(id)) return;
		showExecution(e, path);
		if (["succeeded", "failed", "canceled", "unknown"].includes(e.status)) return;
	}
}

function showExecution(e, path) {
	const result = element("section", { "aria-label": "Result" });
	const facts = [["Task", element("a", { href: "#/tasks/" + encodeURIComponent(e.task) }, e.task)], ["Status", element("span", { class: e.status }, e.status)], ["Accepted", when(e.accepted)]];
	if (e.started) facts.push(["Started", when(e.started)]);
	if (e.ended) facts.push(["Ended", when(e.ended)]);
	facts.push(["Attempts", e.attempts]);
	if (e.report) facts.push(["Rows", count(e.report.rows)], ["Rows affected", count(e.report.rows_affected)]);
	const waiting = !e.ended;
	show("Execution " + e.id, element("dl", {}, facts.map(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]).flat()),
		e.problem ? problemBox(new Problem(e.problem)) : null,
		e.report?.times_us ? [element("h3", {}, "Time"), phases(e.report)] : null,
		e.report?.fuel ? [element("h3", {}, "Fuel"), element("p", {}, count(e.report.fuel) + " units, " + count(e.report.peak_guest_memory) + " bytes of memory at most")] : null,
		waiting ? element("button", { type: "button", onclick: async () => { try { await call("DELETE", path); } catch (error) { result.replaceChildren(problemBox(error)); } } }, "Cancel") : null,
		e.result ? element("button", { type: "button", onclick: async () => {
			try {
				const rows = exact(await (await call("GET", e.result)).text());
				result.replaceChildren(...table(rows, null, (format) => download(e.id, format, () => call("GET", e.result, { accept: formats[format] }))).flat());
			} catch (error) { result.replaceChildren(problemBox(error)); }
		} }, "Show rows") : null,
		result);
}

// phases draws the time of each phase as a bar.
function phases({ times_us: t }) {
	const of = [["queue", "waiting"], ["sandbox", "sandbox"], ["guest", "render"], ["query", "query"], ["result", "result"]].map(([k, label]) => [label, t[k] ?? 0]);
	const most = Math.max(1, t.total ?? 0, ...of.map(([, n]) => n));
	const text = of.map(([label, n]) => label + " " + micros(n)).join(", ");
	return element("svg", { viewBox: `0 0 640 ${of.length * 24}`, role: "img", "aria-label": "Time by phase: " + text, width: "100%" }, of.map(([label, n], i) => element("g", {},
		element("text", { x: 0, y: i * 24 + 16 }, label),
		element("rect", { class: "rest", x: 80, y: i * 24 + 4, width: 440, height: 16 }),
		element("rect", { class: "bar", x: 80, y: i * 24 + 4, width: Math.max(1, (440 * n) / most), height: 16 }),
		element("text", { x: 530, y: i * 24 + 16 }, micros(n)))));
}

// Quotas and audit.

async function quotas() {
	const t = await get("/v1/tenant");
	const rows = [["Executions that run", t.running, t.quotas.running], ["Executions that wait", t.waiting, t.quotas.waiting], ["Executions a minute", null, t.quotas.per_minute],
		["Rows today", t.today.rows, t.quotas.daily_rows], ["Bytes today", t.today.bytes, t.quotas.daily_bytes], ["Fuel today", t.today.fuel, t.quotas.daily_fuel]];
	show("Quotas", element("table", {}, element("caption", {}, "A day is one of UTC. What is used is counted in this process."), element("thead", {}, row("th", ["What", "Used", "Quota"])),
		element("tbody", {}, rows.map(([what, used, quota]) => row("td", [what, used === null ? "" : count(used), quota ? count(quota) : "none"])))));
}

async function audit() {
	const { records } = await get("/v1/audit?limit=200");
	show("Audit", element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Audit" },
		element("table", {}, element("thead", {}, row("th", ["Time", "Execution", "Token", "Task", "Connection", "Outcome", "Rows", "Affected", "Fuel", "Took"])),
			element("tbody", {}, records.map((r) => row("td", [when(r.time), r.execution, r.token, r.task, r.connection, r.outcome, count(r.rows), count(r.rows_affected), count(r.fuel), micros(r.us)]))))));
}

// Ways.

async function route() {
	const [, section, id] = location.hash.split("/").map(decodeURIComponent);
	watching++;
	try {
		if (section === "executions" && id) await execution(id);
		else if (section === "executions") await executions();
		else if (section === "quotas") await quotas();
		else if (section === "audit") await audit();
		else if (section === "tasks" && id) await task(id);
		else await tasks();
	} catch (error) {
		if (sessionStorage.getItem(tokenKey)) show("That did not work", problemBox(error));
	}
}

leave.addEventListener("click", () => signOut());
addEventListener("hashchange", () => { if (sessionStorage.getItem(tokenKey)) route(); });
if (sessionStorage.getItem(tokenKey)) enter().catch((error) => signOut(error.problem));
else signIn();
