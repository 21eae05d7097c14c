// Requests to the server that the console comes from, and the token that they
// are made with.
//
// The token is kept in sessionStorage: it outlives a reload, is not seen by
// other tabs, is gone with this one, and no browser sends it by itself, so no
// other site can use it. It is never in a URL, which histories and logs keep.

import { read } from "./exact.js";

const key = "wasmsql.token";

// token is that of this tab. An empty one stands for a certificate that the
// browser shows by itself.
export const token = {
	has: () => sessionStorage.getItem(key) !== null,
	get: () => sessionStorage.getItem(key),
	keep: (text) => sessionStorage.setItem(key, text),
	drop: () => sessionStorage.removeItem(key),
};

// Problem is an answer that says what went wrong, as RFC 9457 has it.
export class Problem extends Error {
	constructor(problem) {
		super(problem.detail);
		this.problem = problem;
	}
}

// refused is told of answers that the token is not accepted any more.
export const refused = new EventTarget();

// call sends a request and returns its answer; one that is no success is thrown
// as a Problem.
export async function call(method, path, { body, accept = "application/json", signal } = {}) {
	const headers = { Accept: accept };
	if (token.get()) headers.Authorization = "Bearer " + token.get();
	if (body !== undefined) headers["Content-Type"] = "application/json";
	let answer;
	try {
		answer = await fetch(path, { method, headers, body, signal });
	} catch (error) {
		if (signal?.aborted) throw error;
		throw new Problem({ code: "offline", detail: "the server does not answer", hint: "see whether it runs, then try again" });
	}
	if (answer.ok) return answer;
	const problem = await explanation(answer);
	if (answer.status === 401 && token.has()) {
		token.drop();
		refused.dispatchEvent(new CustomEvent("token", { detail: problem }));
	}
	throw new Problem(problem);
}

async function explanation(answer) {
	try {
		return read(await answer.text());
	} catch {
		return { code: "internal", detail: "the server answered with status " + answer.status, hint: "is there a proxy between it and this browser?" };
	}
}

// get reads JSON.
export async function get(path, signal) {
	return read(await whole(await call("GET", path, { signal }), (a) => a.text(), signal));
}

// whole reads the body of an answer to its end.
export async function whole(answer, how, signal) {
	try {
		return await how(answer);
	} catch (error) {
		if (signal?.aborted) throw error;
		throw new Problem({ code: "output", detail: "the answer was cut off before its end", hint: "what arrived is not used: try again" });
	}
}

// formats are what rows can be had as.
export const formats = {
	CSV: { accept: "text/csv", ending: "csv" },
	JSON: { accept: "application/json", ending: "json" },
	Arrow: { accept: "application/vnd.apache.arrow.stream", ending: "arrow" },
	Parquet: { accept: "application/vnd.apache.parquet", ending: "parquet" },
};

// save hands a blob to the browser's downloads.
export function save(name, blob) {
	const url = URL.createObjectURL(blob);
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
