"""FastCGI as nginx speaks it to a worker, for what no client of nginx can say or do."""
import json
import socket
import struct

from client import WAIT_SECONDS

BEGIN, PARAMS, STDIN, STDOUT = 1, 4, 5, 6
RESPONDER = struct.pack(">HB5x", 1, 0)


def record(kind, content=b""):
    """One record of request 1; content may be longer than a record."""
    piece = content[:65535]
    head = struct.pack(">BBHHBx", 1, kind, 1, len(piece), 0) + piece
    return head + record(kind, content[65535:]) if len(content) > 65535 else head


def pair(name, value):
    """A parameter, its lengths before it."""
    name, value = name.encode(), str(value).encode()
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


class Request:
    """A request that a worker has, or will have when it accepts it."""

    def __init__(self, path, method, target, body, **params):
        content = json.dumps(body).encode()
        given = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": len(content),
            **params,
        }
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_SECONDS)
        self.socket.connect(str(path))
        words = b"".join(pair(name, value) for name, value in given.items())
        self.socket.sendall(
            record(BEGIN, RESPONDER) + record(PARAMS, words) + record(PARAMS) + record(STDIN, content) + record(STDIN)
        )

    def leave(self):
        """Hangs up, as nginx does at its timeout."""
        self.socket.close()

    def answer(self):
        """The status and the body, as JSON, once it is there."""
        raw, out = b"", b""
        while piece := self.socket.recv(65536):
            raw += piece
        self.socket.close()
        while raw:
            kind, length, padding = struct.unpack(">xBxxHBx", raw[:8])
            out += raw[8 : 8 + length] if kind == STDOUT else b""
            raw = raw[8 + length + padding :]
        head, _, body = out.partition(b"\r\n\r\n")
        line = next(line for line in head.split(b"\r\n") if line.startswith(b"Status: "))
        return int(line.split()[1]), json.loads(body)
