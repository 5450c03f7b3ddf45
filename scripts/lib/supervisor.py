"""Speaks to supervisord on its unix socket: one call for any number of processes."""
import http.client
import os
import signal
import socket
import sys
import time
import xmlrpc.client

STOP_SECONDS = 120  # longer than supervisord gives any part before it kills it


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


class Transport(xmlrpc.client.Transport):
    """Takes the socket's path, since an address of HTTP has no room for one."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        return Connection(self.path, timeout=STOP_SECONDS)


def together(server, method, names, *args):
    """Calls `method` for each name; a process that already is as wanted is no error."""
    calls = [{"methodName": f"supervisor.{method}", "params": [name, *args]} for name in names]
    answers = server.system.multicall(calls)
    for name, answer in zip(names, answers):
        if isinstance(answer, dict) and "faultString" in answer:
            fault = answer["faultString"].split(":")[0]
            if fault not in ("ALREADY_STARTED", "NOT_RUNNING"):
                sys.exit(f"supervisor: {method} {name}: {answer['faultString']}")


def start(server, names):
    """Starts processes and does not wait for them."""
    together(server, "startProcess", names, False)


def going(server, names):
    """Those of the names that have not ended yet."""
    return [
        f"{p['group']}:{p['name']}"
        for p in server.supervisor.getAllProcessInfo()
        if (f"{p['group']}:{p['name']}" in names or p["name"] in names)
        and p["statename"] not in ("STOPPED", "EXITED", "FATAL")
    ]


def stop(server, names):
    """Stops processes and waits."""
    together(server, "stopProcess", names, False)
    end = time.monotonic() + STOP_SECONDS
    while left := going(server, names):
        if time.monotonic() > end:
            sys.exit(f"supervisor: still running: {' '.join(left)}")
        time.sleep(0.05)


def hangup(server, names):
    """Tells processes to begin anew."""
    together(server, "signalProcess", names, "HUP")


def reopen(server, _names):
    """Has nginx and supervisord open their logs by name again."""
    together(server, "signalProcess", ["nginx"], "USR1")
    os.kill(server.supervisor.getPID(), signal.SIGUSR2)


def state(server, _names):
    """A line a process: name, state, process id, seconds it has lived. STARTING is its beginning."""
    for p in server.supervisor.getAllProcessInfo():
        name = p["name"] if p["name"] == p["group"] else f"{p['group']}:{p['name']}"
        runs = p["statename"] in ("STARTING", "RUNNING") and p["pid"] > 0
        print(name, "RUNNING" if runs else p["statename"], p["pid"], p["now"] - p["start"] if runs else 0)


def shutdown(server, _names):
    """Stops everything and supervisord itself; does not wait."""
    server.supervisor.shutdown()


def ping(server, _names):
    """Says whether supervisord is ready."""
    if server.supervisor.getState()["statename"] != "RUNNING":
        sys.exit(1)


COMMANDS = {
    "start": start,
    "stop": stop,
    "hangup": hangup,
    "reopen": reopen,
    "state": state,
    "shutdown": shutdown,
    "ping": ping,
}


def main():
    """supervisor.py SOCKET COMMAND [NAME...]"""
    path, command, *names = sys.argv[1:]
    server = xmlrpc.client.ServerProxy("http://supervisor", transport=Transport(path))
    try:
        COMMANDS[command](server, names)
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"supervisor: no answer on {path}: {error}")


if __name__ == "__main__":
    main()
