// What the tenant may use, and what it has used of it.

import { element, sheet } from "./dom.js";
import { about, bytes, count, micros } from "./words.js";
import { bars, limit } from "./pictures.js";
import { get } from "./api.js";

// limits is the view of quotas and of the limits of tasks.
export async function limits(_, { signal, show }) {
	const [t, { tasks }] = await Promise.all([get("/v1/tenant", signal), get("/v1/tasks", signal)]);
	const q = t.quotas;
	const reset = new Date();
	reset.setUTCHours(24, 0, 0, 0);
	show("Limits", element("div", { class: "columns" },
		element("div", { class: "card" }, bars("At once", [limit("Running", t.running, q.running, count), limit("Waiting", Math.max(t.waiting, t.queued), q.waiting, count)]),
			element("p", { class: "note" }, q.per_minute ? `${count(q.per_minute)} executions may begin in a minute.` : "As many executions as you like may begin in a minute.")),
		element("div", { class: "card" }, bars("Today", [limit("Rows", t.today.rows, q.daily_rows, count), limit("Bytes", t.today.bytes, q.daily_bytes, bytes), limit("Fuel", t.today.fuel, q.daily_fuel, about)]),
			element("p", { class: "note" }, `Counted ${t.keeps.executions ? "" : "by this process of the server, "}until 0:00 UTC, which is in ${micros((reset - Date.now()) * 1000)}.`))),
	element("h2", {}, "Of each execution"),
	sheet("Limits of each execution", ["Task", { label: "Time", class: "number" }, { label: "Fuel", class: "number" }, { label: "Memory", class: "number" }, { label: "Rows", class: "number" }, { label: "Bytes", class: "number" }],
		element("tbody", {}, tasks.map((k) => element("tr", {}, element("th", { scope: "row" }, element("a", { href: "#/tasks/" + encodeURIComponent(k.name) }, k.name)),
			[micros(k.limits.timeout_ms * 1000), about(k.limits.fuel), bytes(k.limits.memory), k.limits.rows ? count(k.limits.rows) : "no limit", k.limits.bytes ? bytes(k.limits.bytes) : "no limit"]
				.map((v) => element("td", { class: "number" }, v)))))));
}
