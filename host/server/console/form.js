// The form of a task's inputs.

import { announce, element } from "./dom.js";
import { field } from "./fields.js";
import { write } from "./exact.js";

// form makes the form of a task. act is called when it is sent. Actions are
// what stands at its end.
export function form(t, act, ...actions) {
	const required = t.inputs.required ?? [];
	const fields = Object.entries(t.inputs.properties).map(([name, schema]) => field(name, schema, required.includes(name)));
	const e = element("form", { class: "card", "aria-label": "Inputs", novalidate: true,
		onsubmit: (event) => { event.preventDefault(); act(); },
		onkeydown: (event) => {
			if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
			event.preventDefault();
			act();
		} },
	element("h2", {}, "Inputs"),
	fields.length ? fields.map((f) => f.element) : element("p", { class: "note" }, "This task has none."),
	element("div", { class: "actions" }, actions));
	const attend = (wrong) => {
		wrong[0].focus();
		announce(wrong.length === 1 ? "1 input is not right" : wrong.length + " inputs are not right");
	};
	return {
		element: e,
		// inputs returns them as JSON, or undefined where some are wrong: the fields
		// then say so.
		inputs() {
			const values = Object.create(null), wrong = []; // an input may be called __proto__
			for (const f of fields) {
				const v = f.read();
				if (v === undefined) wrong.push(f);
				else values[f.name] = v;
			}
			if (wrong.length === 0) return write(values);
			attend(wrong);
		},
		// takes shows a problem at the fields that it is about. It returns false
		// where a part of it is about none.
		takes(problem) {
			const faults = problem.errors ?? [problem];
			const wrong = faults.map((e) => fields.find((f) => f.name === e.input));
			if (wrong.includes(undefined)) return false;
			faults.forEach((e, i) => wrong[i].says(sentence(e.detail.replace(/^input "[^"]*":? /, "")), e.hint));
			attend(fields.filter((f) => wrong.includes(f)));
			return true;
		},
	};
}

function sentence(text) {
	return text[0].toUpperCase() + text.slice(1) + ".";
}
