// Every operation of the process API, driven through the npm package
// sandbox-agent as it is published.  What the package hides (status codes of
// requests that it never makes, names of events, frames) goes through plain
// fetch and ws.
//
//	sdk.mjs --npm DIR --url URL [--unix PATH] [--token T] [--original]
//
// --original is for the published server, as a check of this program: it
// leaves out what is promised beyond it, and what it is known to lose.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	base64, bytesOf, done, eventsOf, is, like, ok, options, packageOf, section,
	textOf, transport, until, within,
} from "./common.mjs";

const opts = options({ original: { type: "boolean", default: false } });
const { SandboxAgent, SandboxAgentError } =
	await packageOf(opts.npm, "sandbox-agent");
const { fetch, WebSocket } = await transport(opts);
const beyond = !opts.original;
const connectOptions = {
	baseUrl: opts.url, token: opts.token, fetch,
	waitForHealth: { timeoutMs: 30000 },
};
const sdk = await SandboxAgent.connect(connectOptions);

const sh = (script, more) => ({ command: "sh", args: ["-c", script], ...more });
const create = (script, more) => sdk.createProcess(sh(script, more));
const isExited = async (id) => (await sdk.getProcess(id)).status === "exited";

async function exited(id) {
	ok(await until(() => isExited(id)), `${id} ends`);
	return sdk.getProcess(id);
}

// The record must go with the test that made it: later ones count records.
async function forget(...ids) {
	for (const id of ids) {
		await sdk.killProcess(id, { waitMs: 20000 });
		await sdk.deleteProcess(id);
	}
}

// An error of the SDK: its status, and the problem's title and detail.
async function refused(name, promise, status, title, detail) {
	let error;
	try {
		await promise;
	} catch (e) {
		error = e;
	}
	if (!ok(error instanceof SandboxAgentError, `${name} is refused`, error))
		return;
	is(error.status, status, `${name}: ${status}`);
	if (!title) {
		is(error.problem, undefined, `${name}: no problem document`);
		return;
	}
	is(error.problem?.title, title, `${name}: ${title}`);
	is(error.problem?.status, status, `${name}: its document says so too`);
	if (detail)
		like(error.problem?.detail, detail, `${name}: says why`);
	like(error.response.headers.get("content-type"),
		/^application\/problem\+json/, `${name}: as problem+json`);
}

function headers(more) {
	const auth = opts.token ? { authorization: `Bearer ${opts.token}` } : {};
	return { ...auth, ...more };
}

function request(method, path, body, type = "application/json") {
	const init = { method, headers: headers() };
	if (body !== undefined) {
		init.body = body;
		init.headers["content-type"] = type;
	}
	return fetch(`${opts.url}/v1${path}`, init);
}

async function answers(name, response, status, type) {
	const got = await response;
	is(got.status, status, `${name}: ${status}`);
	if (type)
		like(got.headers.get("content-type") ?? "", type, `${name}: its type`);
	return got.text();
}

function isAlive(pid) {
	try {
		return !/^State:\s+[ZX]/m.test(
			readFileSync(`/proc/${pid}/status`, "utf8"));
	} catch {
		return false;
	}
}

// What sbx tells beyond the original, where the SDK does not look.
const MORE = ["name", "state", "run", "group", "by", "reason", "signal"];

function same(got, want, name) {
	const rest = Object.entries(got).filter(([key]) =>
		key in want || !beyond || !MORE.includes(key));
	is(Object.fromEntries(rest), want, name);
}

// --- health, config, run ---

await section("health", async () => {
	is(await sdk.getHealth(), { status: "ok" }, "health");
	const text = await answers("health, as it is", request("GET", "/health"),
		200, /^application\/json/);
	is(JSON.parse(text), { status: "ok" }, "health has nothing else");
});

const defaults = {
	maxConcurrentProcesses: 64, defaultRunTimeoutMs: 30000,
	maxRunTimeoutMs: 300000, maxOutputBytes: 1048576,
	maxLogBytesPerProcess: 10485760, maxInputBytesPerRequest: 65536,
};

await section("config", async () => {
	is(await sdk.getProcessConfig(), defaults, "the defaults");
	const mine = { ...defaults, defaultRunTimeoutMs: 20000, maxOutputBytes: 5000 };
	is(await sdk.setProcessConfig(mine), mine, "setting answers with all");
	is(await sdk.getProcessConfig(), mine, "and is kept");
	is((await sdk.setProcessConfig({ ...defaults, defaultRunTimeoutMs: 400000 }))
		.defaultRunTimeoutMs, 300000, "a default over the maximum is lowered");
	for (const key of Object.keys(defaults)) {
		await refused(`zero ${key}`,
			sdk.setProcessConfig({ ...defaults, [key]: 0 }),
			400, "Invalid Request", /must be greater than 0/);
		const { [key]: _, ...rest } = defaults;
		await refused(`no ${key}`, sdk.setProcessConfig(rest), 422);
	}
	await refused("a negative value", sdk.setProcessConfig(
		{ ...defaults, maxOutputBytes: -1 }), 422);
	is((await sdk.getProcessConfig()).defaultRunTimeoutMs, 300000,
		"what is refused changes nothing");
	is(await sdk.setProcessConfig(defaults), defaults, "and back");
});

await section("run", async () => {
	const out = await sdk.runProcess(sh("echo out; echo err >&2; exit 7"));
	ok(Number.isInteger(out.durationMs), "run: durationMs");
	same({ ...out, durationMs: 0 }, {
		exitCode: 7, timedOut: false, stdout: "out\n", stderr: "err\n",
		stdoutTruncated: false, stderrTruncated: false, durationMs: 0,
	}, "run: output and exit code");
	is((await sdk.runProcess(sh("pwd; echo $A$B",
		{ cwd: "/usr", env: { A: "1", B: "two words" } }))).stdout,
	"/usr\n1two words\n", "run: cwd and env");
	is((await sdk.runProcess({ command: "printf", args: ["%s|", "a b", "", "$X"] }))
		.stdout, "a b||$X|", "run: arguments are passed as they are");
	is((await sdk.runProcess(sh("kill -9 $$"))).exitCode, null,
		"run: no exit code after a signal");
	const late = await sdk.runProcess(
		sh("echo early; exec sleep 1000", { timeoutMs: 300 }));
	is([late.timedOut, late.exitCode, late.stdout], [true, null, "early\n"],
		"run: a timeout, with what was said before");
	const cut = await sdk.runProcess(sh("echo hello; echo brave >&2; seq 1000",
		{ maxOutputBytes: 8 }));
	is([cut.stdout, cut.stdoutTruncated, cut.stderr, cut.stderrTruncated],
		["hello\n1\n", true, "brave\n", false], "run: the head is kept");
	is((await sdk.runProcess({ command: "true", maxOutputBytes: 0 })).stdout, "",
		"run: no output wanted");
	const big = await sdk.runProcess(sh("head -c 3000000 /dev/zero | tr '\\0' x"));
	is([big.stdout.length, big.stdoutTruncated, big.exitCode], [1048576, true, 0],
		"run: maxOutputBytes, and the command ends well");
	is((await sdk.runProcess({ command: "printf", args: ["\\377\\000x"] })).stdout,
		"\ufffd\0x", "run: bytes that are no text");
	await refused("run: an empty command", sdk.runProcess({ command: "" }),
		400, "Invalid Request", /command must not be empty/);
	await refused("run: no such program", sdk.runProcess({ command: "/nope/x" }),
		502, "Stream Error", /No such file/);
	await refused("run: no such directory",
		sdk.runProcess({ command: "true", cwd: "/nope" }), 502, "Stream Error");
});

// --- create, get, list, delete ---

await section("create", async () => {
	const before = Date.now();
	const info = await create("exec sleep 1000", { cwd: "/usr", env: { A: "1" } });
	like(info.id, /^proc_[1-9][0-9]*$/, "an id is proc_N");
	ok(Number.isInteger(info.pid) && isAlive(info.pid), "the pid is alive");
	ok(Math.abs(info.createdAtMs - before) < 60000, "createdAtMs is a time");
	same({ ...info, id: 0, pid: 0, createdAtMs: 0 }, {
		id: 0, command: "sh", args: ["-c", "exec sleep 1000"], cwd: "/usr",
		tty: false, interactive: false, owner: "user", status: "running",
		pid: 0, createdAtMs: 0,
	}, "what a running process looks like");
	is(await sdk.getProcess(info.id), info, "get says the same");
	/* It is empty for a moment, while exec is at work. */
	const environ = await until(() =>
		readFileSync(`/proc/${info.pid}/environ`, "latin1"));
	like(environ, /\0?A=1\0/, "env");

	await refused("deleting what runs", sdk.deleteProcess(info.id),
		409, "Conflict", /running/);
	const killed = await sdk.killProcess(info.id, { waitMs: 20000 });
	is([killed.status, "exitCode" in killed, "pid" in killed],
		["exited", false, false], "killed: no exit code and no pid");
	ok(killed.exitedAtMs >= killed.createdAtMs, "exitedAtMs");
	is((await sdk.killProcess(info.id, { waitMs: 10 })).status, "exited",
		"killing what has ended is no error");
	is((await sdk.stopProcess(info.id)).status, "exited", "nor is stopping it");
	is(await sdk.deleteProcess(info.id), undefined, "delete");
	await refused("deleting it twice", sdk.deleteProcess(info.id),
		404, "Not Found", new RegExp(info.id));
	await refused("getting it then", sdk.getProcess(info.id), 404, "Not Found");

	const short = await sdk.createProcess({ command: "true" });
	is([short.args, "cwd" in short], [[], false], "no args and no cwd");
	is((await exited(short.id)).exitCode, 0, "exit code 0");
	const seven = await create("exit 7", { tty: true, interactive: true });
	is([seven.tty, seven.interactive], [true, true], "tty and interactive");
	is((await exited(seven.id)).exitCode, 7, "exit code 7");
	await forget(short.id, seven.id);

	await refused("an empty command", sdk.createProcess({ command: "" }),
		400, "Invalid Request", /command must not be empty/);
	await refused("no command", sdk.createProcess({}), 422);
	await refused("no such program", sdk.createProcess({ command: "/nope/x" }),
		502, "Stream Error", /No such file/);
	await refused("no such directory",
		sdk.createProcess({ command: "true", cwd: "/nope" }), 502, "Stream Error");
	await refused("an unknown id", sdk.getProcess("nope"), 404, "Not Found",
		/not found: process nope/);
	await refused("an id with a slash", sdk.getProcess("a/b"), 404, "Not Found",
		/process a\/b/);
});

await section("list", async () => {
	const made = [];
	for (let i = 0; i < 12; i++)
		made.push((await create(i % 2 ? "exit 0" : "exec sleep 1000")).id);
	const { processes } = await sdk.listProcesses();
	const ids = processes.map((p) => p.id).filter((id) => made.includes(id));
	is([...ids].sort(), [...made].sort(), "list has all of them");
	if (beyond)
		is(ids, made, "in the order in which they were made");
	is((await sdk.listProcesses({ owner: "user" })).processes.length,
		processes.length, "all are the user's");
	for (const owner of ["desktop", "system"])
		is(await sdk.listProcesses({ owner }), { processes: [] },
			`none is owner ${owner}`);
	await refused("an unknown owner", sdk.listProcesses({ owner: "x" }), 400);
	await forget(...made);
});

await section("limit", async () => {
	const first = await create("exec sleep 1000");
	const running = (await sdk.listProcesses()).processes
		.filter((p) => p.status === "running").length;
	await sdk.setProcessConfig({ ...defaults, maxConcurrentProcesses: running });
	await refused("one process too many", create("exec sleep 1000"),
		409, "Conflict", /./);
	await sdk.setProcessConfig(defaults);
	await forget(first.id);
	const second = await create("exec sleep 1000");
	is(second.status, "running", "and again after the limit is raised");
	await forget(second.id);
});

// --- stop and kill ---

// A tree that hides: sessions of their own, a double fork, signals ignored.
// It prints its pids, the leader's first.
const TREE = `trap '' TERM HUP INT; echo $$
setsid sh -c 'trap "" TERM HUP; echo $$; while :; do sleep 1; done' &
sh -c 'setsid sh -c "trap \\"\\" TERM; echo \\$\\$; while :; do sleep 1; done" &'
sh -c 'echo $$; exec env -i sleep 1000' &
while :; do sleep 1; done`;

async function tree() {
	const { id } = await create(TREE);
	const pids = await until(async () => {
		const { entries } = await sdk.getProcessLogs(id);
		const found = textOf(entries).match(/\d+(?=\n)/g) ?? [];
		return found.length === 4 && found.map(Number);
	});
	ok(pids?.every(isAlive), "a tree of four is alive");
	return { id, pids };
}

await section("stop", async () => {
	const polite = await create("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done");
	ok(await until(async () =>
		(await sdk.getProcessLogs(polite.id)).entries.length), "it is up");
	const info = await sdk.stopProcess(polite.id, { waitMs: 20000 });
	is([info.status, info.exitCode], ["exited", 5], "stop is TERM first");
	const { id } = await create("exec sleep 1000");
	const now = await sdk.stopProcess(id);
	ok(["running", "exited"].includes(now.status), "without waitMs it answers");
	await exited(id);
	await forget(polite.id, id);
	await refused("stopping an unknown id", sdk.stopProcess("nope"),
		404, "Not Found", /nope/);
	await refused("killing an unknown id", sdk.killProcess("nope"),
		404, "Not Found", /nope/);
	if (!beyond)
		return;
	const stubborn = await tree();
	is((await sdk.stopProcess(stubborn.id, { waitMs: 30000 })).status, "exited",
		"stop ends what ignores it");
	is(stubborn.pids.filter(isAlive), [], "with its whole tree");
	const doomed = await tree();
	is((await sdk.killProcess(doomed.id, { waitMs: 20000 })).status, "exited",
		"kill ends a tree");
	is(doomed.pids.filter(isAlive), [], "and nothing of it is left");
	await forget(stubborn.id, doomed.id);
	const run = await sdk.runProcess(
		sh("setsid sleep 1000 & echo $!; sleep 1000", { timeoutMs: 500 }));
	is([run.timedOut, isAlive(Number(run.stdout))], [true, false],
		"a timeout of run ends a tree too");
});

// --- logs ---

// An entry of many lines says the number of the first one, too.
function checkEntries(entries, streams, name) {
	let last = 0;
	const wrong = entries.find((e) => {
		const { sequence, stream, timestampMs, data, encoding,
			firstSequence = sequence, ...rest } = e;
		const fine = firstSequence > last && sequence >= firstSequence &&
			encoding === "base64" && Number.isInteger(timestampMs) && data &&
			streams.includes(stream) && !Object.keys(rest).length;
		last = sequence;
		return !fine;
	});
	ok(!wrong, `${name}: entries are numbered upwards and complete`,
		JSON.stringify(wrong));
}

await section("logs", async () => {
	const { id } = await create("echo one; sleep 0.3; echo two >&2; sleep 0.3; " +
		"printf '\\000\\377\\r\\n'; sleep 0.3; printf end");
	await exited(id);
	const all = await sdk.getProcessLogs(id);
	is([all.processId, all.stream], [id, "combined"], "logs: combined unless said");
	checkEntries(all.entries, ["stdout", "stderr"], "logs");
	const wanted = { stdout: Buffer.from("one\n\0\xff\r\nend", "latin1"),
		stderr: Buffer.from("two\n") };
	for (const [stream, bytes] of Object.entries(wanted)) {
		const some = await sdk.getProcessLogs(id, { stream });
		is(some.stream, stream, `logs: ${stream}, says it`);
		is(bytesOf(some.entries), bytes, `logs: ${stream}, its exact bytes`);
		is(all.entries.filter((e) => e.stream === stream), some.entries,
			`logs: ${stream}, with the numbers that it has in all`);
	}
	is(all.entries.slice(0, 2).map((e) => e.stream), ["stdout", "stderr"],
		"logs: in the order in which it came");
	is((await sdk.getProcessLogs(id, { tail: 2 })).entries, all.entries.slice(-2),
		"logs: tail");
	is((await sdk.getProcessLogs(id, { tail: 1, stream: "stderr" })).entries,
		all.entries.filter((e) => e.stream === "stderr"), "logs: tail of a stream");
	is((await sdk.getProcessLogs(id, { tail: 0 })).entries, [], "logs: tail 0");
	const since = all.entries[1].sequence;
	is((await sdk.getProcessLogs(id, { since })).entries,
		all.entries.filter((e) => e.sequence > since), "logs: since");
	is((await sdk.getProcessLogs(id, { since: 1e6 })).entries, [],
		"logs: since the future");
	is(await sdk.getProcessLogs(id, { stream: "pty" }),
		{ processId: id, stream: "pty", entries: [] }, "logs: no pty here");
	await refused("an unknown stream", sdk.getProcessLogs(id, { stream: "x" }), 400);
	await refused("logs of an unknown id", sdk.getProcessLogs("nope"),
		404, "Not Found", /nope/);
	await forget(id);

	const tty = await create("echo a; echo b >&2", { tty: true });
	await exited(tty.id);
	const pty = await sdk.getProcessLogs(tty.id);
	// The published server adds the error with which a terminal ends.
	const text = textOf(pty.entries).replace(beyond ? "" : /\n\[process.*\n/, "");
	is([pty.stream, text], ["pty", "a\r\nb\r\n"], "logs: of a tty");
	checkEntries(pty.entries, ["pty"], "logs of a tty");
	await forget(tty.id);
});

async function follow(id, query) {
	const got = [];
	const sub = await within(
		sdk.followProcessLogs(id, (entry) => got.push(entry), query), "follow");
	return { sub, got };
}

await section("follow", async () => {
	const { id } = await create("read go; echo first; read go; echo second >&2; " +
		"read go; printf third; read go");
	const go = () => sdk.sendProcessInput(id, { data: "\n", encoding: "utf8" });
	const a = await follow(id);
	is(a.got, [], "follow: there before there is any output");
	await go();
	ok(await until(() => textOf(a.got) === "first\n"), "follow: a live entry");
	const b = await follow(id);
	ok(await until(() => textOf(b.got) === "first\n"), "follow: the replay");
	const errors = await follow(id, { stream: "stderr" });
	const late = await follow(id, { since: a.got.at(-1).sequence });
	await go();
	for (const [name, f, text] of [["first", a, "first\nsecond\n"],
		["second", b, "first\nsecond\n"], ["stderr", errors, "second\n"],
		["since", late, "second\n"]])
		ok(await until(() => textOf(f.got) === text),
			`follow: the ${name} follower has it all`, textOf(f.got));
	b.sub.close();
	await within(b.sub.closed, "closed");
	await go();
	ok(await until(() => textOf(a.got) === "first\nsecond\nthird"),
		"follow: a line without an end");
	is(textOf(b.got), "first\nsecond\n", "follow: a closed one gets no more");
	is(a.got, (await sdk.getProcessLogs(id)).entries,
		"follow: the same entries as the logs");
	const tail = await follow(id, { tail: 1 });
	ok(await until(() => tail.got.length), "follow: tail");
	is(textOf(tail.got), "third", "follow: tail has the last one");
	await go();
	await exited(id);
	if (beyond) {
		for (const f of [a, errors, late, tail])
			await within(f.sub.closed, "the end of a follower");
		ok(true, "follow: ends with the process");
	}
	for (const f of [a, errors, late, tail])
		f.sub.close();
	await forget(id);
	await refused("following an unknown id", follow("nope"),
		404, "Not Found", /nope/);
});

await section("events", async () => {
	const { id } = await create("echo one; sleep 0.3; echo two; sleep 0.3; echo three; read x");
	await until(async () =>
		textOf((await sdk.getProcessLogs(id)).entries) === "one\ntwo\nthree\n");
	const { entries } = await sdk.getProcessLogs(id);
	const path = `${opts.url}/v1/processes/${id}/logs?follow=true`;
	const abort = new AbortController();
	const response = await fetch(path, { signal: abort.signal,
		headers: headers({ "last-event-id": String(entries[0].sequence) }) });
	is(response.status, 200, "events: 200");
	like(response.headers.get("content-type"), /^text\/event-stream/,
		"events: their type");
	like(response.headers.get("cache-control"), /no-cache/, "events: not cached");
	const seen = [];
	const reading = (async () => {
		for await (const event of eventsOf(response))
			seen.push(event);
	})().catch(() => {});
	await until(() => seen.length >= entries.length - 1);
	is(seen.map((e) => [e.event, Number(e.id), e.data]),
		entries.slice(1).map((e) => ["log", e.sequence, e]),
		"events: Last-Event-ID resumes after it");
	await sdk.sendProcessInput(id, { data: base64("x\n") });
	await exited(id);
	if (beyond) {
		await within(reading, "the end of the events");
		const last = seen.at(-1);
		is([last.event, last.data.exitCode], ["exit", 0], "events: exit");
	}
	abort.abort();
	await reading;
	await forget(id);
});

// Two followers of a flood, one there from the start, one that comes into it.
await section("flood", async () => {
	if (!beyond)
		return;
	const lines = 300000;
	const { id } = await create(`read go; seq ${lines}`);
	const want = Array.from({ length: lines }, (_, i) => `${i + 1}\n`).join("");
	const a = await follow(id);
	await sdk.sendProcessInput(id, { data: base64("go\n") });
	await until(() => a.got.length);
	const b = await follow(id);
	await within(Promise.all([a.sub.closed, b.sub.closed]), "the flood", 90000);
	ok(textOf(a.got) === want, "flood: nothing lost, nothing twice",
		`${bytesOf(a.got).length} of ${want.length} bytes`);
	ok(textOf(b.got) === want, "flood: nor between replay and live",
		`${bytesOf(b.got).length} of ${want.length} bytes`);
	checkEntries(a.got, ["stdout"], "flood");
	await forget(id);
});

// --- input ---

await section("input", async () => {
	const { id } = await create("cat", { interactive: true });
	const send = (data, encoding) => sdk.sendProcessInput(id, { data, encoding });
	is(await send("aGVsbG8K"), { bytesWritten: 6 }, "input: base64 unless said");
	is(await send("w\u00f6rld\n", "utf8"), { bytesWritten: 7 }, "input: utf8");
	is(await send("text\n", "text"), { bytesWritten: 5 }, "input: text");
	is(await send(base64([0, 255, 10]), "base64"), { bytesWritten: 3 },
		"input: any byte");
	is(await send(""), { bytesWritten: 0 }, "input: nothing");
	const want = Buffer.concat([Buffer.from("hello\nw\u00f6rld\ntext\n"),
		Buffer.from([0, 255, 10])]);
	ok(await until(async () =>
		bytesOf((await sdk.getProcessLogs(id)).entries).equals(want)),
	"input: it all arrives in order");
	await refused("input: an unknown encoding", send("x", "nope"),
		400, "Invalid Request", /base64, utf8.*text/);
	await refused("input: broken base64", send("!!"), 400, "Invalid Request");
	await refused("input: no data", sdk.sendProcessInput(id, {}), 422);
	const most = base64("y".repeat(65535) + "\n");
	is(await send(most), { bytesWritten: 65536 }, "input: as much as is allowed");
	await refused("input: one byte more", send(base64("y".repeat(65537))),
		413, "Payload Too Large", /maxInputBytesPerRequest \(65536\)/);
	await sdk.killProcess(id, { waitMs: 20000 });
	await refused("input: to an ended process", send("aGk="), 409, "Conflict",
		/not running/);
	await refused("input: to an unknown id",
		sdk.sendProcessInput("nope", { data: "" }), 404, "Not Found", /nope/);
	await forget(id);
	const plain = await create("read x; echo got $x");
	is((await sdk.sendProcessInput(plain.id, { data: base64("it\n") })).bytesWritten,
		3, "input: to one that is not interactive");
	await exited(plain.id);
	is(textOf((await sdk.getProcessLogs(plain.id)).entries), "got it\n",
		"input: which reads it");
	await forget(plain.id);
	if (!beyond)
		return;
	const deaf = await create("exec sleep 1000");
	let status = 0;
	for (let i = 0; i < 200 && !status; i++)
		await sdk.sendProcessInput(deaf.id, { data: most })
			.catch((error) => { status = error.status; });
	ok([409, 413, 502].includes(status), "input: a full queue is an error",
		String(status));
	is((await sdk.getProcess(deaf.id)).status, "running",
		"input: and blocks nothing else");
	await forget(deaf.id);
});

// --- terminals ---

// A terminal session with what came out of it.
function terminal(id, more = {}) {
	const session = sdk.connectProcessTerminal(id, { WebSocket, ...more });
	const t = { session, ready: [], exits: [], errors: [], text: "",
		order: [] };
	const decoder = new TextDecoder();
	session.onReady((f) => { t.ready.push(f); });
	session.onExit((f) => { t.exits.push(f); });
	session.onError((f) => { t.errors.push(f.message); });
	session.onData((bytes) => { t.text += decoder.decode(bytes, { stream: true }); });
	// As they come: the SDK gives bytes out later than control frames.
	session.socket.addEventListener("message", ({ data }) =>
		t.order.push(typeof data === "string" ? JSON.parse(data).type : "data"));
	session.socket.addEventListener("close", (event) => { t.closed = event; });
	t.has = (text) => until(() => t.text.includes(text));
	return t;
}

await section("terminal", async () => {
	const { id } = await create("stty -echo; echo up; while read -r x; do " +
		"case $x in size) stty size ;; die) exit 7 ;; *) echo got $x ;; esac; done",
	{ tty: true, interactive: true });
	const t = terminal(id);
	ok(await until(() => t.ready.length), "terminal: ready");
	is(t.ready, [{ type: "ready", processId: id }], "terminal: with its id");
	is(t.session.socket.extensions, "", "terminal: frames are not compressed");
	if (beyond)
		ok(await t.has("up"), "terminal: what was there before is shown");
	t.session.sendInput("w\u00f6rds\n");
	ok(await t.has("got w\u00f6rds\r\n"), "terminal: a string is typed");
	t.session.sendInput(new TextEncoder().encode("bytes\n"));
	ok(await t.has("got bytes\r\n"), "terminal: bytes are typed");
	t.session.resize({ cols: 101, rows: 33 });
	t.session.sendInput("size\n");
	ok(await t.has("33 101\r\n"), "terminal: resize");
	is(await sdk.resizeProcessTerminal(id, { cols: 72, rows: 21 }),
		{ cols: 72, rows: 21 }, "resize answers with the size");
	await sdk.sendProcessInput(id, { data: "size\n", encoding: "utf8" });
	ok(await t.has("21 72\r\n"), "and it has that size");

	const other = terminal(id);
	ok(await until(() => other.ready.length), "terminal: a second one");
	other.session.sendInput("both\n");
	ok(await t.has("got both\r\n") && await other.has("got both\r\n"),
		"terminal: both see it");
	other.session.close();
	await within(other.session.closed, "closing");
	t.session.sendInput("alone\n");
	ok(await t.has("got alone\r\n"), "terminal: one leaves, the other goes on");

	const socket = t.session.socket;
	for (const [name, frame, pattern] of [
		["no JSON", "{", /^invalid terminal frame/],
		["an unknown type", '{"type":"nope"}', /^invalid terminal frame/],
		["no data", '{"type":"input"}', /^invalid terminal frame/],
		["a size of words", '{"type":"resize","cols":"a","rows":1}',
			/^invalid terminal frame/],
		["broken base64", '{"type":"input","data":"!","encoding":"base64"}', /base64/],
		["bytes", new Uint8Array([1, 2, 3]),
			/^binary input is not supported; use text JSON frames$/],
		["too much", JSON.stringify({ type: "input", data: "z".repeat(65537) }),
			/maxInputBytesPerRequest/],
	]) {
		const before = t.errors.length;
		socket.send(frame);
		await until(() => t.errors.length > before);
		like(t.errors[before], pattern, `terminal: ${name} is an error frame`);
	}
	t.session.sendInput("still\n");
	ok(await t.has("got still\r\n"), "terminal: and it stays open");
	let pong;
	socket.on("pong", (data) => { pong = data.toString(); });
	socket.ping("are you there");
	ok(await until(() => pong === "are you there"), "terminal: ping, pong");

	t.session.sendInput("die\n");
	await within(t.session.closed, "the end of the terminal");
	same(t.exits[0], { type: "exit", exitCode: 7 }, "terminal: exit");
	is(t.order.at(-1), "exit", "terminal: after the last byte");
	is([t.closed.code, t.errors.length], [1005, 7], "terminal: closed without a code");
	const after = terminal(id);
	await within(after.session.closed, "a terminal of an ended process");
	is([after.order[0], after.order.at(-1), after.exits[0]?.exitCode],
		["ready", "exit", 7], "terminal: of an ended process");
	if (beyond)
		ok(/up[^]*got both[^]*got still/.test(after.text),
			"terminal: with what it had shown", JSON.stringify(after.text));
	await refused("resizing an ended one",
		sdk.resizeProcessTerminal(id, { cols: 80, rows: 24 }), 409, "Conflict");
	await forget(id);

	const doomed = await create("exec sleep 1000", { tty: true });
	const d = terminal(doomed.id);
	await until(() => d.ready.length);
	await sdk.killProcess(doomed.id, { waitMs: 20000 });
	await within(d.session.closed, "the end of a killed terminal");
	is(d.exits[0]?.exitCode, null, "terminal: no exit code after a signal");
	await forget(doomed.id);
});

// The status with which an upgrade is refused.
function upgrade(path, headersOf = {}) {
	const url = `${opts.url.replace(/^http/, "ws")}/v1${path}`;
	return within(new Promise((resolve) => {
		const socket = new WebSocket(url, [], { headers: headersOf });
		socket.on("unexpected-response", (_, response) => {
			resolve(response.statusCode);
			socket.terminate();
		});
		socket.on("open", () => {
			resolve(101);
			socket.terminate();
		});
		socket.on("error", () => resolve(undefined));
	}), `an upgrade of ${path}`);
}

await section("refused terminals", async () => {
	const { id } = await create("exec sleep 1000");
	const tty = await create("exec sleep 1000", { tty: true });
	is(await upgrade("/processes/nope/terminal/ws", headers()), 404,
		"terminal: of an unknown id");
	is(await upgrade(`/processes/${id}/terminal/ws`, headers()), 409,
		"terminal: of a process without one");
	is(await upgrade(`/processes/${tty.id}/terminal/ws`, headers()), 101,
		"terminal: of a tty");
	await answers("terminal: no upgrade",
		request("GET", `/processes/${tty.id}/terminal/ws`), 400);
	await refused("resizing without a terminal",
		sdk.resizeProcessTerminal(id, { cols: 80, rows: 24 }),
		409, "Conflict", /tty|terminal/);
	await refused("resizing an unknown id",
		sdk.resizeProcessTerminal("nope", { cols: 80, rows: 24 }),
		404, "Not Found", /nope/);
	await refused("a size that is too large",
		sdk.resizeProcessTerminal(tty.id, { cols: 70000, rows: 24 }), 422);
	await forget(id, tty.id);
});

// --- what the SDK never does ---

await section("statuses", async () => {
	const problem = JSON.parse(await answers("an unknown path",
		request("GET", "/nope"), 404, /^application\/problem\+json/));
	is([problem.title, problem.detail], ["Not Found", "endpoint not found"],
		"an unknown path: says so");
	for (const path of ["/agents", "/fs/file", "/desktop/status"])
		if (beyond)
			await answers(`${path}, which is no process`, request("GET", path), 404);
	const wrong = await request("PUT", "/processes");
	is([wrong.status, await wrong.text()], [405, ""], "a wrong method: 405");
	like(wrong.headers.get("allow"), /GET/, "a wrong method: what is allowed");
	await answers("another content type",
		request("POST", "/processes", "{}", "text/plain"), 415, /^text\/plain/);
	await answers("broken JSON", request("POST", "/processes", "{"), 400,
		/^text\/plain/);
	await answers("a wrong type",
		request("POST", "/processes", '{"command":5}'), 422, /^text\/plain/);
	await answers("a cwd that is null and a key of tomorrow",
		request("POST", "/processes/run", '{"command":"true","cwd":null,"x":1}'), 200);
	const { id } = await create("true");
	for (const query of ["follow=1", "tail=x", "since=-1", "stream="])
		await answers(query, request("GET", `/processes/${id}/logs?${query}`), 400,
			/^text\/plain/);
	await answers("waitMs=x", request("POST", `/processes/${id}/stop?waitMs=x`), 400);
	await exited(id);
	const gone = await request("DELETE", `/processes/${id}`);
	is([gone.status, await gone.text()], [204, ""], "delete: 204 without a body");
	await answers("a body that is too large", request("POST", "/processes",
		JSON.stringify({ command: "x".repeat(2200000) })), 413).catch((error) =>
		// The connection may be closed while the body is on its way.
		ok(error.cause, "a body that is too large: refused", error));
});

await section("token", async () => {
	if (!opts.token) {
		// A token that nobody asked for does no harm.
		const with_ = await SandboxAgent.connect({ ...connectOptions, token: "any" });
		is(await with_.getHealth(), { status: "ok" }, "a token is not needed");
		return;
	}
	const bad = ["", `${opts.token}x`, opts.token.slice(0, -1), opts.token.toUpperCase()];
	for (const token of bad) {
		const client = await SandboxAgent.connect({ ...connectOptions,
			token: token || undefined, skipHealthCheck: true });
		for (const [name, fn] of [
			["health", () => client.getHealth()],
			["list", () => client.listProcesses()],
			["run", () => client.runProcess({ command: "true" })]])
			await refused(`${name} with token '${token}'`, fn(), 401,
				"Token Invalid");
	}
	const { id } = await create("exec sleep 1000", { tty: true });
	const path = `/processes/${id}/terminal/ws`;
	const query = `access_token=${encodeURIComponent(opts.token)}`;
	is(await upgrade(path), 401, "terminal: without a token");
	is(await upgrade(`${path}?access_token=x`), 401, "terminal: with another one");
	is(await upgrade(`${path}?${query}`), 101, "terminal: with it in the address");
	is(await upgrade(path, headers()), 101, "terminal: with it in a header");
	const { status } = await fetch(`${opts.url}/v1/processes?${query}`);
	is(status, 401, "in no other address");
	await forget(id);
});

// A request that waits keeps nobody else waiting: here one waits for what the
// last of forty others does.
await section("side by side", async () => {
	const dir = mkdtempSync(join(tmpdir(), "sbx-node-"));
	try {
		const last = sdk.runProcess(
			sh("until [ -e go ]; do sleep 0.05; done; echo gone", { cwd: dir }));
		const many = await within(Promise.all(Array.from({ length: 40 }, (_, i) =>
			sdk.runProcess(sh(`echo ${i}`)))), "forty at once");
		is(many.map((r) => r.stdout),
			Array.from({ length: 40 }, (_, i) => `${i}\n`), "forty at once");
		await sdk.runProcess({ command: "touch", args: ["go"], cwd: dir });
		is((await within(last, "the first")).stdout, "gone\n",
			"the first of them ends last");
	} finally {
		rmSync(dir, { recursive: true });
	}
});

await sdk.dispose();
done();
