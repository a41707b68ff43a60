"""A server that speaks OpenAI's protocol, in this process: it keeps what it is asked, and fails as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from reins.eval.sample.generate import generate
from reins.eval.sample.settings import read_server

Body = dict[str, Any]
MODEL, ROWS = "served-model", 12


def said(text: str | None, finish: str | None = "stop", usage: Body | None = None, **message: Any) -> Body:
    """A chat completion."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": finish,
    }
    return {"model": MODEL, "choices": [choice]} | ({"usage": usage} if usage else {})


def failure(status: int, message: str, **headers: str) -> Callable[["Handler"], None]:
    """An answer of that status."""

    def answer(handler: "Handler") -> None:
        handler.send(status, {"error": {"message": message}}, headers)

    return answer


def dropped(handler: "Handler") -> None:
    """The connection ends before a byte of an answer."""
    handler.close_connection = True


def half(handler: "Handler") -> None:
    """The connection ends in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.close_connection = True


def unended(handler: "Handler") -> None:
    """A whole answer with a reply that has not ended."""
    handler.send(200, said("It is", None))


def aborted(handler: "Handler", reason: str = "abort") -> None:
    """What vLLM answers where a request was aborted: a whole answer with half a reply."""
    handler.send(200, said("It is", reason))


class Server:
    """`faults` are answered first, one a request; then `reply` says what a chat or completion's body is answered with."""

    def __init__(self, reply: Callable[[Body], Body]) -> None:
        self.reply = reply
        self.models: list[Body] | None = [{"id": MODEL, "max_model_len": 4096}]
        self.faults: list[Callable[[Handler], None]] = []
        self.key = ""
        self.posted: list[Body] = []  # every body, answered or not
        self.asked_for_models = 0
        self.keys: set[str | None] = set()
        self.lock = threading.Lock()
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Server  # set by `serving`

    def do_GET(self) -> None:
        self.served.asked_for_models += 1
        if not self._refuse():
            listed = self.served.models
            self.send(404 if listed is None else 200, {"object": "list", "data": listed})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.served.lock:
            self.served.posted.append(body)
            fault = self.served.faults.pop(0) if self.served.faults else None
        if self._refuse():
            return
        if fault:
            fault(self)
        elif body["model"] != MODEL:
            self.send(404, {"error": {"message": f"The model {body['model']} does not exist."}})
        else:
            self.send(200, self.served.reply(body))

    def _refuse(self) -> bool:
        """A wrong key is said back, as some servers do."""
        key = self.headers.get("Authorization")
        self.served.keys.add(key)
        if not self.served.key or key == f"Bearer {self.served.key}":
            return False
        self.send(401, {"error": {"message": f"Incorrect API key provided: {key}"}})
        return True

    def send(self, status: int, content: Body, headers: Body | None = None) -> None:
        self.send_text(status, json.dumps(content), headers)

    def send_text(self, status: int, text: str, headers: Body | None = None) -> None:
        sent = text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(sent)), **(headers or {})}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(reply: Callable[[Body], Body]) -> Iterator[Server]:
    """A server on the loopback, its address in `url`."""
    server = Server(reply)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"served": server}))
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_port}/v1"
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def sample(
    server: Server, rows: Path, out: Path, model: str = MODEL, settings: Body | None = None, **changes: Any
) -> Path:
    """`generate` with this server; `settings` are the server's, `changes` the call's."""
    asked = {"samples": 1, "max_new_tokens": 16, "temperature": 0.5, "top_p": 0.9} | changes
    where = read_server({"base_url": server.url, **(settings or {})})
    return generate(model, rows, out, engine="openai", server=where, **asked)
