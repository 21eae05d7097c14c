// The console of wasmsql: what a tenant can do over the API, for people. Here
// is which view an address stands for; each view is a file of its own.

import { button, element, fill, notify } from "./dom.js";
import { execution, executions } from "./executions.js";
import { get, refused, token } from "./api.js";
import { audit } from "./audit.js";
import { limits } from "./limits.js";
import { problemBox } from "./problem.js";
import { signIn } from "./signin.js";
import { task } from "./task.js";
import { tasks } from "./tasks.js";

const main = document.querySelector("#main");
const nav = document.querySelector("nav");
const session = document.querySelector(".session");

const slow = 200; // milliseconds until a view that is not there yet says so

// views are those of an address #/name and of #/name/id.
const views = { tasks: [tasks, task], executions: [executions, execution], limits: [limits], audit: [audit] };

let tenant = null;
let leaving = new AbortController(); // ends what the view that is shown still does

// show fills the page and puts the focus on its title, which a screen reader
// then says.
function show(title, ...content) {
	const heading = element("h1", { tabindex: "-1" }, title);
	document.title = heading.textContent + " · wasmsql";
	main.removeAttribute("aria-busy");
	fill(main, heading, ...content);
	heading.focus({ preventScroll: true });
	scrollTo(0, 0);
}

// route shows the view of the address.
async function route() {
	leaving.abort();
	leaving = new AbortController();
	const { signal } = leaving;
	const [path, query] = (location.hash.slice(1) || "/tasks").split("?");
	const [, section, id] = path.split("/").map(decoded);
	for (const a of nav.querySelectorAll("a")) {
		if (a.getAttribute("href") === "#/" + section) a.setAttribute("aria-current", "page");
		else a.removeAttribute("aria-current");
	}
	const view = views[section]?.[id ? 1 : 0];
	if (!view) {
		show("There is nothing here", element("p", {}, "See the ", element("a", { href: "#/tasks" }, "tasks"), "."));
		return;
	}
	const waiting = setTimeout(() => {
		main.setAttribute("aria-busy", "true");
		fill(main, element("p", { class: "loading" }, "Loading…"));
	}, slow);
	const shown = (...all) => {
		clearTimeout(waiting);
		if (!signal.aborted) show(...all);
	};
	try {
		await view(id, { tenant, params: new URLSearchParams(query), signal, show: shown });
	} catch (error) {
		if (!signal.aborted && token.has()) shown("That did not work", problemBox(error), element("div", { class: "actions" },
			error.problem?.code === "not_found" ? element("a", { href: "#/" + section }, "All " + section) : button("Try again", route)));
	}
	clearTimeout(waiting);
}

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

// enter begins with the token that is kept.
async function enter() {
	tenant = await get("/v1/tenant");
	document.querySelector("#tenant").textContent = tenant.name;
	document.querySelector("#role").textContent = tenant.role;
	nav.hidden = session.hidden = false;
	nav.querySelector('[href="#/audit"]').hidden = tenant.role !== "operate";
	await route();
}

// leave forgets the token and asks for another one. The address stays: the same
// view is shown afterwards.
function leave(problem) {
	leaving.abort();
	token.drop();
	tenant = null;
	nav.hidden = session.hidden = true;
	signIn(problem, { show, enter });
}

refused.addEventListener("token", (event) => { if (tenant) leave(event.detail); });
document.querySelector("#leave").addEventListener("click", () => {
	leave();
	notify("Signed out");
});
document.querySelector(".skip").addEventListener("click", (event) => { // its address would be taken for a view
	event.preventDefault();
	main.focus();
});
addEventListener("hashchange", () => { if (tenant) route(); });

// begin enters with a token that a reload has left.
async function begin() {
	try {
		await enter();
	} catch (error) {
		if (!token.has()) leave(error.problem);
		else show("That did not work", problemBox(error), element("div", { class: "actions" }, button("Try again", begin)));
	}
}

if (token.has()) begin();
else leave();
