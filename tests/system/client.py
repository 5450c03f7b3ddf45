"""HTTP as a client speaks it: exact bytes out, an answer with exact numbers back, kept connections."""
import http.client
import json
import os
import select
import socket
import time
from decimal import Decimal
from pathlib import Path

from generated import problems

TOP = Path(__file__).resolve().parents[2]
PLACE = os.environ.get("CONFEITARIA_TEST_PLACE", "/tmp")  # where systems are made
PROBLEM_MEMBERS = {"success", "error", "type", "title", "status", "detail", "codigo", "request_id"}
EXTENSIONS = {"detalhes", "pedido_id", "valor_total"}
WAIT_SECONDS = 120  # the ceiling of every wait: what takes longer is broken, not slow
IDLE_SECONDS = 5  # nginx closes a connection that was idle for 30


def exact(text):
    """JSON with decimals as they are written, and no name twice."""

    def pairs(members):
        names = [name for name, _ in members]
        assert len(names) == len(set(names)), f"a name twice in {names}"
        return dict(members)

    return json.loads(text, parse_float=Decimal, object_pairs_hook=pairs)


class Answer:
    """What came back. `label` says what was asked, for messages."""

    def __init__(self, label, response, body):
        self.label = label
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def __repr__(self):
        return f"{self.label} -> {self.status} {self.text[:600]}"

    @property
    def text(self):
        """The body as text; what is not UTF-8 is shown escaped."""
        return self.body.decode("utf-8", "backslashreplace")

    @property
    def json(self):
        """The body as JSON, strictly."""
        return exact(self.body.decode("utf-8"))

    @property
    def data(self):
        """`data` of a success."""
        return self.ok()

    @property
    def etag(self):
        """The entity tag."""
        return self.headers["ETag"]

    def ok(self, status=200):
        """Asserts a success in the envelope and returns its data."""
        assert self.status == status, self
        assert self.headers["Content-Type"] == "application/json; charset=utf-8", (self, self.headers["Content-Type"])
        whole = self.json
        assert whole["success"] is True, self
        return whole["data"]

    def problem(self, codigo, *campos):
        """Asserts problem `codigo` in its whole shape, with complaints about exactly `campos` if any; returns it."""
        known = problems()[codigo]
        assert self.status == known.status, self
        assert self.headers["Content-Type"].startswith("application/problem+json"), (self, self.headers["Content-Type"])
        problem = self.json
        assert problem["codigo"] == codigo, self
        assert PROBLEM_MEMBERS <= set(problem) <= PROBLEM_MEMBERS | EXTENSIONS, self
        assert problem["success"] is False, self
        assert problem["status"] == known.status and problem["title"] == known.title, self
        assert problem["type"] == "/erros/" + codigo.replace("_", "-"), self
        assert problem["detail"].strip() and problem["error"] == problem["detail"], self
        assert problem["request_id"] == self.headers["X-Request-Id"], self
        assert (self.headers["Retry-After"] is not None) == (known.retry > 0), self
        assert self.headers["WWW-Authenticate"] == ("Bearer" if known.status == 401 else None), self
        for line in problem.get("detalhes", []):
            assert set(line) == {"campo", "erro"} and line["erro"].strip(), self
        if campos:
            assert sorted(line["campo"] for line in problem["detalhes"]) == sorted(campos), self
        return problem


class Client:
    """One kept connection, with a token or without. Not for several threads."""

    def __init__(self, port, token=None, contract=None, host="127.0.0.1", timeout=WAIT_SECONDS):
        self.host, self.port, self.token, self.contract, self.timeout = host, port, token, contract, timeout
        self.connection, self.used = None, 0.0

    def request(self, method, target, body=None, headers=None):
        """Sends exactly `target`; `body` is JSON unless it is bytes. Header values of None are not sent."""
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body, ensure_ascii=False).encode()
        headers = {name: value for name, value in headers.items() if value is not None}
        answer = self.exchange(method, target, body, headers)
        if self.contract:
            self.contract.check(method, target, body, answer)
        return answer

    def exchange(self, method, target, body, headers):
        """One request and its answer, on the kept connection if it is fresh."""
        if self.connection is None or time.monotonic() - self.used > IDLE_SECONDS or self.closed_by_server():
            self.close()
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            self.connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                self.connection.putheader(name, value)
            if body is not None and "Content-Length" not in headers and "Transfer-Encoding" not in headers:
                self.connection.putheader("Content-Length", str(len(body)))
            self.connection.endheaders()
            try:
                if body is not None:
                    self.connection.send(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused by its size: the answer is there to be read
            response = self.connection.getresponse()
            content = response.read()
        except BaseException:
            self.close()
            raise
        self.used = time.monotonic()
        return Answer(f"{method} {target[:200]}", response, content)

    def closed_by_server(self):
        """Whether the kept connection has ended meanwhile, as when nginx has read its files again: something is there
        to be read."""
        sock = self.connection.sock
        return sock is not None and bool(select.select([sock], [], [], 0)[0])

    def close(self):
        """Closes the connection; the next request opens another."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def get(self, target, **more):
        """GET."""
        return self.request("GET", target, **more)

    def head(self, target, **more):
        """HEAD."""
        return self.request("HEAD", target, **more)

    def post(self, target, body=None, **more):
        """POST."""
        return self.request("POST", target, body, **more)

    def put(self, target, body=None, **more):
        """PUT."""
        return self.request("PUT", target, body, **more)

    def patch(self, target, body=None, **more):
        """PATCH."""
        return self.request("PATCH", target, body, **more)

    def delete(self, target, **more):
        """DELETE."""
        return self.request("DELETE", target, **more)


class Internal(Client):
    """A client of nginx's internal socket, as the services are."""

    def __init__(self, path, token=None):
        super().__init__(0, token)
        self.path = str(path)

    def exchange(self, method, target, body, headers):
        """One request on a connection of its own."""
        self.connection = http.client.HTTPConnection("interno", timeout=WAIT_SECONDS)
        self.connection.sock = socket.socket(socket.AF_UNIX)
        self.connection.sock.connect(self.path)
        self.used = float("inf")
        return super().exchange(method, target, body, headers)
