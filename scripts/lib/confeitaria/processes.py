"""The processes of a state, known by what they run and where, never by name alone."""
from dataclasses import dataclass

import psutil

from .state import WAIT_SECONDS, wait_for

STORES = {"postgres": "postgres", "redis-server": "redis-server", "redis-check-rdb": "redis-server", "nginx": "nginx"}
# The tools begin in a directory of their own (ferramentas.py); node goes on to that of its program.
TOOLS = {"node": "redis-commander", "php-fpm": "adminer"}
# What psutil raises for a process that has ended; some of its versions let the error of procfs through.
GONE = (psutil.Error, OSError)
PACKAGE = "current/release/share/confeitaria/confeitaria"


@dataclass(frozen=True)
class Process:
    """A process as its manager knows it. `state` is RUNNING from its beginning on, else the manager's name for it;
    `seconds` it has lived."""

    name: str
    state: str
    pid: int
    seconds: int


def inside(path, directory):
    """Whether a path is that directory or below it."""
    return f"{path}/".startswith(f"{directory}/")


def kind(state, process):
    """What a process is to this state: the name of a program of ours, postgres, redis-server, nginx, launch, zelador;
    or None. Workers run a release's programs; stores and nginx have a directory of the state as their own."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        program = process.exe()
        name = program.rpartition("/")[2]
        if inside(program, state.releases):
            return name
        if name in STORES:
            place = process.cwd()
            ours = inside(place, state.data) or inside(place, state.tmp / "nginx")
            return STORES[name] if ours else None
        if (tool := TOOLS.get(name.rstrip("0123456789."))) and of_tools(state, process.cwd()):
            return tool
        words = process.cmdline()
        if len(words) > 3 and words[2] == str(state.path / PACKAGE) and words[3] in ("launch", "zelador"):
            return words[3]
    except GONE:
        pass
    return None


def of_tools(state, place):
    """Whether a directory is where the tools are."""
    return inside(place, state.tmp / "adminer") or place.startswith(f"{state.releases}/redis_commander.")


def of_state(state):
    """Process -> kind, of every process of this state, whatever its parent is now."""
    found = {process: kind(state, process) for process in psutil.process_iter()}
    return {process: name for process, name in found.items() if name}


def counted(kinds):
    """`catalogo (4), nginx (3)`, for people."""
    kinds = list(kinds)
    return ", ".join(f"{name} ({kinds.count(name)})" for name in sorted(set(kinds)))


def signal_all(processes, number):
    """Sends a signal to those that are still there."""
    for process in processes:
        try:
            process.send_signal(number)
        except GONE:
            pass


def wait_gone(processes, seconds=WAIT_SECONDS):
    """Waits until all have ended; those that have not."""

    def living():
        return [process for process in processes if alive(process)]

    wait_for(lambda: not living(), seconds, every=0.05)
    return living()


def numbered(pid):
    """The process of that id in a list, which is empty when it has ended."""
    try:
        return [psutil.Process(pid)]
    except GONE:
        return []


def alive(process):
    """Whether it runs: a zombie has ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except GONE:
        return False


def of_cluster(state, cluster):
    """Every PostgreSQL process that works on a cluster's data."""
    found = []
    for process, name in of_state(state).items():
        try:
            if name == "postgres" and process.cwd() == str(state.cluster(cluster)):
                found.append(process)
        except GONE:
            pass
    return found


def is_descendant(process, ancestor):
    """Whether `ancestor`, a process id, is among a process's parents."""
    try:
        return any(parent.pid == ancestor for parent in process.parents())
    except GONE:
        return False


def nginx_named(state):
    """The process id of nginx's master by its own file. While nginx exchanges its program that is the new master's."""
    try:
        return int((state.run / "nginx.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def main_process(state, part):
    """The process of a part that has no parent of its kind: the postmaster, Redis itself, nginx's master; or None.
    While nginx exchanges its program its new master has one, the old master; nginx's own file names it. A title does
    not tell a master from its worker, which has the master's title between its fork and its first instructions."""
    if part.startswith("pg-"):
        found = set(of_cluster(state, part))
    else:
        kind = "nginx" if part == "nginx" else "redis-server"
        found = {process for process, name in of_state(state).items() if name == kind}
    pids, heads = {process.pid for process in found}, []
    named = nginx_named(state) if part == "nginx" else None
    for process in found:
        try:
            titled = part != "nginx" or process.cmdline()[:2] == ["nginx:", "master"]
            if titled and (process.pid == named or process.ppid() not in pids):
                heads.append(process)
        except GONE:
            pass
    return max(heads, key=lambda process: process.create_time(), default=None)
