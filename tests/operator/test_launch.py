"""Which process is a part's main one."""
import psutil
import pytest

from confeitaria import processes

MASTER = ["nginx:", "master", "process", "/usr/sbin/nginx"]
WORKER = ["nginx:", "worker", "process"]
SHUTTING_DOWN = ["nginx:", "worker", "process", "is", "shutting", "down"]


class Fake:
    """A process as psutil shows it; it began at the second that its number is."""

    def __init__(self, pid, parent, words):
        self.pid, self.parent, self.words = pid, parent, words

    def ppid(self):
        """Its parent's number."""
        return self.parent

    def cmdline(self):
        """Its command line; one without is gone."""
        if self.words is None:
            raise psutil.NoSuchProcess(self.pid)
        return self.words

    def create_time(self):
        """When it began."""
        return self.pid


@pytest.mark.parametrize(
    "found, pid_file, expected",
    [
        ([], None, None),
        ([(20, 1, MASTER), (21, 20, WORKER)], None, 20),
        # A worker between its fork and its first instructions.
        ([(20, 1, MASTER), (21, 20, WORKER), (22, 20, MASTER)], None, 20),
        ([(20, 1, MASTER), (21, 20, MASTER)], "20\n", 20),
        # The file is one of before, or no file of nginx's.
        ([(20, 1, MASTER), (21, 20, MASTER)], "7\n", 20),
        ([(20, 1, MASTER), (21, 20, WORKER)], "21\n", 20),
        ([(20, 1, MASTER), (21, 20, MASTER)], "xyz", 20),
        # nginx exchanges its program: the new master has not written its file, has written it, and is alone.
        ([(20, 1, MASTER), (21, 20, WORKER), (30, 20, MASTER)], None, 20),
        ([(20, 1, MASTER), (21, 20, WORKER), (30, 20, MASTER), (31, 30, MASTER)], "30\n", 30),
        ([(30, 1, MASTER), (31, 30, WORKER)], "30\n", 30),
        ([(21, 1, SHUTTING_DOWN), (22, 1, None)], "20\n", None),
    ],
)
def test_the_master_of_nginx(state, monkeypatch, found, pid_file, expected):
    """Never a worker of it, whatever its title says at the moment."""
    state.run.mkdir(exist_ok=True)
    if pid_file:
        (state.run / "nginx.pid").write_text(pid_file, encoding="ascii")
    monkeypatch.setattr(processes, "of_state", lambda _: {Fake(*one): "nginx" for one in found})
    process = processes.main_process(state, "nginx")
    assert (process and process.pid) == expected
