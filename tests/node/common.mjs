// What the programs of this directory share: TAP, waiting with a deadline,
// and the npm packages, which are not in the source tree but in a directory
// that the caller names (--npm DIR; tests/lib/npm.sh fills it).
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";

export const WAIT_MS = 1000 * Number(process.env.WAIT ?? 40);

// --- TAP ---

let count = 0;
let failed = 0;
let prefix = "";

export function context(text) {
	prefix = text ? `${text}: ` : "";
}

export function note(text) {
	for (const line of String(text).split("\n"))
		console.log(`# ${line}`);
}

export function ok(condition, name, ...notes) {
	count++;
	if (!condition)
		failed++;
	console.log(`${condition ? "ok" : "not ok"} ${count} - ${prefix}${name}`);
	if (!condition)
		notes.forEach(note);
	return Boolean(condition);
}

export function is(got, want, name) {
	return ok(isDeepStrictEqual(got, want), name,
		`     got: ${JSON.stringify(got)}`,
		`expected: ${JSON.stringify(want)}`);
}

export function like(got, pattern, name) {
	return ok(pattern.test(String(got)), name,
		`     got: ${JSON.stringify(got)}`, `expected: ${pattern}`);
}

// What throws inside is one failed test, and the program goes on.
export async function section(name, fn) {
	const start = performance.now();
	try {
		await fn();
		note(`${prefix}${name}: ${Math.round(performance.now() - start)} ms`);
	} catch (error) {
		ok(false, `${name} ran to its end`, error?.stack ?? error);
	}
}

export function done() {
	console.log(`1..${count}`);
	process.exit(failed ? 1 : 0);
}

// --- waiting ---

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

// Until fn gives something true, which is returned; undefined is a timeout.
export async function until(fn, ms = WAIT_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await fn();
		if (value)
			return value;
		if (Date.now() >= end)
			return undefined;
		await sleep(10);
	}
}

// What a promise gives, or a throw when the time is over.
export async function within(promise, what, ms = WAIT_MS) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(
			new Error(`${what}: nothing after ${ms} ms`)), ms);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

// --- arguments and packages ---

// Options by name, and the other words as "words".
export function options(more = {}) {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			npm: { type: "string" },
			url: { type: "string", default: "http://localhost" },
			unix: { type: "string" },
			token: { type: "string" },
			...more,
		},
	});
	return { ...values, words: positionals };
}

// A package's main file: by its manifest, since some export only "import".
export async function packageOf(npm, name) {
	const dir = join(npm, "node_modules", name);
	const manifest = JSON.parse(readFileSync(join(dir, "package.json")));
	const main = join(dir, manifest.main ?? "index.js");
	if (manifest.type === "module")
		return import(pathToFileURL(main).href);
	return createRequire(join(npm, "x.js"))(main);
}

// fetch and WebSocket for a server: the global fetch and the package ws; over
// a Unix socket, undici's fetch with a dispatcher, and ws on that socket.
export async function transport({ npm, unix }) {
	const WS = await packageOf(npm, "ws");
	if (!unix)
		return { fetch: globalThis.fetch, WebSocket: WS };
	const undici = await packageOf(npm, "undici");
	const dispatcher = new undici.Agent({
		connect: { socketPath: unix }, bodyTimeout: 0,
	});
	return {
		fetch: (input, init) => undici.fetch(input, { ...init, dispatcher }),
		WebSocket: class extends WS {
			constructor(url, protocols, opts) {
				super(url, protocols, {
					...opts,
					createConnection: () => createConnection(unix),
				});
			}
		},
	};
}

// --- bytes ---

export const base64 = (data) => Buffer.from(data).toString("base64");

export function bytesOf(entries) {
	return Buffer.concat(entries.map((e) => Buffer.from(e.data, "base64")));
}

export const textOf = (entries) => bytesOf(entries).toString();

// Every event of an SSE response as {event, id, data}, as the SDK would not
// show them: all names, comments left out.
export async function* eventsOf(response) {
	let text = "";
	const decoder = new TextDecoder();
	for await (const piece of response.body) {
		text += decoder.decode(piece, { stream: true });
		let end;
		while ((end = text.indexOf("\n\n")) !== -1) {
			const event = { event: "message", id: undefined, data: "" };
			for (const line of text.slice(0, end).split("\n")) {
				const colon = line.indexOf(":");
				if (colon > 0)
					event[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
			}
			text = text.slice(end + 2);
			if (event.data)
				yield { ...event, data: JSON.parse(event.data) };
		}
	}
}
