"""Which parts the zelador restarts because their socket is gone: by sockets as the kernel knows them."""
import socket
from types import SimpleNamespace

import pytest

from confeitaria import zelador
from confeitaria.supervisor import Process


class Manager:
    """What runs, and what was stopped and started."""

    def __init__(self, **states):
        self.states, self.done = states, []

    def processes(self):
        """All of them, old enough for anything."""
        return {name: Process(name, state, 1, 1000) for name, state in self.states.items()}

    def stop(self, names):
        """Notes it."""
        self.done.append(("stop", names))

    def start(self, names):
        """Notes it."""
        self.done.append(("start", names))


@pytest.fixture(name="place")
def fixture_place(tmp_path, monkeypatch):
    """Where redis' socket is to be."""
    place = tmp_path / "redis.sock"
    monkeypatch.setattr(zelador, "sockets", lambda state: {"redis": place})
    return place


def polled(manager, place, times=3):
    """What was done in so many polls."""
    missing = set()
    for _ in range(times):
        missing = zelador.poll(SimpleNamespace(tmp=place.parent), manager, missing)
    return manager.done


def test_a_part_that_is_starting(place):
    """It has no socket yet, and may take long: it is left alone."""
    assert polled(Manager(redis="RUNNING"), place) == []


def test_a_part_whose_socket_was_deleted(place):
    """It listens where no client finds it: it is restarted, once it was missing twice."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        assert polled(Manager(redis="RUNNING"), place) == []
        place.unlink()
        assert polled(Manager(redis="RUNNING"), place, times=1) == []
        assert polled(Manager(redis="RUNNING"), place, times=2) == [("stop", ["redis"]), ("start", ["redis"])]
        assert polled(Manager(redis="STOPPED"), place) == []


def test_a_socket_that_only_connects(place):
    """Whoever bound that name and does not listen is no server."""
    with socket.socket(socket.AF_UNIX) as client:
        client.bind(str(place))
        place.unlink()
        assert polled(Manager(redis="RUNNING"), place) == []
