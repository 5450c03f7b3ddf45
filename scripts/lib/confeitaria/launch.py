"""Begins PostgreSQL, Redis and nginx for supervisord, or stands for one that runs already.

A supervisord that was killed leaves its processes behind, and a new one cannot become their parent. This takes such a
process over: it waits for its end, and passes signals on. nginx is always watched in this way, since it exchanges its
own program only when it is no child of who started it (nginx.org, "Upgrading Executable on the Fly"). """
import os
import select
import signal
import subprocess
import sys

from . import nginx, postgres, processes, standby
from .say import Refused
from .state import WAIT_SECONDS, wait_for

DROP = ("/usr/bin/setpriv", "--inh-caps=-all", "--ambient-caps=-all")
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def command(state, part):
    """The command line of a store or of nginx."""
    if part == "redis":
        return ["/usr/bin/redis-server", f"{state.current}/redis.conf"]
    if part == "nginx":
        return ["/usr/sbin/nginx", "-e", f"{state.log}/nginx.log", "-c", f"{state.current}/nginx/nginx.conf"]
    program = f"{postgres.programs(state)}/postgres"
    return [program, "-c", f"config_file={state.current}/{part}.conf", *standby.minimums(state, part)]


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
    if part in postgres.CLUSTERS:
        found = set(processes.of_cluster(state, part))
    else:
        kind = "nginx" if part == "nginx" else "redis-server"
        found = {process for process, name in processes.of_state(state).items() if name == kind}
    pids, heads = {process.pid for process in found}, []
    named = nginx_named(state) if part == "nginx" else None
    for process in found:
        try:
            titled = part != "nginx" or process.cmdline()[:2] == ["nginx:", "master"]
            if titled and (process.pid == named or process.ppid() not in pids):
                heads.append(process)
        except processes.GONE:
            pass
    return max(heads, key=lambda process: process.create_time(), default=None)


def watch(process):
    """Waits for its end, and passes on what it is told meanwhile."""

    def forward(number, _frame):
        processes.signal_all([process], number)

    for number in FORWARDED:
        signal.signal(number, forward)
    end = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    while processes.alive(process) and not poll.poll():
        pass


def start_nginx(state):
    """Begins it in the background. A master that was killed leaves workers that hold its ports, and the file of its
    unix socket: both would keep a new one from starting."""
    left = [process for process, name in processes.of_state(state).items() if name == "nginx"]
    processes.signal_all(left, signal.SIGQUIT)
    (state.run / nginx.INTERNAL_SOCKET).unlink(missing_ok=True)
    os.chdir(state.tmp / "nginx")
    done = subprocess.run(command(state, "nginx"), check=False, stdin=subprocess.DEVNULL, timeout=WAIT_SECONDS)
    if done.returncode:
        sys.exit(done.returncode)
    if not (master := wait_for(lambda: main_process(state, "nginx"))):
        raise Refused("nginx did not start", f"see {state.log}/nginx.log")
    return master


def launch(state, part):
    """Takes over the part's process that runs already, or becomes it."""
    process = main_process(state, part)
    if process is None and part == "nginx":
        process = start_nginx(state)
    if process is None:
        os.execv(DROP[0], [*DROP, *command(state, part)])
    watch(process)
