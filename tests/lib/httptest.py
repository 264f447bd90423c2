"""A server of a set for tests in Python, and answers held against
doc/openapi.json.

    from httptest import Server
    h = Server(s)                     # sbx serve --listen 127.0.0.1:0
    code, body = h.get("/v1/health")
"""
import http.client
import json
import os
import re
import socket
import subprocess

import sbxtest

SERVE = os.path.join(os.path.dirname(sbxtest.SBX), "sbx-serve")
API = json.load(open(os.path.join(os.path.dirname(__file__), "..", "..",
                                  "doc", "openapi.json")))


def needed():
    if not os.path.exists(SERVE):
        sbxtest.skip_all("built without HTTP (WITH_HTTP=0)")


class Server:
    def __init__(self, s, *words, token=None, checked=True, env=None):
        self.set, self.token, self.checked = s, token, checked
        self.wrong = []         # answers that the document does not allow
        self.seen = set()       # operations that were answered well
        self.log = open(os.path.join(s.dir, "serve.err"), "w+")
        self.p = subprocess.Popen(
            [sbxtest.SBX, "serve", *(words or ("--listen", "127.0.0.1:0"))],
            cwd=s.dir, env=dict(s.env, **(env or {})), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log)
        self.url = self.p.stdout.readline().strip()
        m = re.match(r"http://(.*):(\d+)$", self.url)
        self.host, self.port = m and (m[1].strip("[]"), int(m[2])) or ("", 0)
        self.path = self.url[5:] if self.url.startswith("unix:") else None

    def stderr(self):
        with open(self.log.name) as f:
            return f.read()

    def end(self):
        self.p.terminate()
        code = self.p.wait(10)
        self.p.stdout.close()
        self.log.close()
        return code

    def socket(self, timeout=15):
        if self.path:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(timeout)
            s.connect(self.path)
            return s
        return socket.create_connection((self.host, self.port), timeout)

    def raw(self, data, timeout=15, most=1 << 20):
        """Bytes there, all bytes back until it closes or is silent."""
        s = self.socket(timeout)
        out = b""
        try:
            s.sendall(data)
            while len(out) < most:
                more = s.recv(65536)
                if not more:
                    break
                out += more
        except OSError:
            pass
        s.close()
        return out

    def ask(self, method, path, body=None, headers=None, timeout=30):
        """Status, headers, bytes."""
        c = http.client.HTTPConnection(self.host or "localhost",
                                       self.port or 80, timeout=timeout)
        if self.path:
            c.sock = self.socket(timeout)
        h = dict(headers or {})
        if self.token:
            h.setdefault("Authorization", "Bearer " + self.token)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            h.setdefault("Content-Type", "application/json")
        c.request(method, path, body=body, headers=h)
        r = c.getresponse()
        data = r.read()
        c.close()
        return r.status, r.headers, data

    def call(self, method, path, body=None, **kw):
        """Status and what the body says; the document has to allow it."""
        code, headers, data = self.ask(method, path, body, **kw)
        kind = (headers.get("content-type") or "").split(";")[0]
        value = data.decode("utf-8", "replace")
        if kind.endswith("json"):
            value = json.loads(data)
        if self.checked:
            self.check(method, path, code, kind, value)
        return code, value

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, body, **kw)

    def check(self, method, path, code, kind, value):
        found = operation(method, path.split("?")[0])
        where = "%s %s -> %d" % (method, path, code)
        if not found:
            if code not in (404, 405):
                self.wrong.append(where + ": not in the document")
            return
        name, op = found
        answer = op["responses"].get(str(code))
        if answer is None:
            self.wrong.append(where + ": no such status in the document")
            return
        if code < 400:
            self.seen.add(name)
        answer = follow(answer)
        kinds = answer.get("content", {})
        if not kinds and not value:
            return
        if kind not in kinds and (kind != "text/plain" or code != 400):
            self.wrong.append("%s: %s is not in the document" % (where, kind))
        elif kind.endswith("json"):
            self.wrong += ["%s: %s" % (where, x) for x in
                           faults(value, kinds[kind]["schema"])]

    def events(self, path, headers=None):
        """A generator of (event, id, data) of a stream, None for a pause."""
        return Stream(self, path, headers)


class Stream:
    def __init__(self, server, path, headers=None):
        lines = ["GET %s HTTP/1.1" % path, "Host: localhost",
                 "Accept: text/event-stream"]
        if server.token:
            lines.append("Authorization: Bearer " + server.token)
        lines += ["%s: %s" % kv for kv in (headers or {}).items()]
        self.sock = server.socket(30)
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.sock.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, b"\r\n"):
            k, _, v = line.decode().partition(":")
            self.headers[k.lower()] = v.strip()
        self.text = b""
        self.over = False

    def chunk(self):
        size = int(self.file.readline() or b"0", 16)
        data = self.file.read(size)
        self.file.readline()
        self.over = size == 0
        return data

    def next(self):
        """Event, id, parsed data; None at the end of the stream."""
        while b"\n\n" not in self.text:
            if self.over:
                return None
            self.text += self.chunk()
        block, _, self.text = self.text.partition(b"\n\n")
        event, number, data, first = "message", None, None, None
        for line in block.decode().split("\n"):
            key, _, value = line.partition(": ")
            if key == "event":
                event = value
            elif key == "id":
                number = value
            elif key == "first":
                first = int(value)
            elif key == "data":
                data = json.loads(value)
                if first:
                    data["firstSequence"] = first
        return (event, number, data) if data is not None else self.next()

    def close(self):
        self.file.close()
        self.sock.close()


class WebSocket:
    """The client's end, frame by frame."""

    def __init__(self, server, path, headers=None, key="dGhlIHNhbXBsZSBub25"
                 "jZQ=="):
        lines = ["GET %s HTTP/1.1" % path, "Host: localhost",
                 "Connection: keep-alive, Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
        lines += ["%s: %s" % kv for kv in (headers or {}).items()]
        self.sock = server.socket(30)
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.status = int(self.head.split()[1])

    def more(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError
        self.rest += data

    def frame(self):
        """Its kind (1 text, 2 binary, 8 close, 10 pong) and its bytes; (0,
        b"") at the end."""
        try:
            while len(self.rest) < 2:
                self.more()
            size, at = self.rest[1], 2
            if size >= 126:
                at = 4 if size == 126 else 10
                while len(self.rest) < at:
                    self.more()
                size = int.from_bytes(self.rest[2:at], "big")
            while len(self.rest) < at + size:
                self.more()
        except (EOFError, ConnectionError):
            return 0, b""
        kind, data = self.rest[0] & 15, self.rest[at:at + size]
        self.rest = self.rest[at + size:]
        return kind, data

    def text(self):
        """The next text frame, parsed; None at the end."""
        while True:
            kind, data = self.frame()
            if kind == 1:
                return json.loads(data)
            if kind in (0, 8):
                return None

    def until(self, end):
        """All bytes of binary frames until they hold these."""
        got = b""
        while end not in got:
            kind, data = self.frame()
            if kind in (0, 8):
                break
            if kind == 2:
                got += data
        return got

    def send(self, kind, data):
        if isinstance(data, str):
            data = data.encode()
        n, mask = len(data), os.urandom(4)
        if n < 126:
            head = bytes([0x80 | n])
        elif n < 65536:
            head = b"\xfe" + n.to_bytes(2, "big")
        else:
            head = b"\xff" + n.to_bytes(8, "big")
        self.sock.sendall(bytes([0x80 | kind]) + head + mask + bytes(
            c ^ mask[i & 3] for i, c in enumerate(data)))

    def say(self, **frame):
        self.send(1, json.dumps(frame))

    def close(self):
        self.sock.close()


# --- the document

def operation(method, path):
    """Its name and the operation that answers it, or None."""
    for pattern, methods in API["paths"].items():
        op = methods.get(method.lower())
        if op and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            # A word of its own goes before {id}.
            if "{" in pattern and path in API["paths"]:
                continue
            return method + " " + pattern, op
    return None


def follow(value):
    while "$ref" in value:
        at = API
        for key in value["$ref"].lstrip("#/").split("/"):
            at = at[key]
        value = at
    return value


TYPES = {"string": str, "object": dict, "array": list, "boolean": bool,
         "null": type(None)}
KNOWN = {"type", "properties", "required", "additionalProperties", "items",
         "enum", "description", "format", "minimum", "maximum", "minLength",
         "pattern", "oneOf", "$ref"}


def is_type(value, name):
    if name in ("integer", "number"):
        return (isinstance(value, int if name == "integer" else (int, float))
                and not isinstance(value, bool))
    return isinstance(value, TYPES[name])


def faults(value, schema, at="$"):
    """What a value has that its schema does not allow."""
    schema = follow(schema)
    strange = set(schema) - KNOWN
    if strange:
        return ["%s: the schema says %s" % (at, strange)]
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, n) for n in names):
        return ["%s: %r is no %s" % (at, value, " or ".join(names))]
    if "enum" in schema and value not in schema["enum"]:
        return ["%s: %r is none of %s" % (at, value, schema["enum"])]
    found = []
    if isinstance(value, dict):
        own = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        found += ["%s lacks %s" % (at, k) for k in schema.get("required", [])
                  if k not in value]
        for k, v in value.items():
            if k in own:
                found += faults(v, own[k], at + "." + k)
            elif more is False:
                found.append("%s has %s" % (at, k))
            elif isinstance(more, dict):
                found += faults(v, more, at + "." + k)
    elif isinstance(value, list) and "items" in schema:
        for i, v in enumerate(value):
            found += faults(v, schema["items"], "%s[%d]" % (at, i))
    return found
