"""The page and its answers over HTTP, on this machine alone unless told.

Nothing but Python's own server: pages and scripts are files of the package, an answer is a line of
JSON a message. An answer that nobody reads any more, of a closed tab too, is dropped.
"""

import contextlib
import errno
import ipaddress
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from multiprocessing.connection import wait
from typing import Any
from urllib.parse import urlsplit

from bbpscape.core.checks import InvalidInput, integer, one_line
from bbpscape.explore.controls import controls
from bbpscape.explore.pool import Pool, Unavailable, Worker
from bbpscape.explore.state import LONGEST
from bbpscape.explore.views import QUESTIONS
from bbpscape.explore.worker import END

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Questions that may take long: they leave a process to the others.
SLOW = ("simulation", "finite", "phases", "descent", "picture")
# Questions that somebody waits for: others rest meanwhile.
URGENT = ("density", "table")
MOST_CONNECTIONS = 300
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
TEXT = "text/plain; charset=utf-8"
IDLE = 60.0  # seconds after which a silent connection is closed
LONGEST_ANSWER = 600.0


class Server(ThreadingHTTPServer):
    """The server at ``host`` and ``port``, 0 for a free one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int) -> None:
        port = integer("port", port, 0, 65535)
        self.host = host
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        # What can be no name of a host is one of the last two.
        except (OSError, ValueError, TypeError) as error:
            said = getattr(error, "strerror", None) or error
            port_is_it = getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
            advice = (
                "choose another, or 0 for any that is free"
                if port_is_it
                else "host must be an address or a name of this machine"
            )
            refusal = f"port {port} of {host} cannot be opened ({said}): {advice}"
            raise InvalidInput(one_line(refusal)) from None
        self.port = int(self.server_address[1])
        self.files = {
            one.name: one.read_bytes()
            for one in resources.files("bbpscape.explore").joinpath("page").iterdir()
        }
        self.controls = json.dumps(controls()).encode()
        self.open: set[socket.socket] = set()
        self.pool = Pool()

    @property
    def address(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    def allowed(self, host: str) -> bool:
        """Whether a request was meant for this server: other names may lead here by a trick.

        Any port is allowed: a tunnel has one of its own.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if self.host in LOOPBACK:
            return name in LOOPBACK
        return name in (*LOOPBACK, self.host, socket.gethostname().lower()) or _is_number(name)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Not more connections than there may be open files."""
        return len(self.open) < MOST_CONNECTIONS

    def end(self) -> None:
        """Serve no longer: what is asked on open connections neither."""
        self.shutdown()
        self.server_close()
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.pool.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no error."""


def _is_number(name: str) -> bool:
    """Whether it is an address and no name, which somebody else could lead here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "bbpscape", ""
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """What is asked is nobody's business."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What Python's own server refuses: in words of ours, and in no version but this."""
        self.request_version = self.protocol_version
        self._refuse(code, self.responses.get(code, ("this is no request",))[0].lower())

    def do_GET(self) -> None:
        said = self._misformed()
        if said:
            self._refuse(400, said)
            return
        path = urlsplit(self.path)
        head, _, name = path.path.lstrip("/").partition("/")
        refused = self._refused(own_page=bool(head) and head != "page")
        if refused:
            self._refuse(403, refused)
        elif not head or (head == "page" and name in self.server.files):
            name = name or "index.html"
            self._reply(200, self.server.files[name], KINDS[f".{name.rpartition('.')[2]}"])
        elif head == "controls":
            self._reply(200, self.server.controls, "application/json")
        elif head == "alive":
            self._reply(200, b"{}", "application/json")
        elif head == "ask" and name in QUESTIONS and len(path.query) <= LONGEST:
            self._answer(name, path.query)
        else:
            self._reply(404, b"there is no such page\n", TEXT)

    def _refuse(self, status: int, said: str) -> None:
        """Say why, and end the connection."""
        self.close_connection = True
        self._reply(status, f"{said}\n".encode(), TEXT, Connection="close")

    def _misformed(self) -> str:
        """What is wrong with a request, "" if nothing is."""
        if self.request_version != "HTTP/1.1":
            return "HTTP/1.1 is needed"
        # What is left unread would be taken for the next request.
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            return "a question has no body"
        try:
            urlsplit(self.path)
        except ValueError:
            return "the address cannot be read"
        return ""

    def _refused(self, own_page: bool) -> str:
        """Why a request is refused: it is for another host, or from another page."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if not self.server.allowed(host):
            return "this server answers to its own address only"
        if origin is not None and origin != f"http://{host}":
            return "requests from other pages are refused"
        site = self.headers.get("Sec-Fetch-Site", "none")
        if own_page and site not in ("same-origin", "none"):
            return "requests from other pages are refused"
        return ""

    def _head(self, status: int, kind: str, **others: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **SAFE, **others}.items():
            self.send_header(name, value)
        self.end_headers()

    def _reply(self, status: int, body: bytes, kind: str, **others: str) -> None:
        self._head(status, kind, **{"Content-Length": str(len(body))}, **others)
        self.wfile.write(body)

    def _answer(self, view: str, query: str) -> None:
        """The messages of a view, until they end or nobody listens."""
        self._head(200, "application/x-ndjson", **{"Transfer-Encoding": "chunked"})
        gone = threading.Event()
        client = f"{self.headers.get('X-Tab', '')[:40]} {view}"
        try:
            lent = self.server.pool.lend(client, self._has_gone, view in SLOW, view in URGENT)
            with lent as worker:
                if worker is None:
                    gone.set()
                else:
                    self._pass_on(worker, view, query, gone)
        except Unavailable as error:
            self._chunk(_error(str(error)) if str(error) else {"busy": True})
        if gone.is_set():
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _pass_on(self, worker: Worker, view: str, query: str, gone: threading.Event) -> None:
        until = time.monotonic() + LONGEST_ANSWER
        try:
            worker.ask(view, query)
            while True:
                ready = wait([worker.line, self.connection], timeout=until - time.monotonic())
                if worker.line in ready:
                    message = worker.hear()
                    if message == END:
                        worker.free = True
                        return
                    self._chunk(message)
                elif not ready:
                    limit = f"this took more than {LONGEST_ANSWER / 60:g} minutes, and was ended"
                    self._chunk(_error(limit))
                    return
                elif self._has_gone():
                    gone.set()
                    return
        except EOFError:
            said = "the computation ended: it may have needed more memory than there is"
            self._chunk(_error(said, "N"))
        except OSError:
            gone.set()

    def _chunk(self, message: dict[str, Any]) -> None:
        line = json.dumps(message, allow_nan=False).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def _has_gone(self) -> bool:
        """Whether the browser has closed the connection; none says anything else meanwhile."""
        return bool(wait([self.connection], timeout=0))


def _error(message: str, field: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "field": field}}
