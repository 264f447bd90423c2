// The process API and a set that a person works with: what each sees of the
// other, and what is left when sbx serve, the engine or a client fails.
//
//	set.mjs --npm DIR --url URL --sbx PATH
//
// In the directory of a set with the processes of serve_set.t.  Starts "sbx
// serve" itself.
import { connect } from "node:net";
import {
	base64, bytesOf, done, eventsOf, is, like, ok, options, packageOf, section,
	textOf, transport, until, within,
} from "./common.mjs";
import { Server, sbx, sbxJson } from "./server.mjs";

const opts = options({ sbx: { type: "string" } });
const { SandboxAgent } = await packageOf(opts.npm, "sandbox-agent");
const { WebSocket } = await transport(opts);
const server = new Server(opts);
await server.start();
const sdk = await SandboxAgent.connect({ baseUrl: opts.url });

const create = (script, more) =>
	sdk.createProcess({ command: "sh", args: ["-c", script], ...more });
const input = (id, data) => sdk.sendProcessInput(id, { data: base64(data) });
const isExited = async (id) => (await sdk.getProcess(id)).status === "exited";
const idOf = async (name) => `proc_${(await sbxJson(opts.sbx, "show", name)).id}`;

async function forget(...ids) {
	for (const id of ids) {
		await sdk.killProcess(id, { waitMs: 20000 });
		await sdk.deleteProcess(id);
	}
}

// The events of a follower, as they come; ended when the response is.
async function events(id, lastEventId) {
	const abort = new AbortController();
	const headers = lastEventId ? { "last-event-id": String(lastEventId) } : {};
	const response = await fetch(
		`${opts.url}/v1/processes/${id}/logs?follow=true`,
		{ headers, signal: abort.signal });
	const f = { seen: [], ended: false, close: () => abort.abort() };
	f.reading = (async () => {
		for await (const event of eventsOf(response))
			f.seen.push(event);
		f.ended = true;
	})().catch(() => {});
	f.entries = () => f.seen.filter((e) => e.event === "log").map((e) => e.data);
	f.text = () => textOf(f.entries());
	return f;
}

const numbers = (from, to) =>
	Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join("");

// --- a person and the API ---

await section("set", async () => {
	const web = await idOf("web");
	const { processes } = await sdk.listProcesses();
	is(processes.map((p) => p.id), [web, await idOf("term"), await idOf("small")],
		"the set's processes are there");
	is([processes[0].command, processes[0].status, processes[1].tty],
		["echo web is up; exec cat", "running", true], "as what they are");
	await input(web, "from the API\n");
	ok(await until(async () => textOf((await sdk.getProcessLogs(web)).entries) ===
		"web is up\nfrom the API\n"), "they take input and have logs");
	like(await sbx(opts.sbx, "logs", "web"), /from the API/,
		"which the person sees");
	const terminal = sdk.connectProcessTerminal(await idOf("term"), { WebSocket });
	let shown = "";
	terminal.onData((bytes) => { shown += Buffer.from(bytes); });
	await sbx(opts.sbx, "send", "term", "--keys", "e c h o Space t o g e t h e r Enter");
	ok(await until(() => /together[^]*together/.test(shown)), "a terminal shows what others type");
	terminal.close();

	is((await sdk.stopProcess(web, { waitMs: 20000 })).status, "exited",
		"they can be stopped");
	like(await sbx(opts.sbx, "why", "web"), /stop/i, "and the person sees why");
	await sbx(opts.sbx, "start", "web");
	ok(await until(async () => !await isExited(web)), "one that is started again runs");
	is((await sdk.getProcess(web)).pid, (await sbxJson(opts.sbx, "show", "web")).pid,
		"as the same record");
});

await section("created", async () => {
	const { id, pid } = await create("exec sleep 1000");
	const find = async () => (await sbxJson(opts.sbx, "ls")).processes
		.find((p) => `proc_${p.id}` === id);
	const p = await find();
	is([p?.pid, p?.group, p?.status], [pid, "api", "running"],
		"what is created is there at once, in its group");
	like(await sbx(opts.sbx, "why", p.name), /api/i, "with who made it");
	await sbx(opts.sbx, "stop", p.name);
	is((await sdk.getProcess(id)).status, "exited", "the person can stop it");
	await sdk.deleteProcess(id);
	is(await find(), undefined, "a deleted one is gone there too");
});

// --- who dies ---

const COUNT = "i=0; while [ $i -lt 400 ]; do i=$((i + 1)); echo $i; sleep 0.01; done; read x";

await section("sbx serve dies", async () => {
	const { id, pid } = await create(COUNT);
	const a = await events(id);
	await until(() => a.entries().length > 50);
	await server.end("SIGKILL");
	await within(a.reading, "the end of a follower");
	await server.start();
	is((await sdk.getProcess(id)).pid, pid, "the process lives, with its id");
	const b = await events(id, a.entries().at(-1).sequence);
	await until(() => (a.text() + b.text()).endsWith("\n400\n"));
	is(a.text() + b.text(), numbers(1, 400), "a follower goes on where it was");
	await input(id, "\n");
	await within(b.reading, "the end of the other");
	is(b.seen.at(-1).event, "exit", "and sees the exit");
	await forget(id);
});

await section("the engine dies", async () => {
	const { id, pid } = await create(COUNT);
	const tty = await create("stty -echo; while read x; do echo got $x; done",
		{ tty: true });
	const terminal = sdk.connectProcessTerminal(tty.id, { WebSocket });
	let shown = "";
	terminal.onData((bytes) => { shown += Buffer.from(bytes); });
	const a = await events(id);
	await until(() => a.entries().length > 50);
	for (let i = 0; i < 2; i++) {
		const { engine_pid: old } = await sbxJson(opts.sbx, "doctor");
		process.kill(old, "SIGKILL");
		ok(await until(async () =>
			(await sbxJson(opts.sbx, "doctor").catch(() => ({ engine_pid: old })))
				.engine_pid !== old), "there is another engine");
	}
	ok(await until(() => a.text().endsWith("\n400\n")), "the follower goes on");
	is(a.text(), numbers(1, 400), "nothing is lost and nothing twice");
	is((await sdk.getProcess(id)).pid, pid, "the process is the same");
	terminal.sendInput("it\n");
	ok(await until(() => shown.includes("got it\r\n")), "a terminal goes on");
	terminal.close();
	await input(id, "\n");
	await within(a.reading, "the end of the follower");
	is(a.seen.at(-1).event, "exit", "which sees the exit");
	await forget(id, tty.id);
});

// --- clients that do not do their part ---

// A request whose answer is not read: a socket that is paused.
function deaf(path, more = "") {
	const { hostname, port } = new URL(opts.url);
	const socket = connect(Number(port), hostname);
	socket.pause();
	socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${more}\r\n`);
	socket.on("error", () => {});
	return socket;
}

await section("slow readers", async () => {
	const lines = 600000;
	const pipe = await create(`read x; seq 1000000 ${999999 + lines}; read x`);
	const tty = await create(`read x; seq 1000000 ${999999 + lines}; read x`, { tty: true });
	const before = server.memory();
	const slow = await events(pipe.id);
	slow.close();
	const sockets = Array.from({ length: 5 }, () =>
		deaf(`/v1/processes/${pipe.id}/logs?follow=true`));
	sockets.push(deaf(`/v1/processes/${tty.id}/terminal/ws`, "connection: upgrade\r\n" +
		"upgrade: websocket\r\nsec-websocket-version: 13\r\n" +
		"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
	const quick = [];
	const sub = await sdk.followProcessLogs(pipe.id, (entry) => quick.push(entry));
	await input(pipe.id, "\n");
	await input(tty.id, "\n");
	const bytes = 8 * lines;
	let got = 0;
	ok(await until(() => {
		for (const entry of quick.splice(0))
			got += bytesOf([entry]).length;
		return got >= bytes;
	}, 90000), "another follower gets all of it", `${got} of ${bytes} bytes`);
	is(got, bytes, "no more and no less");
	ok(server.memory() - before < 64, "and memory stays small",
		`${before} MB, then ${server.memory()} MB`);
	await input(pipe.id, "\n");
	await input(tty.id, "\n");
	ok(await until(async () => await isExited(pipe.id) && await isExited(tty.id)),
		"nobody who does not read holds a process");
	await sub.closed;
	for (const socket of sockets)
		socket.destroy();
	await forget(pipe.id, tty.id);
});

await section("a window that has gone", async () => {
	const id = await idOf("small");
	const a = await events(id);
	await until(() => a.text() === "first\n");
	a.close();
	await input(id, "\n");
	await until(async () =>
		textOf((await sdk.getProcessLogs(id, { tail: 1 })).entries).endsWith("2000000\n"));
	const b = await events(id, a.entries()[0].sequence);
	ok(await until(() => b.text().endsWith("\n2000000\n")), "what is left comes");
	const logs = b.seen.findIndex((e) => e.event === "log");
	const gone = b.seen.filter((e) => e.event === "dropped");
	ok(gone.length && b.seen.slice(0, logs).every((e) => e.event === "dropped") &&
		gone.length === logs, "after the word that some is gone, said once",
	JSON.stringify(b.seen.slice(0, 5)));
	is([gone[0]?.data.firstSequence, gone[0]?.data.lastSequence],
		[a.entries()[0].sequence + 1, b.entries()[0].sequence - 1],
		"and what it was");
	// The first may be what is left of a line.
	const left = b.text().slice(b.text().indexOf("\n") + 1);
	is(left, numbers(Number(left.slice(0, left.indexOf("\n"))), 2000000),
		"without a gap from there");
	b.close();
});

await section("idle connections", async () => {
	const { hostname, port } = new URL(opts.url);
	const before = server.memory();
	const sockets = Array.from({ length: 1000 }, (_, i) => {
		const socket = connect(Number(port), hostname);
		socket.on("error", () => {});
		// Some have begun a request and do not end it.
		if (i % 3 === 0)
			socket.write("GET /v1/health HTTP/1.1\r\nx: ");
		return socket;
	});
	await within(Promise.all(sockets.map((socket) => new Promise((resolve) =>
		socket.on("connect", resolve).on("close", resolve)))), "connecting");
	const answer = await within(sdk.runProcess({ command: "echo", args: ["there"] }),
		"an answer beside a thousand idle connections").catch((error) => error);
	is(answer.stdout, "there\n", "a thousand idle connections keep nobody waiting");
	ok(server.memory() - before < 64, "nor do they take much",
		`${before} MB, then ${server.memory()} MB`);
	for (const socket of sockets)
		socket.destroy();
});

await server.end();
done();
