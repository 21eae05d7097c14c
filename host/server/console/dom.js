// Elements of the page. Text is always a text node, never HTML, so nothing that
// comes from a database or a task can become markup.

const drawn = new Set(["svg", "g", "rect", "path", "circle", "line"]);

// element makes an element with attributes and children. An attribute that
// begins with "on" is a listener, true is one without a value, and false, null
// and undefined are none at all. Children are nodes, texts and lists of them.
export function element(name, attributes = {}, ...children) {
	const e = drawn.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
		else if (value === true) e.setAttribute(key, "");
		else if (value !== false && value != null) e.setAttribute(key, value);
	}
	fill(e, ...children);
	return e;
}

// fill replaces what is in an element.
export function fill(e, ...children) {
	e.replaceChildren(...children.flat(Infinity).filter((c) => c != null && c !== false));
	return e;
}

// button makes a button that does something.
export function button(label, act, attributes = {}) {
	return element("button", { type: "button", onclick: act, ...attributes }, label);
}

// spoken is text for a screen reader alone.
export function spoken(text) {
	return element("span", { class: "sr" }, text);
}

// sheet is a table that scrolls by itself, with the keyboard too. Columns are
// texts, or {label, class}.
export function sheet(label, columns, body, caption) {
	return element("div", { class: "sheet", tabindex: "0", role: "region", "aria-label": label },
		element("table", {}, caption ? element("caption", {}, caption) : null,
			element("thead", {}, element("tr", {}, columns.map((c) => element("th", { scope: "col", class: c.class }, c.label ?? c)))), body));
}

// empty says that there is nothing, and what to do about it.
export function empty(title, ...text) {
	return element("div", { class: "empty" }, element("p", { class: "title" }, title), element("p", {}, text));
}

let clearing;

// announce has a screen reader say what is new on the page.
export function announce(text) {
	tell(text, "sr");
}

// notify says something that is nowhere on the page: to a screen reader, and for
// some seconds to the eye.
export function notify(text) {
	tell(text, "");
}

function tell(text, kind) {
	const status = document.querySelector("#status");
	status.className = kind;
	status.textContent = text;
	clearTimeout(clearing);
	clearing = setTimeout(() => { status.textContent = ""; }, 6000);
}
