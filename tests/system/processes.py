"""Processes of a running system: who started whom, what they use, signals that hit nobody else. psutil reads /proc."""
import ctypes
import os
import platform
import pwd
import re
from contextlib import contextmanager
from pathlib import Path

import psutil

SETRESUID, SETRESGID = {"x86_64": (117, 119), "aarch64": (147, 149)}.get(platform.machine(), (0, 0))


@contextmanager
def servers_user(name):
    """Meanwhile this thread, when it is root's, connects as the servers' user. libc's call would change all threads."""
    if os.geteuid() != 0:
        yield
        return
    user = pwd.getpwnam(name)
    be(SETRESGID, user.pw_gid)
    be(SETRESUID, user.pw_uid)
    try:
        yield
    finally:
        be(SETRESUID, 0)
        be(SETRESGID, 0)


def be(call, effective):
    """One of the two system calls."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(call, -1, effective, -1) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def alive(pid):
    """Whether a process runs: one that only waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children(pid, title="", recursive=False):
    """Processes that a process started and whose command line begins so; none when it is gone."""
    try:
        started = psutil.Process(pid).children(recursive)
    except psutil.NoSuchProcess:
        return []
    return sorted(child.pid for child in started if not title or title_of(child).startswith(title))


def title_of(process):
    """A command line, as ps shows it; empty when the process is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def family(pid):
    """A process and all below it."""
    return [pid, *children(pid, recursive=True)]


def nginx_workers(master):
    """The processes of nginx that serve, which may be about to end; others keep its cache."""
    return children(master, "nginx: worker process")


def kill(pid, parent):
    """kill -9, if it is a child of `parent`: a process that has got the number since is not hit. Whether it was."""
    try:
        process = psutil.Process(pid)
        if process.ppid() != parent:
            return False
        process.kill()
        return True
    except psutil.NoSuchProcess:
        return False


def freeze(pids):
    """SIGSTOP for each that is still there; what thaw() wants."""
    frozen = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            process.suspend()
            frozen.append(process)
        except psutil.NoSuchProcess:
            pass
    return frozen


def thaw(frozen):
    """SIGCONT for the same processes."""
    for process in frozen:
        try:
            process.resume()
        except psutil.NoSuchProcess:
            pass


def traced_by(pid):
    """The tracer's process id; 0 without one."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(next(line.split()[1] for line in status if line.startswith("TracerPid:")))


def total(pids, figure):
    """The sum of a figure over those processes that are still there."""
    found = 0
    for pid in pids:
        try:
            found += figure(psutil.Process(pid))
        except psutil.NoSuchProcess:
            pass
    return found


def open_files(pids):
    """How many files and connections they have open."""
    return total(pids, lambda process: process.num_fds())


def taken(pid, path):
    """How many connections a worker has taken from its pool's socket: each has the path that the socket itself has."""
    process = psutil.Process(pid)
    connections = getattr(process, "net_connections", None) or process.connections  # renamed in psutil 6
    return sum(connection.laddr == str(path) for connection in connections("unix")) - 1


def rss_kib(pids):
    """Resident memory; what several share is counted for each."""
    return total(pids, lambda process: process.memory_info().rss) // 1024


def pss_kib(pids):
    """Memory that each has alone, and its part of what it shares."""
    return total(pids, lambda process: process.memory_full_info().pss) // 1024


def peak_kib(pid):
    """The most resident memory that a process has had, before any execve(2) too."""
    return int(re.search(r"^VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.M)[1])


def cpu_seconds(pids):
    """CPU time so far, that of ended children included. Of a process itself in nanoseconds (/proc/PID/schedstat), where
    psutil has hundredths of a second."""

    def spent(process):
        try:
            own = int(Path(f"/proc/{process.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        except OSError:
            return 0
        times = process.cpu_times()
        return own + times.children_user + times.children_system

    return total(pids, spent)


def serving(shop):
    """Those that answer requests: the workers, Redis, the backends of PostgreSQL."""
    processes = shop.processes()
    clusters = [pid for name, pid in processes.items() if name.startswith("pg-")]
    workers = {pid for name, pid in processes.items() if ":" in name and not name.startswith("conciliador")}
    return [*workers, processes["redis"], *(child for pid in clusters for child in children(pid))]
