// Asking for the token.

import { button, element, fill } from "./dom.js";
import { problemBox } from "./problem.js";
import { token } from "./api.js";

// inWords says what a refused token means to who typed it: the server speaks of
// requests. An empty one is a certificate.
function inWords(problem, text) {
	if (problem?.code !== "unauthorized") return problem;
	return text === "" ? {
		code: problem.code, detail: "this browser shows no certificate that the server takes for someone",
		hint: "install the one that you were given, or sign in with a token",
	} : {
		code: problem.code, detail: "the server does not know this token: it is mistyped, revoked or has expired",
		hint: "see that it was copied whole, or ask for a new one",
	};
}

// signIn shows the form for the token; enter is called when one was given, and
// throws where it is not accepted. A problem says why the last one is not.
export function signIn(problem, { show, enter }) {
	const box = element("div", {}, problem ? problemBox({ problem: inWords(problem) }) : null);
	const input = element("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": "token-note", "aria-required": "true" });
	const send = element("button", { class: "main" }, "Sign in");
	const certificate = button("Use this browser's certificate", () => enterWith("", certificate));
	const enterWith = async (text, pressed) => {
		pressed.setAttribute("aria-busy", "true");
		token.keep(text);
		try {
			await enter();
		} catch (error) {
			token.drop();
			fill(box, problemBox({ problem: inWords(error.problem, text) }));
			input.setAttribute("aria-invalid", "true");
			input.focus();
		}
		pressed.removeAttribute("aria-busy");
	};
	const form = element("form", { class: "card", "aria-label": "Sign in", novalidate: true, onsubmit: (event) => {
		event.preventDefault();
		const text = input.value.trim();
		if (text === "") {
			fill(box, problemBox({ problem: { code: "unauthorized", detail: "there is no token in the field", hint: "paste the one that you were given" } }));
			input.focus();
			return;
		}
		enterWith(text, send);
	} },
	element("div", { class: "field" }, element("label", { for: "token" }, "Token"), input,
		element("p", { class: "note", id: "token-note" }, "It is kept in this tab until you close it or sign out, and sent to this server only.")),
	box, element("div", { class: "actions" }, send, location.protocol === "https:" ? certificate : null),
	element("details", {}, element("summary", {}, "Where do I get one?"),
		element("p", { class: "note" }, "Who runs this server makes it, and it is printed once:"), element("pre", { tabindex: "0", role: "region", "aria-label": "Command" }, "wasmsql token create --tenants DIR TENANT --role run"),
		element("p", { class: "note" }, element("code", {}, "wasmsql serve --dev"), " prints one when it starts.")));
	show("Sign in", element("div", { class: "narrow" }, form));
	input.focus();
}
