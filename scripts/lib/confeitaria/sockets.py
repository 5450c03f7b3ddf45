"""The pools' sockets, while a killed supervisord is replaced.

supervisord makes them when it begins, and closes them again until it begins workers. Meanwhile nobody would be behind
their names, although the workers that the killed one left still serve. So nginx looks for them through a link, run/w:
it leads to run/ itself, or, until the new workers have begun, to run/left, where the old sockets have second names."""
import os
import shutil
import socket
import time

from .pools import POOLS
from .state import link

LINK = "w"  # short: paths of sockets end at 107 bytes
LEFT = "left"


def ensure(state):
    """Makes the link where there is none."""
    if not os.path.lexists(state.run / LINK):
        link(state.run / LINK, ".")


def keep(state):
    """Leads nginx to the sockets that are there, before a supervisord begins. Those that were kept before stay."""
    ensure(state)
    if os.readlink(state.run / LINK) == LEFT:
        return
    shutil.rmtree(state.run / LEFT, ignore_errors=True)
    (state.run / LEFT).mkdir(0o750)
    for pool in POOLS:
        if (path := state.run / f"{pool}.sock").is_socket():
            os.link(path, state.run / LEFT / path.name)
    link(state.run / LINK, LEFT)


def turn(state):
    """Leads nginx to the new sockets, and waits until the old workers have accepted what waited in theirs. systemd
    keeps the sockets that it has."""
    if state.installed:
        return
    ensure(state)
    if os.readlink(state.run / LINK) != LEFT:
        return
    link(state.run / LINK, ".")
    end = time.monotonic() + state.running["prazo_segundos"]
    for path in (state.run / LEFT).iterdir():
        drain(path, end)
    shutil.rmtree(state.run / LEFT)


def drain(path, end):
    """Waits until a worker has accepted us, and so all who came before, and has found that we want nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(max(0.01, end - time.monotonic()))
        try:
            client.connect(str(path))
            client.shutdown(socket.SHUT_WR)
            client.recv(1)
        except OSError:
            pass


def answers(path):
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
            return True
        except OSError:
            return False
