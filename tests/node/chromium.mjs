// A headless Chromium, driven over a pipe by the DevTools protocol.
//
//	const browser = await launch({ dir, files, hosts });
//	const tab = await browser.open("http://127.0.0.1:1/page.html");
//	await tab.evaluate("1 + 1");
//	await browser.close();
//
// files: path in an address -> { type, body }: such a request is answered from
// here, at any host, so that a page can have the origin of the server that it
// talks to.  hosts: rules of --host-resolver-rules.
import { spawn } from "node:child_process";
import { within } from "./common.mjs";

export async function launch({ dir, files, hosts }) {
	const child = spawn("chromium", [
		"--headless=new", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
		"--no-default-browser-check", "--mute-audio",
		"--remote-debugging-pipe", `--user-data-dir=${dir}`,
		`--host-resolver-rules=${hosts}`, "about:blank",
	], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
	const ended = new Promise((resolve) => child.on("exit", resolve));
	const waiting = new Map();
	const tabs = new Map();
	let lastId = 0;
	let text = "";

	function send(method, params = {}, sessionId = undefined) {
		const id = ++lastId;
		child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
		return within(new Promise((resolve, reject) =>
			waiting.set(id, { resolve, reject })), method);
	}

	function receive(message) {
		const { id, method, params, error, result, sessionId } = message;
		if (id) {
			const { resolve, reject } = waiting.get(id);
			waiting.delete(id);
			if (error)
				reject(new Error(error.message));
			else
				resolve(result);
		} else {
			tabs.get(sessionId)?.(method, params);
		}
	}

	child.stdio[4].setEncoding("utf8").on("data", (piece) => {
		text += piece;
		let end;
		while ((end = text.indexOf("\0")) !== -1) {
			receive(JSON.parse(text.slice(0, end)));
			text = text.slice(end + 1);
		}
	});

	async function open(url) {
		const { targetId } = await send("Target.createTarget", { url: "about:blank" });
		const { sessionId } = await send("Target.attachToTarget",
			{ targetId, flatten: true });
		const call = (method, params) => send(method, params, sessionId);
		let loaded;
		const load = new Promise((resolve) => { loaded = resolve; });
		tabs.set(sessionId, (method, params) => {
			if (method === "Page.loadEventFired")
				loaded();
			if (method === "Fetch.requestPaused")
				answer(call, params);
		});
		await call("Page.enable");
		await call("Fetch.enable", { patterns: Object.keys(files)
			.map((path) => ({ urlPattern: `*://*${path}*` })) });
		await call("Page.navigate", { url });
		await within(load, url);
		return tab(call, targetId);
	}

	// A test may end the server in the middle: an answer that comes too late
	// for its request is no error.
	function answer(call, { requestId, request }) {
		const file = files[new URL(request.url).pathname];
		(file ? call("Fetch.fulfillRequest", {
			requestId, responseCode: 200,
			responseHeaders: [{ name: "content-type", value: file.type }],
			body: Buffer.from(file.body).toString("base64"),
		}) : call("Fetch.continueRequest", { requestId })).catch(() => {});
	}

	function tab(call, targetId) {
		return {
			async evaluate(expression) {
				const { result, exceptionDetails } = await call("Runtime.evaluate",
					{ expression, awaitPromise: true, returnByValue: true });
				if (exceptionDetails)
					throw new Error(`${expression}: ${result.description}`);
				return result.value;
			},
			// Characters as from a keyboard, which the page may map.
			async type(string) {
				for (const char of string)
					await call("Input.insertText", { text: char });
			},
			async key(key, code, keyCode, more = {}) {
				const event = { key, code, windowsVirtualKeyCode: keyCode, ...more };
				await call("Input.dispatchKeyEvent",
					{ type: more.text ? "keyDown" : "rawKeyDown", ...event });
				await call("Input.dispatchKeyEvent",
					{ ...event, type: "keyUp", text: undefined });
			},
			close: () => send("Target.closeTarget", { targetId }),
		};
	}

	return {
		open,
		async close() {
			await send("Browser.close");
			await within(ended, "the end of chromium");
		},
		kill: () => child.kill("SIGKILL"),
	};
}
