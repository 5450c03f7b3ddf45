"""Which TCP ports cannot be bound, and by whose fault."""
import errno
import json
import os
import socket

import psutil


def refusals(address, ports):
    """`80 in use by nginx (process 12)` for each port that cannot be bound as nginx will."""
    found = []
    for port in ports:
        error = refusal(port, address)
        if error == errno.EACCES:
            found.append(f"{port} not permitted to this user")
        elif error == errno.EADDRINUSE:
            found.append(f"{port} {holder(port)}")
        elif error not in (None, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            found.append(f"{port}: {os.strerror(error)}")
    return found


def refusal(port, address):
    """None when the port can be bound, else the errno."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
            sock.listen(1)
        except OSError as error:
            return error.errno
    return None


def listeners():
    """Port -> `nginx (process 12)`, of every listening socket whose process this user may see."""
    found = {}
    for one in psutil.net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and one.pid:
            try:
                found[one.laddr.port] = f"{psutil.Process(one.pid).name()} (process {one.pid})"
            except (psutil.Error, OSError):
                pass
    return found


def holder(port):
    """Who listens there. Root sees more, and has told (privilege.py)."""
    told = json.loads(os.environ.get("CONFEITARIA_LISTENERS", "{}"))
    who = listeners().get(port) or told.get(str(port))
    return f"in use by {who}" if who else "in use by a process that this user cannot see"
