// The audit: who ran what, and how it ended. It holds no values.

import { badge, count, micros, when } from "./words.js";
import { element, empty, sheet } from "./dom.js";
import { get } from "./api.js";

const most = 200;

// audit is the view of the newest records.
export async function audit(_, { tenant, signal, show }) {
	if (tenant.role !== "operate") {
		show("Audit", empty("This token may not see the audit.", "It takes one with the role operate."));
		return;
	}
	if (!tenant.keeps.audit) {
		show("Audit", empty("This server keeps no audit.", "It was started without ", element("code", {}, "--audit"), "."));
		return;
	}
	const { records } = await get("/v1/audit?limit=" + most, signal);
	if (records.length === 0) {
		show("Audit", empty("Nothing was run yet.", "Each execution gets a line here: who, what, on which connection and how it ended, and no values."));
		return;
	}
	const seconds = ["Rows", "Changed", "Fuel", "Took"].map((label) => ({ label, class: "number" }));
	show("Audit", sheet("Audit", ["Time", "Outcome", "Task", "Connection", "Token", ...seconds, "Execution"],
		element("tbody", {}, records.map((r) => element("tr", {}, element("td", {}, when(r.time)), element("td", {}, outcome(r)), element("th", { scope: "row" }, r.task), element("td", {}, r.connection),
			element("td", {}, element("code", {}, r.token)), [count(r.rows), count(r.rows_affected), count(r.fuel), micros(r.us)].map((v) => element("td", { class: "number" }, v)),
			element("td", {}, tenant.keeps.executions ? element("a", { href: "#/executions/" + encodeURIComponent(r.execution) }, element("code", {}, r.execution)) : element("code", {}, r.execution))))),
		`The newest ${count(records.length)} records. They hold no values.`));
}

function outcome(r) {
	if (r.unknown) return badge("unknown");
	return r.outcome === "ok" ? badge("succeeded", "ok") : badge(r.outcome === "canceled" ? "canceled" : "failed", r.outcome === "canceled" ? r.outcome : "failed: " + r.outcome);
}
