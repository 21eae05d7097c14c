// Figures as pictures: bars, each with its name, its value and what it says in
// words.

import { element } from "./dom.js";
import { about, bytes, count, micros, share } from "./words.js";

// bar draws a part of a whole.
function bar(part, whole, said, kind = "") {
	const width = whole > 0 ? Math.min(100, Math.max(part > 0 ? 0.75 : 0, (100 * part) / whole)) : 0;
	return element("svg", { class: "bar " + kind, viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": said },
		element("rect", { class: "rest", width: 100, height: 8 }), element("rect", { class: "part", width, height: 8 }));
}

// bars is a group of bars: {name, part, whole, value, said}.
export function bars(title, all, note = "") {
	return element("section", { class: "bars" }, element("h2", {}, title),
		element("ul", {}, all.map((b) => element("li", {}, element("span", { class: "name" }, b.name), bar(b.part, b.whole, b.said, b.part >= b.whole && b.limit ? "full" : ""),
			element("span", { class: "value" }, b.value)))), note ? element("p", { class: "note" }, note) : null);
}

// phases draws where the time of a run went. Database and result overlap, as
// rows are passed on while they come.
export function phases({ times_us: t }) {
	const all = [["Waiting its turn", t.queue], ["Preparing the sandbox", t.sandbox], ["Guest", t.guest], ["Database", t.query], ["Writing the result", t.result]];
	const rest = (t.total ?? 0) - all.reduce((sum, [, us]) => sum + (us ?? 0), 0);
	if (rest > 0) all.push(["Connecting, committing", rest]);
	const whole = Math.max(1, ...all.map(([, us]) => us ?? 0));
	return bars("Time by phase", all.map(([name, us = 0]) => ({ name, part: us, whole, value: micros(us), said: share(us, whole) + " of the longest" })),
		`The run itself took ${micros(t.total ?? 0)}. Rows are written while the database finds more, so the two can overlap.`);
}

// against draws what an execution has used of its limits.
export function against(report, limits) {
	return bars("Against its limits", [
		limit("Fuel", report.fuel, limits.fuel, about), limit("Memory of the guest", report.peak_guest_memory, limits.memory, bytes),
		limit("Time", report.times_us?.total ?? 0, limits.timeout_ms * 1000, micros),
		limit("Rows", report.rows, limits.rows, count), limit("Bytes of the result", report.bytes, limits.bytes, bytes),
	]);
}

// limit is the bar of what is used of a limit; 0 is none.
export function limit(name, used, most, write) {
	if (!Number(most)) return { name, part: 0, whole: 0, value: write(used) + ", no limit", said: "not limited" };
	return { name, part: Number(used), whole: Number(most), limit: true, value: `${write(used)} of ${write(most)}`, said: share(used, most) + " of the limit" };
}

// spark draws the wait and the run of an execution on a line: whole is the
// longest of its list.
export function spark(waited, ran, whole) {
	const scale = 100 / Math.max(1, whole);
	return element("svg", { class: "bar spark", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": `waited ${micros(waited)}, ran ${micros(ran)}` },
		element("rect", { class: "rest", width: 100, height: 8 }), element("rect", { class: "wait", width: waited * scale, height: 8 }),
		element("rect", { class: "part", x: waited * scale, width: Math.max(0.75, ran * scale), height: 8 }));
}
