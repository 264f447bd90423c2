// A terminal in a browser: xterm.js in headless Chromium, attached to sbx
// serve, shows what sbx's own screen shows, whatever happens between.
//
//	browser.mjs --npm DIR --url URL --token T --sbx PATH --dir DIR
//
// Starts "sbx serve" itself, since it ends it in the middle.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import {
	done, is, note, ok, options, packageOf, section, until,
} from "./common.mjs";
import { Server, sbxJson } from "./server.mjs";

const opts = options({ sbx: { type: "string" }, dir: { type: "string" } });
const { SandboxAgent } = await packageOf(opts.npm, "sandbox-agent");
const { host, port } = new URL(opts.url);
const server = new Server(opts, "--token-file", join(opts.dir, "token"));

const read = (path) => readFileSync(path, "utf8");
const xterm = join(opts.npm, "node_modules/@xterm/xterm");
const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const files = {
	"/page/terminal.html": { type: "text/html", body: read(join(here, "terminal.html")) },
	"/page/xterm.js": { type: "text/javascript", body: read(join(xterm, "lib/xterm.js")) },
	"/page/xterm.css": { type: "text/css", body: read(join(xterm, "css/xterm.css")) },
	"/page/empty.html": { type: "text/html", body: "<!doctype html><title>x</title>" },
};

await server.start();
const sdk = await SandboxAgent.connect({ baseUrl: opts.url, token: opts.token });
const browser = await launch({ dir: join(opts.dir, "chromium"), files,
	hosts: "MAP rebound.test 127.0.0.1" });

// The name by which sbx knows a process.
async function nameOf({ pid }) {
	const { processes } = await sbxJson(opts.sbx, "ls");
	return processes.find((p) => p.pid === pid).name;
}

async function sbxScreen(name) {
	const { rows, cols, cursor, alternate, lines } =
		await sbxJson(opts.sbx, "screen", name);
	return { rows, cols, cursor: { row: cursor.row, col: cursor.col }, alternate,
		lines: lines.map((line) => line.trimEnd()) };
}

// A page with a terminal of its own and what a person does with it.
async function open(process) {
	const { id } = process;
	const name = await nameOf(process);
	const tab = await browser.open(`${opts.url}/page/terminal.html?id=${id}` +
		`&token=${encodeURIComponent(opts.token)}`);
	const screen = () => tab.evaluate("page.screen()");
	const has = async (pattern, what) => {
		const found = await until(async () =>
			pattern.test((await screen()).lines.join("\n")));
		ok(found, what, JSON.stringify(await screen(), null, 1));
	};
	// Both are asked until they agree: bytes may be on their way.
	const same = async (what) => {
		let pair;
		const equal = await until(async () => {
			pair = [await screen(), await sbxScreen(name)];
			return JSON.stringify(pair[0]) === JSON.stringify(pair[1]);
		});
		ok(equal, what, "page:", JSON.stringify(pair[0], null, 1),
			"sbx screen:", JSON.stringify(pair[1], null, 1));
	};
	return {
		...tab, screen, has, same,
		enter: () => tab.key("Enter", "Enter", 13, { text: "\r" }),
		escape: () => tab.key("Escape", "Escape", 27),
		up: () => tab.key("ArrowUp", "ArrowUp", 38),
		resize: (cols, rows) => tab.evaluate(`page.term.resize(${cols}, ${rows})`),
		readies: () => tab.evaluate("page.readies"),
	};
}

const shell = await sdk.createProcess({
	command: "bash", args: ["--norc", "--noprofile", "-i"], cwd: opts.dir,
	env: { PS1: "$ ", HISTFILE: "", TERM: "xterm-256color" },
	tty: true, interactive: true,
});
const page = await open(shell);

await section("shell", async () => {
	await page.has(/^\$ *$/m, "a prompt");
	await page.type("echo typed $((40 + 2))");
	await page.enter();
	await page.has(/^typed 42$/m, "what is typed is run");
	await page.same("the page shows what sbx shows");
	await page.type("printf 'w\u00f6rld \u6f22\u5b57 e\\xcc\\x81 \\033[1;31mred\\033[m|\\n'");
	await page.enter();
	await page.has(/^w\u00f6rld \u6f22\u5b57 .* red\|$/m, "wide characters, combined ones, colours");
	await page.same("the same there");
	await page.type("seq 100");
	await page.enter();
	await page.has(/^100\n\$ *$/m, "it scrolls");
	await page.same("the same after that");
	await page.up();
	await page.has(/^\$ seq 100 *$/m, "a key that is no character");
	await page.key("c", "KeyC", 67, { modifiers: 2, text: "\x03" });
	await page.same("the same with a line taken back");
});

await section("resize", async () => {
	await page.resize(101, 31);
	await page.type("stty size");
	await page.enter();
	await page.has(/^31 101$/m, "the process has the size of the page");
	await page.same("the same at another size");
	await page.resize(60, 15);
	await page.type("stty size");
	await page.enter();
	await page.has(/^15 60$/m, "and again");
	await page.same("the same at a small one");
	await page.resize(80, 24);
});

// vim asks the terminal many things at its start: an answer that came twice
// would be typed into the text.
await section("vim", async () => {
	await page.type("clear; vim -u NONE -N -c 'set ttimeout ttimeoutlen=50' text");
	await page.enter();
	await page.has(/^~$/m, "vim is there");
	await page.has(/"text" \[New/, "with its message");
	await page.same("the same in vim");
	await page.type("ione w\u00f6rd");
	await page.enter();
	await page.type("two words");
	await page.escape();
	await page.type("kAX");
	await page.escape();
	await page.has(/^one w\u00f6rdX\ntwo words\n~/m, "its text");
	await page.same("the same with text");
	await page.resize(100, 30);
	await page.has(/(~\n){26}/, "vim follows a new size");
	await page.same("the same then");
	await page.type(":syntax on | set hlsearch | /wo");
	await page.enter();
	await page.same("the same with colours");

	const before = await page.readies();
	await server.end("SIGKILL");
	await page.type("lost");
	await server.start();
	ok(await until(async () => await page.readies() > before),
		"a connection that was lost is made again");
	await page.has(/^one w\u00f6rdX\ntwo words\n~/m, "vim is still there");
	await page.same("the same after that");
	await page.type("Gothree");
	await page.escape();
	await page.type(":wq");
	await page.enter();
	await page.has(/^\$ *$/m, "vim ends");
	await page.same("what was there before vim is there again");
	is(read(join(opts.dir, "text")), "one w\u00f6rdX\ntwo words\nthree\n",
		"the text is what was typed, no more");
	await page.resize(80, 24);
});

await section("away", async () => {
	await page.type("clear; until [ -e go ]; do sleep 0.1; done; seq 200; echo w\u00f6rds; touch went");
	await page.enter();
	await page.same("the same before it is lost");
	const before = await page.readies();
	await server.end("SIGKILL");
	writeFileSync(join(opts.dir, "go"), "");
	ok(await until(() => existsSync(join(opts.dir, "went"))), "the process goes on while nobody is there");
	await server.start();
	ok(await until(async () => await page.readies() > before), "the page is back");
	await page.has(/^200\nw\u00f6rds\n\$ *$/m, "with what was said in between");
	await page.same("the same then");
	await page.type("echo typed again");
	await page.enter();
	await page.has(/^typed again$/m, "and typing works");
	await page.same("and it stays the same");
});

await section("two pages", async () => {
	const other = await open(shell);
	await other.has(/^typed again$/m, "a second page shows what is there");
	await other.type("echo from the other");
	await other.enter();
	await page.has(/^from the other$/m, "the first sees what the second does");
	await other.same("the second is the same");
	await page.same("and so is the first");
	await other.close();
});

await section("exit", async () => {
	await page.type("exit 7");
	await page.enter();
	is((await until(() => page.evaluate("page.exit")))?.exitCode, 7, "the page sees the exit");
	is(await page.evaluate("page.errors"), [], "and there was no error frame");
});

// --- other pages ---

// Who has the token may come from anywhere; without one pages are told apart.
await server.end();
const open_ = new Server(opts);
await open_.start();
const guarded = await sdk.createProcess({ command: "sleep", args: ["1000"], tty: true });

// Whether a WebSocket from where the tab is gets open.
const connects = (tab, url) => tab.evaluate(`new Promise((resolve) => {
	const socket = new WebSocket(${JSON.stringify(url)});
	socket.onopen = () => resolve(true);
	socket.onerror = () => resolve(false);
})`);

function status(method, path, headers) {
	return new Promise((resolve, reject) => {
		const sent = request({ host: "127.0.0.1", port, method, path, headers },
			(response) => {
				response.resume();
				resolve(response.statusCode);
			});
		sent.on("error", reject).end();
	});
}

await section("other pages", async () => {
	const path = `/v1/processes/${guarded.id}/terminal/ws`;
	const own = await browser.open(`${opts.url}/page/empty.html`);
	ok(await connects(own, `ws://${host}${path}`), "a page of its own is let in");
	const foreign = await browser.open("http://foreign.test/page/empty.html");
	ok(!await connects(foreign, `ws://${host}${path}`), "one of another origin is not");
	const rebound = await browser.open(`http://rebound.test:${port}/page/empty.html`);
	ok(!await connects(rebound, `ws://rebound.test:${port}${path}`),
		"nor one whose name leads here");

	// The same without a browser between, which might refuse by itself.
	const stop = `/v1/processes/${guarded.id}/stop`;
	is(await status("GET", "/v1/processes", {}), 200, "no origin is let in");
	is(await status("GET", "/v1/processes", { origin: opts.url }), 200, "its own, too");
	for (const [name, headers] of [
		["a foreign origin", { origin: "http://foreign.test" }],
		["no known origin", { origin: "null" }],
		["another port", { origin: `http://127.0.0.1:${Number(port) + 1}` }],
		["a foreign host", { host: `rebound.test:${port}` }],
	]) {
		is(await status("GET", "/v1/processes", headers), 403, `${name}: 403`);
		is(await status("POST", stop, headers), 403, `${name}: 403 for a POST`);
	}
	is((await sdk.getProcess(guarded.id)).status, "running", "nothing was stopped");
});

await browser.close().catch((error) => {
	note(error);
	browser.kill();
});
await open_.end();
done();
