"""A shop's web service: items from PostgreSQL, a visit counter in Redis.

Only the standard library: PostgreSQL is asked through psql, Redis by its own
protocol, which is a few lines.
"""

import http.server
import os
import signal
import socket
import subprocess
import sys
import time


def redis(*words):
    request = b"*%d\r\n" % len(words)
    for word in words:
        request += b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())
    with socket.create_connection(
            ("127.0.0.1", int(os.environ["CACHE_PORT"])), 5) as s:
        s.sendall(request)
        answer = s.makefile("rb").readline().strip()
    if answer[:1] not in (b":", b"+"):
        raise RuntimeError("redis says " + repr(answer))
    return answer[1:].decode()


def sql(query):
    done = subprocess.run(["psql", "-XAtq", "-F", " ", "-c", query],
                          capture_output=True, text=True, timeout=20)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or "psql failed")
    return done.stdout


def answer(path):
    if path == "/health":
        return "ok\n" if redis("PING") == "PONG" else None
    if path == "/items":
        return sql("select id, name, stock from items order by id")
    if path == "/visits":
        return redis("INCR", "visits") + "\n"
    if path.startswith("/buy/") and path[5:].isdigit():
        left = sql("update items set stock = stock - 1 where id = %d "
                   "returning stock" % int(path[5:]))
        return "left " + left if left else None
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        began = time.monotonic()
        try:
            body = answer(self.path)
            code = 200 if body else 404
        except (OSError, RuntimeError, subprocess.SubprocessError) as e:
            body, code = str(e) + "\n", 503
            print("ERROR", self.path, str(e).replace("\n", " "), flush=True)
        body = (body or "not found\n").encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print("%s %d in %.1fms" % (self.path, code,
              (time.monotonic() - began) * 1000), flush=True)

    def log_message(self, *args):
        pass


def main():
    port = int(os.environ["PORT"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    print("serving on port", port, flush=True)
    try:
        server.serve_forever()
    finally:
        print("closing", flush=True)


main()
