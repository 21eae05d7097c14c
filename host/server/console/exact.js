// JSON whose numbers keep all of their digits: JavaScript's own reader makes
// 9007199254740992 out of 9007199254740993. Here a number that JavaScript would
// write differently stays the text that it was.

// Literal is a piece of JSON as it was written.
export class Literal {
	constructor(text) { this.text = text; }
	toString() { return this.text; }
}

const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

// read reads JSON. Numbers that JavaScript would change are Literals.
export function read(text) {
	const mark = "literal " + Math.random();
	const marked = text.replace(tokens, (t) =>
		t[0] === '"' || String(Number(t)) === t ? t : `{${JSON.stringify(mark)}:${JSON.stringify(wellFormed(t))}}`);
	return JSON.parse(marked, (_, value) =>
		value !== null && typeof value === "object" && Object.hasOwn(value, mark) ? new Literal(value[mark]) : value);
}

// wellFormed refuses what only looks like a number, as JSON.parse does.
function wellFormed(number) {
	JSON.parse(number);
	return number;
}

// write writes a value as JSON, Literals as they are.
export function write(value) {
	if (value instanceof Literal) return value.text;
	if (Array.isArray(value)) return "[" + value.map(write).join(",") + "]";
	if (value !== null && typeof value === "object") {
		return "{" + Object.entries(value).map(([k, v]) => JSON.stringify(k) + ":" + write(v)).join(",") + "}";
	}
	return JSON.stringify(value);
}
