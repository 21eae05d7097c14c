// How an execution stands while it waits and runs, and then what came of it.

import { announce, button, element, fill } from "./dom.js";
import { call, get, Problem } from "./api.js";
import { against, phases } from "./pictures.js";
import { badge, between, count, finals, micros } from "./words.js";
import { kept, rowsOf } from "./rows.js";
import { problemBox } from "./problem.js";

// panel makes the panel of an execution of a task, which may be null where it is
// not there any more. may says whether this token may cancel, link whether there
// is to be one to the execution's own page. changed is told of each state that
// is seen.
export function panel(t, { may, link = true, signal, changed = () => {} }) {
	const head = element("div", { class: "state" }), outcome = element("div"), work = element("div", { class: "pictures" });
	const box = element("section", { class: "run", "aria-label": "Execution" }, head, outcome, work);
	let shown = "";
	const show = (e, note = "") => {
		changed(e);
		const running = !finals.includes(e.status);
		const clock = element("span", { class: "clock" }, elapsed(e));
		if (shown !== e.status + note) {
			announce(`${e.task}: ${e.status}`);
			shown = e.status + note;
			fill(head, badge(e.status), clock, note ? element("span", { class: "note" }, note) : null,
				link ? element("a", { href: "#/executions/" + encodeURIComponent(e.id) }, "Execution ", element("code", {}, e.id)) : null,
				running && may ? button("Cancel", (event) => cancel(e, event.currentTarget, outcome)) : null);
		} else {
			head.querySelector(".clock").replaceWith(clock);
		}
		return !running;
	};
	// follow watches an execution to its end, from how it stood first on.
	const follow = async (e) => {
		const path = "/v1/executions/" + encodeURIComponent(e.id);
		const clock = setInterval(() => { const c = head.querySelector(".clock"); if (c && !finals.includes(e.status)) c.textContent = elapsed(e); }, 250);
		try {
			while (!show(e)) e = await look(path, e, show, signal);
		} finally {
			clearInterval(clock);
		}
		await ended(e);
	};
	const ended = async (e) => {
		if (e.problem) fill(outcome, problemBox(new Problem(e.problem), t?.query));
		else if (!e.result) fill(outcome, affected(e.report?.rows_affected));
		else {
			fill(outcome, element("p", { class: "loading" }, "Loading rows…"));
			fill(outcome, await rowsOf(kept(e.id), signal).catch((error) => { if (signal.aborted) throw error; return problemBox(error); }));
		}
		if (e.report?.times_us) fill(work, phases(e.report), t ? against(e.report, t.limits) : null);
	};
	return { element: box, follow };
}

// look asks how an execution stands, until the server answers.
async function look(path, e, show, signal) {
	for (;;) {
		try {
			return await get(path + "?wait=1s", signal);
		} catch (error) {
			if (error.problem?.code !== "offline") throw error;
			show(e, "The server does not answer; asking again…");
			await new Promise((after) => setTimeout(after, 2000));
			signal.throwIfAborted();
		}
	}
}

async function cancel(e, pressed, outcome) {
	pressed.disabled = true;
	try {
		await call("DELETE", "/v1/executions/" + encodeURIComponent(e.id));
		announce("Cancelling…");
	} catch (error) {
		pressed.disabled = false;
		fill(outcome, problemBox(error));
	}
}

// affected says how many rows were changed.
export function affected(n = 0) {
	return element("p", { class: "affected" }, element("b", {}, count(n)), n === 1 ? " row changed" : " rows changed");
}

// elapsed says how long an execution has waited and run.
function elapsed(e) {
	const now = new Date();
	if (!e.started) return "waited " + micros(Math.max(0, between(e.accepted, e.ended ?? now)));
	return `waited ${micros(Math.max(0, between(e.accepted, e.started)))}, ran ${micros(Math.max(0, between(e.started, e.ended ?? now)))}`;
}
