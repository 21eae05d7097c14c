// The list of tasks.

import { element, empty, sheet } from "./dom.js";
import { get } from "./api.js";
import { micros, returns } from "./words.js";

const many = 8;

// tasks is the view of all tasks.
export async function tasks(_, { signal, show }) {
	const { tasks: all } = await get("/v1/tasks", signal);
	if (all.length === 0) {
		show("Tasks", empty("There are no tasks yet.", "Put a task file into the folder ", element("code", {}, "tasks"), " of the tenant: it is here within seconds."));
		return;
	}
	const rows = all.map((t) => element("tr", {},
		element("th", { scope: "row" }, element("a", { href: "#/tasks/" + encodeURIComponent(t.name) }, t.name)),
		element("td", {}, t.kind), element("td", {}, t.connection || "its own"), element("td", { class: "wide" }, returns(t)), element("td", { class: "number wide" }, micros(t.limits.timeout_ms * 1000))));
	const none = element("p", { class: "note", hidden: true }, "No task has that in its name.");
	const find = element("input", { id: "find", type: "search", autocomplete: "off", spellcheck: "false", oninput: () => {
		const text = find.value.trim().toLowerCase();
		all.forEach((t, i) => { rows[i].hidden = !t.name.toLowerCase().includes(text); });
		none.hidden = rows.some((r) => !r.hidden);
	} });
	show("Tasks", all.length >= many ? element("div", { class: "filters" }, element("label", { for: "find" }, "Find"), find) : null,
		sheet("Tasks", ["Task", "Kind", "Connection", { label: "Returns", class: "wide" }, { label: "Time limit", class: "number wide" }], element("tbody", {}, rows)), none);
}
