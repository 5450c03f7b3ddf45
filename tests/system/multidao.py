"""A crowd of clients in one thread, from any loopback address: each opens its own connection, and may dawdle."""
import asyncio
import http.client
import io
import json
import select
import socket
import threading
import time
from contextlib import contextmanager

from client import WAIT_SECONDS, Answer

PACE_SECONDS = 0.2


class Response:
    """Status and headers, as Answer wants them."""

    def __init__(self, head):
        line, _, rest = head.partition(b"\r\n")
        self.status = int(line.split()[1])
        self.headers = http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n"))


def parsed(label, raw):
    """The whole of what came until the connection's end."""
    head, _, body = raw.partition(b"\r\n\r\n")
    return Answer(label, Response(head), body)


def request(method, target, body=None, headers=()):
    """The bytes of a request after which the connection ends."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {target} HTTP/1.1", "Host: loja", "Connection: close", *headers]
    if method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def ask(port, text, source="127.0.0.1"):
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        writer.write(text)
        raw = await asyncio.wait_for(reader.read(-1), WAIT_SECONDS)
    finally:
        writer.close()
    return parsed(text.partition(b"\r\n")[0].decode(), raw)


def crowd(port, texts, source="127.0.0.1"):
    """All of them at the same time; the answers in order."""

    async def all_of_them():
        return await asyncio.gather(*(ask(port, text, source) for text in texts))

    return asyncio.run(all_of_them())


def siege(port, texts, clients, seconds):
    """So many clients ask one thing after another, as fast as they are answered, for so long; all answers."""
    answers, end = [], time.monotonic() + seconds

    async def one(number):
        while time.monotonic() < end:
            answers.append(await ask(port, texts[number % len(texts)]))

    async def all_of_them():
        await asyncio.gather(*(one(number) for number in range(clients)))

    asyncio.run(all_of_them())
    return answers


class Slow:
    """Connections that have been opened and begun, and are carried on by hand."""

    def __init__(self, port, count, begin, source="127.0.0.1", receive=None):
        self.connections = []
        for _ in range(count):
            connection = socket.socket()
            if receive:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
            connection.bind((source, 0))
            connection.settimeout(WAIT_SECONDS)
            connection.connect(("127.0.0.1", port))
            connection.sendall(begin)
            connection.setblocking(False)
            self.connections.append(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.connections:
            connection.close()

    def dribble(self, byte=b"x"):
        """A byte more from each that is still connected."""
        for connection in self.connections:
            try:
                connection.send(byte)
            except OSError:
                pass

    @contextmanager
    def dribbling(self):
        """Meanwhile each sends a byte now and then; gives [the longest time between two of them so far]."""
        longest, over = [0.0], threading.Event()

        def dribble_on():
            last = time.monotonic()
            while not over.wait(PACE_SECONDS):
                self.dribble()
                now = time.monotonic()
                longest[0], last = max(longest[0], now - last), now

        thread = threading.Thread(target=dribble_on)
        thread.start()
        try:
            yield longest
        finally:
            over.set()
            thread.join()

    def heard(self):
        """What each has been told up to now: None for nothing, b"" for the end."""
        return [told(connection) for connection in self.connections]

    def gone(self):
        """How many have been hung up on, or answered."""
        return sum(said is not None for said in self.heard())

    def cut(self):
        """How many have been broken off, whatever still lies in them to be read."""
        return sum(broken(connection) for connection in self.connections)


def broken(connection):
    """Whether a connection is gone in both directions."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


def told(connection):
    """What lies in a connection to be read, without taking it."""
    try:
        return connection.recv(4096, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
