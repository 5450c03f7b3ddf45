"""supervisord keeps every process of the system: its configuration, and talking to it."""
import configparser
import http.client
import os
import signal
import subprocess
import xmlrpc.client

import psutil

from . import own, parts, pools, postgres
from . import sockets as kept
from .processes import Process, main_process, of_cluster
from .say import Refused
from .state import WAIT_SECONDS, wait_for

PYTHON = "/usr/bin/python3"
# What a program that needs no port below 1024 is begun with.
DROP = "/usr/bin/setpriv --inh-caps=-all --ambient-caps=-all"
STORES = (*postgres.CLUSTERS, "redis")
# What a process of the system is begun with: nothing of the shell that a command was typed in.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# All that it begins ignores USR1 from its first instruction on: that is a program's word for opening its log again.
NO_USR1 = ("/usr/bin/env", "--ignore-signal=USR1")
WATCHERS = (*STORES, "nginx")  # begun by launch.py, which takes over one that runs already


# Configuration


def program(state, kind, name, command, log, **more):
    """What dies is started again at once; what dies within two seconds (startsecs) after 1 s, then 2, 3 and so on, for
    ever. One second is not enough: supervisord may notice a death only then, and take the program for one that ran.
    logrotate rotates all logs."""
    lines = {
        "command": command,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": 2,
        "startretries": 1000000,
        "redirect_stderr": "true",
        "stdout_logfile": state.log / log,
        "stdout_logfile_maxbytes": 0,
        **more,
    }
    return f"\n[{kind}:{name}]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def own_command(state, *words):
    """A command line of this program, of whichever release is the current one when it starts."""
    return " ".join(
        (
            PYTHON,
            "-IB",
            str(state.current / "release/share/confeitaria/confeitaria"),
            *words,
            "--state",
            str(state.path),
        )
    )


def sections(state, settings):
    """The configuration, piece by piece."""
    run = state.run
    yield f"[unix_http_server]\nfile={run}/supervisor.sock\nchmod=0700\n"
    yield (
        f"\n[supervisord]\nlogfile={state.log}/supervisord.log\nlogfile_maxbytes=0\npidfile={run}/supervisord.pid\n"
        f"childlogdir={state.log}\ndirectory={state.path}\numask=027\nminfds=1024\n"
    )
    yield "\n[rpcinterface:supervisor]\n"
    yield "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
    here = (*settings["partes"], "zelador", *parts.tools(settings))
    stores = ((store, store_section(state, store)) for store in STORES)
    yield from (text for part, text in (*stores, *front_sections(state, settings)) if part in here)
    yield "\n[include]\nfiles = supervisord.d/*.conf\n"


def store_section(state, store):
    """INT is PostgreSQL's fast shutdown: open transactions are rolled back, nothing acknowledged is lost."""
    number = "TERM" if store == "redis" else "INT"
    command = own_command(state, "launch", store)
    return program(state, "program", store, command, f"{store}.log", stopsignal=number, stopwaitsecs=60, priority=10)


def front_sections(state, settings):
    """Part and section of all that is in front of the stores. A part has twice a request's time to end before it is
    killed."""
    run, seconds = state.run, 2 * settings["prazo_segundos"]
    stop = {"stopsignal": "TERM", "stopwaitsecs": seconds}
    bin_directory = state.current / "release/libexec/confeitaria"
    for pool in pools.POOLS:
        yield pool, program(
            state,
            "fcgi-program",
            pool,
            f"{DROP} {bin_directory / pools.PROGRAM[pool]} -c {state.current / pool}.conf",
            f"{pool}.stderr.log",
            process_name="%(program_name)s_%(process_num)02d",
            numprocs=pools.MAX,  # all that it may ever have, so that its size changes without a restart of the others
            socket=f"unix://{run / pool}.sock",
            socket_mode="0660",
            socket_backlog=512,
            priority=20,
            **stop,
        )
    yield "vigia", program(
        state,
        "program",
        "vigia",
        f"{DROP} {bin_directory}/vigia -c {state.current}/vigia.conf",
        "vigia.stderr.log",
        priority=25,
        **stop,
    )
    yield "conciliador", program(
        state,
        "program",
        "conciliador",
        f"{DROP} {bin_directory}/conciliador -c {state.current}/conciliador.conf",
        "conciliador.stderr.log",
        process_name="%(program_name)s_%(process_num)02d",
        numprocs=len(pools.CONCILIADORES),
        priority=25,
        **stop,
    )
    # QUIT lets requests end; the zone is for the times in its answers.
    yield "nginx", program(
        state,
        "program",
        "nginx",
        own_command(state, "launch", "nginx"),
        "nginx.stderr.log",
        environment='TZ="UTC"',
        stopsignal="QUIT",
        stopwaitsecs=seconds,
        priority=30,
    )
    for tool in parts.TOOLS:
        command = own_command(state, "launch", tool)
        yield tool, program(state, "program", tool, command, f"{tool}.log", priority=35, **stop)
    zelador = own_command(state, "zelador")
    yield "zelador", program(state, "program", "zelador", zelador, "zelador.log", priority=40, **stop)


def render(state, settings, release, directory):
    """Writes supervisord.conf and logrotate.conf into a new generation."""
    del release
    own.take(state, directory, "supervisord.d")
    (directory / "supervisord.conf").write_text("".join(sections(state, settings)), encoding="utf-8")
    (directory / "logrotate.conf").write_text(
        f'"{state.log}/*.log" {{\n    size {settings["limite_log_kib"]}k\n    rotate {settings["logs_guardados"]}\n'
        "    missingok\n    notifempty\n    create\n"
        f'    sharedscripts\n    postrotate\n        {own_command(state, "reopen")}\n    endscript\n}}\n',
        encoding="utf-8",
    )


def sockets(state):
    """Part of this host -> the socket on which others find it."""
    found = {pool: state.run / f"{pool}.sock" for pool in pools.POOLS}
    found |= {"nginx": state.internal_socket, "redis": state.redis_socket}
    settings = state.running
    found |= {name: state.run / f".s.PGSQL.{postgres.port(settings, name)}" for name in postgres.CLUSTERS}
    return {part: found[part] for part in parts.here(state, found)}


def sections_of(generation):
    """Part -> its section in a generation's supervisord.conf, without how long it may take to stop."""
    parser = configparser.RawConfigParser()
    parser.read(generation / "supervisord.conf", encoding="utf-8")
    return {name.partition(":")[2]: {**parser[name], "stopwaitsecs": None} for name in parser.sections()}


# Talking to it


class Supervisor:
    """The supervisord of a state. Every call raises Refused when it does not answer."""

    name = "supervisor"

    def __init__(self, state):
        # Its package may not be there before `up` has installed it.
        from supervisor.xmlrpc import SupervisorTransport  # pylint: disable=import-outside-toplevel

        self.state = state
        self.socket = state.run / "supervisor.sock"
        self.server = xmlrpc.client.ServerProxy(
            "http://supervisor", SupervisorTransport(None, None, f"unix://{self.socket}")
        )

    def pid(self):
        """The process id of this state's supervisord, if it lives."""
        try:
            pid = int((self.state.run / "supervisord.pid").read_text(encoding="ascii"))
            words = psutil.Process(pid).cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if str(self.state.current / "supervisord.conf") in words else None

    def running(self):
        """Whether it lives."""
        return self.pid() is not None

    def begin(self):
        """Begins supervisord, unless it runs."""
        if self.running():
            return
        self.socket.unlink(missing_ok=True)
        kept.keep(self.state)
        output = self.state.log / "supervisord.out"
        with output.open("wb") as file:
            done = subprocess.run(
                [*NO_USR1, "/usr/bin/supervisord", "-c", self.state.current / "supervisord.conf"],
                cwd=self.state.path,
                env={**ENVIRONMENT, "HOME": str(self.state.path)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                check=False,
                timeout=WAIT_SECONDS,
            )
        if done.returncode:
            raise Refused("supervisord did not start:", *output.read_text(errors="replace").splitlines()[-3:])
        if not wait_for(self.answers):
            raise Refused(f"supervisord does not answer on {self.socket}", f"see {self.state.log}/supervisord.log")

    def answers(self):
        """Whether it is ready for commands."""
        try:
            return self.server.supervisor.getState()["statename"] == "RUNNING"
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def call(self, method, *arguments):
        """One call of its API (supervisord.org, XML-RPC)."""
        try:
            return getattr(self.server, method)(*arguments)
        except (OSError, http.client.HTTPException) as error:
            pid = self.pid()
            remedy = f"end it, and another one takes over: kill -9 {pid}" if pid else ""
            raise Refused(f"supervisord does not answer on {self.socket}: {error}", remedy) from error
        except xmlrpc.client.Fault as fault:
            raise Refused(f"supervisord: {method}: {fault.faultString}") from fault

    def together(self, method, names, *arguments):
        """Calls a method for each name; a process that already is as wanted is no error."""
        calls = [{"methodName": f"supervisor.{method}", "params": [name, *arguments]} for name in names]
        for name, answer in zip(names, self.call("system.multicall", calls) if calls else ()):
            if isinstance(answer, dict) and "faultString" in answer:
                if answer["faultString"].split(":")[0] not in ("ALREADY_STARTED", "NOT_RUNNING"):
                    raise Refused(f"supervisord: {method} {name}: {answer['faultString']}")

    def processes(self):
        """Name -> Process, of all that are declared. STARTING is the beginning of RUNNING."""
        found = {}
        for one in self.call("supervisor.getAllProcessInfo"):
            name = one["name"] if one["name"] == one["group"] else f"{one['group']}:{one['name']}"
            runs = one["statename"] in ("STARTING", "RUNNING") and one["pid"] > 0
            found[name] = Process(
                name, "RUNNING" if runs else one["statename"], one["pid"], one["now"] - one["start"] if runs else 0
            )
        return found

    def of_part(self, part):
        """The names of a part's processes that run, in order."""
        return sorted(
            name for name, one in self.processes().items() if name.split(":")[0] == part and one.state == "RUNNING"
        )

    def main_process(self, part):
        """The main process of a store or of nginx, or None: also one whose supervisord was killed."""
        return main_process(self.state, part)

    def processes_of(self, cluster):
        """Every process of a cluster."""
        return of_cluster(self.state, cluster)

    def boot(self, names):
        """Nothing starts at boot."""

    def start(self, names):
        """Starts processes and does not wait for them."""
        self.together("startProcess", list(names), False)

    def stop(self, names):
        """Stops processes and waits until they have ended; supervisord kills what takes too long. One that has just
        died by itself (EXITED) cannot be stopped before supervisord has begun it again, so each is told until it is
        STOPPED."""
        names = list(names)

        def stopped():
            found = self.processes()
            left = [name for name in names if found[name].state not in ("STOPPED", "FATAL")]
            self.together("stopProcess", left, False)
            return not left

        if not wait_for(stopped, every=0.05):
            raise Refused(f"supervisord: still running: {' '.join(names)}")

    def signal(self, names, number):
        """Sends a signal, by its name without SIG."""
        self.together("signalProcess", list(names), number)

    def update(self, before):
        """Reads its configuration again. New parts are known from then on and not started; parts whose section is
        another one than in the generation `before` are stopped and started, but for the stores and nginx, which take it
        when they are restarted. The names of the new and of the changed parts."""
        ((added, changed, removed),) = self.call("supervisor.reloadConfig")
        old, new = sections_of(before), sections_of(self.state.current)
        changed = [part for part in changed if part not in WATCHERS and old.get(part) != new.get(part)]
        ran = {name: one for name, one in self.processes().items() if one.state == "RUNNING"}
        for part in (*changed, *removed):
            self.call("supervisor.stopProcessGroup", part)
            self.call("supervisor.removeProcessGroup", part)
        for part in (*added, *changed):
            self.call("supervisor.addProcessGroup", part)
        self.start([name for name in ran if name.split(":")[0] in changed])
        return added, changed

    def take_section(self, part):
        """Has a part that has stopped take its section as it was read last."""
        self.call("supervisor.removeProcessGroup", part)
        self.call("supervisor.addProcessGroup", part)

    def shutdown(self):
        """Has it stop everything and end; does not wait."""
        self.call("supervisor.shutdown")


def reopen(state):
    """Has all that have a log open it by name again, but for Redis, which does so at each line. Workers do too: those
    that write nothing let go of the old file."""
    supervisor = Supervisor(state)
    postgres.reopen(state)
    here = parts.here(state, ["nginx", "vigia", "conciliador", *pools.POOLS])
    supervisor.signal([part if part in ("nginx", "vigia") else f"{part}:*" for part in here], "USR1")
    os.kill(supervisor.call("supervisor.getPID"), signal.SIGUSR2)
