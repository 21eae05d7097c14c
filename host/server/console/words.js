// How numbers, times and statuses are written.

import { element } from "./dom.js";

const grouped = new Intl.NumberFormat("en");
const rounded = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// count writes a whole number with its thousands apart.
export function count(n) {
	if (n === undefined || n === null) return "";
	return grouped.format(typeof n === "number" ? n : BigInt(String(n)));
}

// about writes a large number in short: 5 G.
export function about(n) {
	return scaled(Number(n), 1000, ["", " k", " M", " G", " T", " P"]);
}

// bytes writes a size.
export function bytes(n) {
	return scaled(Number(n), 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
}

function scaled(n, base, units) {
	let unit = 0;
	for (; Math.abs(n) >= base && unit < units.length - 1; unit++) n /= base;
	return rounded.format(n) + units[unit];
}

// micros writes a duration of so many microseconds.
export function micros(us) {
	if (us < 1000) return rounded.format(us) + " µs";
	if (us < 1e6) return rounded.format(us / 1e3) + " ms";
	if (us < 60e6) return rounded.format(us / 1e6) + " s";
	const s = Math.round(us / 1e6);
	if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
	return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
}

// share writes a part of a whole.
export function share(part, whole) {
	const percent = (100 * Number(part)) / Number(whole);
	return (percent > 0 && percent < 0.1 ? "under 0.1" : rounded.format(percent)) + " %";
}

// when is a time: as it was here, and how long ago.
export function when(text) {
	const at = new Date(text);
	return element("time", { datetime: text, title: at.toISOString() }, at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
}

// recent is a time in short.
export function recent(text) {
	const at = new Date(text), s = Math.round((at - Date.now()) / 1000);
	const said = s > -60 ? "just now" : s > -3600 ? ago.format(Math.ceil(s / 60), "minute") : s > -86400 ? ago.format(Math.ceil(s / 3600), "hour")
		: at.toLocaleDateString(undefined, { dateStyle: "medium" });
	return element("time", { datetime: text, title: at.toLocaleString() }, said);
}

// between is how many microseconds lie between two times.
export function between(from, to) {
	return (new Date(to) - new Date(from)) * 1000;
}

const marks = {
	queued: "M8 4v4l3 2", running: "M8 2a6 6 0 0 1 6 6", committing: "M8 2a6 6 0 0 1 6 6", succeeded: "M4 8.5l2.7 2.7L12 5.5",
	failed: "M5 5l6 6M11 5l-6 6", canceled: "M4.5 8h7", unknown: "M6 6a2 2 0 1 1 3 1.8c-.7.4-1 .8-1 1.7M8 12v.1",
};

// finals are the statuses that do not change.
export const finals = ["succeeded", "failed", "canceled", "unknown"];

// badge is a status: a mark, a colour and its word.
export function badge(status, word = status) {
	return element("span", { class: "badge " + status },
		element("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" },
			element("circle", { cx: 8, cy: 8, r: 6.5 }), element("path", { d: marks[status] ?? marks.unknown })), word);
}

// returns says what a task returns.
export function returns(t) {
	if (t.outputs.mode === "none") return "no rows: it changes them";
	if (t.outputs.mode === "any") return "whatever the query returns";
	const names = t.outputs.columns.map((c) => c.name);
	return names.length > 4 ? names.slice(0, 4).join(", ") + ` and ${names.length - 4} more` : names.join(", ");
}
