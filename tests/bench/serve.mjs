// Figures of one server of the process API, through the npm package
// sandbox-agent, as JSON: one object of numbers.  The server has just been
// started; tests/bench/serve.py does that, and compares.
//
//	serve.mjs --npm DIR --url URL --flood PATH --dir DIR --pids PID,... WHAT...
//
// PID are the server's processes, whose memory and time are looked at.  WHAT
// are names of the table at the end; what looks at memory wants a server that
// has done nothing else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
	options, packageOf, sleep, transport, until, within,
} from "../node/common.mjs";

const { words, ...opts } = options({ flood: { type: "string" },
	dir: { type: "string" }, pids: { type: "string" } });
const { SandboxAgent } = await packageOf(opts.npm, "sandbox-agent");
const { WebSocket } = await transport(opts);
const sdk = await SandboxAgent.connect({ baseUrl: opts.url });
const pids = opts.pids.split(",");
const LONG_MS = 180000;

// KB resident, and ms of processor time.
function rss() {
	return pids.reduce((sum, pid) => sum + Number(
		/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]), 0);
}

function cpu() {
	return pids.reduce((sum, pid) => {
		const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
			.replace(/^.*\) /, "").split(" ");
		return sum + 10 * (Number(fields[11]) + Number(fields[12]));
	}, 0);
}

const now = () => performance.timeOrigin + performance.now();
const isExited = async (id) => (await sdk.getProcess(id)).status === "exited";

function percentile(values, share) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

// Median, mean and the slowest hundredth, as NAME_ms, NAME_mean_ms, ...
function summary(name, values) {
	return {
		[`${name}_ms`]: percentile(values, 0.5),
		[`${name}_mean_ms`]: values.reduce((a, b) => a + b, 0) / values.length,
		[`${name}_p99_ms`]: percentile(values, 0.99),
	};
}

async function forget(id) {
	await sdk.killProcess(id, { waitMs: 10000 });
	await sdk.deleteProcess(id);
}

// Follows to the end: the published server never ends a follow, so it is
// given up when the process has ended and nothing has come for a second.
async function follow(id, listener) {
	let last = 0;
	let ended = false;
	const sub = await sdk.followProcessLogs(id, (entry) => {
		last = now();
		listener(entry);
	});
	const closed = sub.closed.then(() => { ended = true; });
	return async () => {
		await until(() => isExited(id), LONG_MS);
		await until(() => ended || now() - Math.max(last, 0) > 1000, LONG_MS);
		sub.close();
		await closed;
		return last;
	};
}

// create, exit and delete of true, one after the other
async function lives() {
	const took = [];
	for (let i = 0; i < 300; i++) {
		const start = now();
		const { id } = await sdk.createProcess({ command: "true" });
		while (!await isExited(id));
		await sdk.deleteProcess(id);
		took.push(now() - start);
	}
	return summary("life", took);
}

// From a write() of the process to the listener: the line says when it was.
async function latency() {
	const script = "$| = 1; <STDIN>; " +
		'for (1 .. 400) { printf "%.6f\\n", time; select undef, undef, undef, 0.005 }';
	const { id } = await sdk.createProcess({ command: "perl",
		args: ["-MTime::HiRes=time", "-e", script] });
	const took = [];
	const end = await follow(id, ({ data }) =>
		took.push(now() - 1000 * Number(Buffer.from(data, "base64"))));
	await sdk.sendProcessInput(id, { data: "\n", encoding: "utf8" });
	await end();
	await forget(id);
	return summary("follow", took);
}

// A key over the WebSocket, until its echo is there.
async function echo() {
	const { id } = await sdk.createProcess({ command: "sh",
		args: ["-c", "stty raw -echo; echo up; exec cat"], tty: true });
	await until(async () => (await sdk.getProcessLogs(id)).entries.length);
	const terminal = sdk.connectProcessTerminal(id, { WebSocket });
	await within(new Promise((resolve) => terminal.onReady(resolve)), "ready");
	await sleep(200);
	const took = [];
	for (let i = 0; i < 600; i++) {
		const start = now();
		await within(new Promise((resolve) => {
			const off = terminal.onData(() => {
				off();
				resolve();
			});
			terminal.sendInput("x");
		}), "an echo");
		took.push(now() - start);
	}
	terminal.close();
	await forget(id);
	return summary("echo", took);
}

// Counts the lines of a flood, which are numbered.
function counter() {
	const count = { lines: 0, gaps: 0 };
	let rest = "";
	let expected = 1;
	count.feed = ({ data }) => {
		rest += Buffer.from(data, "base64").toString("latin1");
		let at = 0;
		let end;
		while ((end = rest.indexOf("\n", at)) !== -1) {
			const no = Number(rest.slice(at + 5, at + 15));
			if (no !== expected)
				count.gaps++;
			expected = no + 1;
			count.lines++;
			at = end + 1;
		}
		rest = rest.slice(at);
	};
	return count;
}

async function flood() {
	const lines = 1000000;
	const { id } = await sdk.createProcess({ command: "sh", args: ["-c",
		`read go; exec '${opts.flood}' ${lines} line '${join(opts.dir, "took")}'`] });
	const count = counter();
	const end = await follow(id, count.feed);
	const used = cpu();
	const start = now();
	await sdk.sendProcessInput(id, { data: "\n", encoding: "utf8" });
	const last = await end();
	const took = Number(readFileSync(join(opts.dir, "took"), "utf8")) / 1000;
	const result = { flood_child_ms: took, flood_ms: last - start,
		flood_lost: lines - count.lines, flood_gaps: count.gaps,
		flood_cpu_ms: cpu() - used, flood_mb: rss() / 1024 };
	await forget(id);
	return result;
}

async function many() {
	const processes = 200;
	const lines = 200;
	const used = cpu();
	const start = now();
	const script = `$| = 1; <STDIN>; for (1 .. ${lines}) { ` +
		'printf "line %010d\\n", $_; select undef, undef, undef, 0.01 }';
	const all = await Promise.all(Array.from({ length: processes }, async () => {
		const { id } = await sdk.createProcess({ command: "perl", args: ["-e", script] });
		const count = counter();
		return { id, count, end: await follow(id, count.feed) };
	}));
	const ready = now();
	await Promise.all(all.map(({ id }) =>
		sdk.sendProcessInput(id, { data: "\n", encoding: "utf8" })));
	const lasts = await Promise.all(all.map(({ end }) => end()));
	const result = {
		many_start_ms: ready - start, many_ms: Math.max(...lasts) - ready,
		many_lost: all.reduce((sum, { count }) => sum + lines - count.lines, 0),
		many_cpu_ms: cpu() - used, many_mb: rss() / 1024,
	};
	await Promise.all(all.map(({ id }) => forget(id)));
	return result;
}

// What a record costs that has ended and is kept.
async function dead(script, key) {
	const count = 300;
	const before = rss();
	for (let i = 0; i < count; i++) {
		const { id } = await sdk.createProcess({ command: "sh", args: ["-c", script] });
		await until(() => isExited(id));
	}
	await sleep(1000);
	return { [key]: (rss() - before) / count };
}

const table = {
	dead: () => dead(":", "dead_kb"),
	full: () => dead("seq 20000", "full_kb"),	// 106 KB of output
	lives, latency, echo, many, flood,
};

const config = await sdk.getProcessConfig();
await sdk.setProcessConfig({ ...config, maxConcurrentProcesses: 400 });
const figures = { idle_mb: rss() / 1024 };
for (const what of words)
	Object.assign(figures, await table[what]());
console.log(JSON.stringify(figures));
process.exit(0);
