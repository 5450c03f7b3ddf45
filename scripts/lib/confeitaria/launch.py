"""Begins PostgreSQL, Redis, nginx and the tools for supervisord, or stands for one that runs already.

A supervisord that was killed leaves its processes behind, and a new one cannot become their parent. This takes such a
process over: it waits for its end, and passes signals on. nginx is always watched in this way, since it exchanges its
own program only when it is no child of who started it (nginx.org, "Upgrading Executable on the Fly"). """
import os
import select
import signal
import subprocess
import sys

from . import ferramentas, parts, postgres, processes, standby
from .say import Refused
from .state import WAIT_SECONDS, wait_for

DROP = ("/usr/bin/setpriv", "--inh-caps=-all", "--ambient-caps=-all")
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def command(state, part):
    """The command line of a store or of nginx."""
    if part in parts.TOOLS:
        return ferramentas.command(state, part)
    if part == "redis":
        return ["/usr/bin/redis-server", f"{state.current}/redis.conf"]
    if part == "nginx":
        return ["/usr/sbin/nginx", "-e", f"{state.log}/nginx.log", "-c", f"{state.current}/nginx/nginx.conf"]
    program = f"{postgres.programs(state)}/postgres"
    return [program, "-c", f"config_file={state.current}/{part}.conf", *standby.minimums(state, part)]


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
    state.internal_socket.unlink(missing_ok=True)
    os.chdir(state.tmp / "nginx")
    done = subprocess.run(command(state, "nginx"), check=False, stdin=subprocess.DEVNULL, timeout=WAIT_SECONDS)
    if done.returncode:
        sys.exit(done.returncode)
    if not (master := wait_for(lambda: processes.main_process(state, "nginx"))):
        raise Refused("nginx did not start", f"see {state.log}/nginx.log")
    return master


def launch(state, part):
    """Takes over the part's process that runs already, or becomes it."""
    if part in parts.TOOLS:
        os.chdir(ferramentas.temporary(state))  # by which the system knows them
        os.execv(DROP[0], [*DROP, *map(str, command(state, part))])
    process = processes.main_process(state, part)
    if process is None and part == "nginx":
        process = start_nginx(state)
    if process is None:
        os.execv(DROP[0], [*DROP, *command(state, part)])
    watch(process)
