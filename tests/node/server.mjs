// "sbx serve" as a child of a test, which can end it and start it again.
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { until, within } from "./common.mjs";

const run = promisify(execFile);

// A program that listens at url; words go behind "sbx serve".
export class Server {
	constructor({ sbx, url }, ...words) {
		Object.assign(this, { sbx, url, words });
	}

	async start() {
		this.child = spawn(this.sbx, ["serve", "--listen", new URL(this.url).host,
			...this.words], { stdio: "ignore" });
		this.ended = new Promise((resolve) => this.child.on("exit", resolve));
		const answer = () => fetch(`${this.url}/v1/health`).catch(() => undefined);
		if (!await until(answer))
			throw new Error("sbx serve does not answer");
	}

	async end(signal = "SIGTERM") {
		this.child.kill(signal);
		await within(this.ended, "the end of sbx serve");
	}

	// MB resident
	memory() {
		const text = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
		return Number(/VmRSS:\s+(\d+)/.exec(text)[1]) / 1024;
	}
}

// What a command of sbx prints.
export async function sbx(path, ...words) {
	return (await run(path, words, { maxBuffer: 1e9 })).stdout;
}

export const sbxJson = async (path, ...words) =>
	JSON.parse(await sbx(path, ...words, "--json"));
