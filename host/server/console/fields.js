// The fields of a form, one for each input of a task, made from its JSON
// Schema. What a field shows is what is sent: a default is filled in.

import { element, fill, spoken } from "./dom.js";
import { Literal, read as readJSON, write } from "./exact.js";

// Wrong is thrown for what cannot be a value of the input's type.
class Wrong extends Error {}

// typeOf reads a type as a task file writes it: int, str?, list[date].
export function typeOf(text) {
	const nullable = text.endsWith("?");
	if (nullable) text = text.slice(0, -1);
	const elem = text.startsWith("list[") ? typeOf(text.slice(5, -1)) : undefined;
	return { kind: elem ? "list" : text, nullable, elem };
}

const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

// kinds say how a type is written in a field, and what its JSON is. Checks
// that JavaScript cannot make exactly are left to the server.
const kinds = {
	int: {
		input: { inputmode: "numeric" }, example: "42",
		read: (text) => {
			if (!/^[-+]?\d+$/.test(text)) throw new Wrong("Write a whole number, such as 42.");
			return new Literal(BigInt(text.replace("+", "")).toString());
		},
	},
	float: {
		input: { inputmode: "decimal" }, example: "0.5",
		read: (text) => {
			if (number.test(text)) return new Literal(text);
			if (/^[-+]?(inf|infinity|nan)$/i.test(text)) return text;
			if (!Number.isFinite(Number(text))) throw new Wrong("Write a number, such as 0.5, or inf, -inf or nan.");
			return Number(text);
		},
	},
	decimal: { input: { inputmode: "decimal" }, example: "12.50" },
	datetime: { input: { type: "datetime-local", step: "1" }, note: "in UTC", show: (text) => text.replace(/Z$/, ""), read: (text) => (/(Z|[-+]\d\d:?\d\d)$/i.test(text) ? text : text + "Z") },
	date: { input: { type: "date" } },
	time: { input: { type: "time", step: "1" } },
	timedelta: { example: "1h30m or P1DT2H" },
	uuid: { example: "123e4567-e89b-12d3-a456-426614174000" },
	bytes: { example: "text, hex:00ff or base64:AP8=" },
	str: { area: true, verbatim: true },
	json: { area: true, code: true, example: '{"a": 1}', read: json },
	list: { area: true, code: true },
};

function json(text) {
	try {
		readJSON(text);
	} catch (error) {
		throw new Wrong("That is not JSON: " + error.message + ".");
	}
	return new Literal(text);
}

// valueOf returns the value that a text is.
function valueOf(type, text) {
	const kind = kinds[type.kind] ?? {};
	if (type.kind === "list") return list(type.elem, text);
	if (!kind.verbatim) text = text.trim();
	return kind.read ? kind.read(text) : text;
}

// list reads a list: JSON, or an item a line.
function list(elem, text) {
	const json = text.trim();
	if (json.startsWith("[")) return kinds.json.read(json);
	if (elem.kind === "list" || elem.kind === "json") {
		if (json !== "") throw new Wrong("Write the list as JSON, such as [1, 2].");
		return [];
	}
	const lines = text.replace(/\n$/, "").split("\n");
	if (lines.length === 1 && json === "") return [];
	return lines.map((line, i) => {
		if (elem.nullable && line.trim() === "null") return null;
		if (elem.kind === "bool" && /^(true|false)$/.test(line.trim())) return line.trim() === "true";
		try {
			return valueOf(elem, line);
		} catch (error) {
			throw new Wrong(`Line ${i + 1}: ${error.message}`);
		}
	});
}

// shown is a default as the field shows it.
function shown(type, value) {
	if (value === undefined || (value === null && (type.nullable || type.kind !== "json"))) return "";
	if (type.kind === "json") return write(value);
	if (type.kind === "list") {
		const plain = type.elem.kind !== "json" && value.every((v) => v !== null && typeof v !== "object" || v instanceof Literal) && !value.some((v) => /\n|^\s*\[|^null$/.test(String(v)) || v === "");
		return plain ? value.map(String).join("\n") : write(value);
	}
	if (typeof value === "object" && !(value instanceof Literal)) return write(value);
	return (kinds[type.kind]?.show ?? String)(String(value));
}

// control makes what is typed into.
function control(type, schema, attributes) {
	const given = shown(type, schema.default);
	if (schema.enum || type.kind === "bool") return select(schema.enum ?? [true, false], schema.default, attributes);
	const kind = kinds[type.kind] ?? {};
	const example = type.kind === "list" ? null : kind.example;
	const all = { ...attributes, autocomplete: "off", spellcheck: "false", placeholder: example };
	if (kind.area) return element("textarea", { ...all, rows: type.kind === "str" ? 1 : 3, class: kind.code ? "code" : null }, given);
	const input = element("input", { type: "text", ...all, ...kind.input });
	input.value = given;
	if (input.value === given) return input;
	const text = element("input", { type: "text", ...all }); // a picker that cannot show the default would change it
	text.value = given;
	return text;
}

function select(values, chosen, attributes) {
	const blank = chosen === undefined || chosen === null;
	return element("select", attributes, blank ? element("option", { value: "" }, "Choose…") : null,
		values.map((v) => element("option", { value: write(v), selected: !blank && write(v) === write(chosen) }, v !== null && typeof v === "object" ? write(v) : String(v))));
}

// field makes the field of an input.
export function field(name, schema, required) {
	const type = typeOf(schema["x-wasmsql-type"] ?? "json");
	const id = "input-" + name, notes = [];
	const note = [schema.description, kinds[type.kind]?.note, type.kind === "list" ? listNote(type.elem) : null].filter(Boolean).join("; ");
	if (note) notes.push(element("p", { class: "note", id: id + "-note" }, note));
	const fault = element("p", { class: "fault", id: id + "-fault", hidden: true });
	const input = control(type, schema, { id, name, "aria-describedby": [note ? id + "-note" : "", id + "-fault"].join(" ").trim(), "aria-required": required ? "true" : null });
	const marks = [];
	const mark = (word, checked) => {
		const box = element("input", { type: "checkbox", checked, onchange: () => { input.disabled = marks.some((m) => m.checked); says(); } });
		marks.push(box);
		notes.push(element("label", { class: "mark" }, box, word, spoken(" for " + name)));
		return box;
	};
	const says = (text = "", hint = "") => {
		fill(fault, text, hint ? element("span", { class: "next" }, " Next: " + hint) : null);
		fault.hidden = text === "";
		if (text) input.setAttribute("aria-invalid", "true");
		else input.removeAttribute("aria-invalid");
	};
	const isNull = type.nullable ? mark("null", schema.default === null) : null;
	const isEmpty = type.kind === "str" && !schema.enum && schema.default === undefined ? mark("the empty text", false) : null;
	input.disabled = marks.some((m) => m.checked);
	input.addEventListener("input", () => says());
	const read = () => {
		if (isNull?.checked) return null;
		if (isEmpty?.checked) return "";
		const text = input.value;
		if (schema.enum || type.kind === "bool") {
			if (text === "") throw new Wrong("Choose a value.");
			return readJSON(text);
		}
		if (text === "" && type.kind !== "list" && !(type.kind === "str" && schema.default !== undefined)) throw new Wrong("A value is needed.");
		return valueOf(type, text);
	};
	return {
		name,
		element: element("div", { class: "field" },
			element("label", { for: id }, name, " ", element("span", { class: "type" }, schema["x-wasmsql-type"] ?? "json"), required ? null : element("span", { class: "note" }, " · optional")),
			input, notes, fault),
		says,
		focus: () => input.focus(),
		// read returns the value, or says at the field why there is none and returns
		// undefined.
		read: () => {
			says();
			try {
				return read();
			} catch (error) {
				if (!(error instanceof Wrong)) throw error;
				says(error.message);
			}
		},
	};
}

function listNote(elem) {
	return elem.kind === "list" || elem.kind === "json" ? "as JSON" : "one a line, or as JSON";
}
