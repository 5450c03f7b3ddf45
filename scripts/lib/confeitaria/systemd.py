"""systemd keeps the processes of the installed form: a unit a process, of the package or of Debian's own; which of them
run at boot is a drop-in of confeitaria.target."""
import subprocess
import time
from pathlib import Path

import psutil

from . import parts, pools, postgres
from .files import replace
from .installed import debian_name
from .processes import Process
from .say import Refused
from .state import WAIT_SECONDS

SYSTEMCTL = "/usr/bin/systemctl"
TARGET = "confeitaria.target"
DROP_IN = "etc/systemd/system/confeitaria.target.d/partes.conf"
TIMER = "confeitaria-backup.timer"
TIMER_DROP_IN = "etc/systemd/system/confeitaria-backup.timer.d/hora.conf"
OURS = "# Written by confeitaria setup, scale, promote, standby, restart and reload.\n"
PROPERTIES = ("Id", "ActiveState", "SubState", "MainPID", "ExecMainStartTimestampMonotonic")
STATES = {"failed": "FATAL", "deactivating": "STOPPING", "activating": "BACKOFF"}


def systemctl(*words, well=(0,)):
    """Runs systemctl; what it printed. Raises Refused with its words."""
    try:
        done = subprocess.run(
            [SYSTEMCTL, "--no-pager", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"systemd has not done within {WAIT_SECONDS} seconds: systemctl {' '.join(words)}") from None
    except OSError as error:
        raise Refused(f"systemctl cannot be run: {error}") from error
    if done.returncode not in well:
        raise Refused(f"systemctl {words[0]} failed", *done.stderr.strip().splitlines()[-5:])
    return done.stdout


def blocks(text):
    """What `systemctl show` says: a dictionary for each unit."""
    for block in text.split("\n\n"):
        lines = (line.partition("=") for line in block.splitlines())
        if found := {key: value for key, equals, value in lines if equals}:
            yield found


def number(text):
    """A number that systemd gives, 0 where it gives none."""
    return int(text) if text.isdecimal() else 0


class Systemd:
    """The systemd of this machine. Names are those of supervisord's processes, so that commands say the same words."""

    name = "systemd"

    def __init__(self, state):
        self.state = state

    # Names

    def unit(self, name):
        """The unit of a process: instances are counted from 1."""
        part, _, process = name.partition(":")
        if process:
            return f"confeitaria-{part}@{int(process.rpartition('_')[2]) + 1}.service"
        if part in postgres.CLUSTERS:
            return f"postgresql@{self.state.postgres_version()}-{debian_name(part)}.service"
        return {"nginx": "nginx.service", "redis": "redis-server@confeitaria.service"}.get(
            part, f"confeitaria-{part}.service"
        )

    def units(self, names):
        """The units of several."""
        return [self.unit(name) for name in names]

    def sockets(self):
        """The units that listen for the pools of this host."""
        return [f"confeitaria-{pool}.socket" for pool in parts.here(self.state, pools.POOLS)]

    def names(self):
        """All that there may be here."""
        here = parts.here(
            self.state, (*pools.POOLS, "vigia", "conciliador", *parts.TOOLS, "nginx", "redis", *postgres.CLUSTERS)
        )
        for part in here:
            if part in pools.POOLS:
                yield from pools.workers(part, 0, pools.MAX)
            elif part == "conciliador":
                yield from pools.CONCILIADORES
            else:
                yield part

    # Looking

    def running(self):
        """Whether the system has been started and not stopped."""
        return systemctl("show", "--property=ActiveState", "--value", TARGET).strip() == "active"

    def pid(self):
        """systemd's own, while the system runs."""
        return 1 if self.running() else None

    def processes(self):
        """Name -> Process, of all that there may be."""
        names = {self.unit(name): name for name in self.names()}
        found = {name: Process(name, "STOPPED", 0, 0) for name in names.values()}
        asked = [unit for unit in names if not unit.startswith("confeitaria-")]
        for facts in blocks(systemctl("show", f"--property={','.join(PROPERTIES)}", "confeitaria-*.service", *asked)):
            if name := names.get(facts.get("Id")):
                found[name] = process(name, facts)
        return found

    def of_part(self, part):
        """The names of a part's processes that run, in order."""
        return sorted(
            name for name, one in self.processes().items() if name.split(":")[0] == part and one.state == "RUNNING"
        )

    def main_process(self, part):
        """The main process of a store or of nginx, or None. While nginx exchanges its program its own file names the
        new one, and systemd the old one."""
        try:
            if part == "nginx":
                text = (self.state.root / "run/nginx.pid").read_text(encoding="ascii").strip()
            else:
                text = str(self.processes()[part].pid)
            return psutil.Process(int(text)) if number(text) else None
        except (OSError, ValueError, psutil.Error):
            return None

    def processes_of(self, part):
        """Every process of a part."""
        group = systemctl("show", "--property=ControlGroup", "--value", self.unit(part)).strip()
        try:
            pids = Path(f"/sys/fs/cgroup{group}/cgroup.procs").read_text(encoding="ascii").split() if group else []
        except OSError:
            return []
        return [psutil.Process(int(pid)) for pid in pids if number(pid) and psutil.pid_exists(int(pid))]

    # Doing

    def begin(self):
        """Starts what starts at boot. Workers have their sockets made before them."""
        systemctl("daemon-reload")
        systemctl("start", TARGET)

    def start(self, names):
        """Starts processes and does not wait for them."""
        if names := list(names):
            systemctl("start", "--no-block", *self.units(names))

    def stop(self, names):
        """Stops processes and waits until they have ended; systemd kills what takes too long."""
        if names := list(names):
            systemctl("stop", *self.units(names))

    def signal(self, names, signal):
        """Sends a signal, by its name without SIG, to the main process of each."""
        if names := list(names):
            systemctl("kill", "--kill-whom=main", f"--signal={signal}", *self.units(names))

    def update(self, _before):
        """The units are the package's, which has told systemd of them. What settings turn on and off: the backup, and
        the web views, of which those that are to run and do not are returned as new."""
        added = self.views()
        self.schedule()
        return added, []

    def take_section(self, _part):
        """As update."""

    def boot(self, names):
        """Has exactly these started at boot, with the sockets and the timer of the backup; none of them: nothing."""
        units = (*self.sockets(), *self.units(name for name in names if name not in parts.TOOLS)) if names else ()
        self.write(DROP_IN, "".join((f"{OURS}[Unit]\n", *(f"Wants={unit}\n" for unit in units))))
        if names:
            self.views()
            self.schedule()
        systemctl("--quiet", "--no-reload", "enable", TARGET)

    def schedule(self):
        """Has the backup made at the time that the settings say, or at none."""
        clock = self.state.running["copias_hora"] if postgres.services(self.state) else ()
        zone = self.state.running["fuso_horario"]
        if clock:
            hour, minute = clock
            self.write(TIMER_DROP_IN, f"{OURS}[Timer]\nOnCalendar=\nOnCalendar=*-*-* {hour:02}:{minute:02}:00 {zone}\n")
        systemctl("--quiet", "--no-reload", "enable" if clock else "disable", TIMER)
        systemctl("start" if clock else "stop", TIMER)

    def views(self):
        """Has the web views that the settings ask for started at boot, and stops the others; those that do not run."""
        on = parts.tools(self.state.running)
        off = [tool for tool in parts.TOOLS if tool not in on]
        for word, tools in (("enable", on), ("disable", off)):
            if tools:
                systemctl("--quiet", "--no-reload", word, *self.units(tools))
        self.stop(off)
        return [tool for tool in on if not self.of_part(tool)]

    def write(self, name, text):
        """Writes a drop-in, and tells systemd of it, unless it is so already."""
        place = self.state.root / name
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.parent.mkdir(parents=True, exist_ok=True)
            replace(place, text, 0o644)
            systemctl("daemon-reload")

    def shutdown(self):
        """Stops all but the stores and nginx, which may have other sites."""
        systemctl("stop", *self.sockets(), TARGET, "confeitaria-*.service")


def process(name, facts):
    """What `systemctl show` says of a unit."""
    pid, active = number(facts.get("MainPID", "")), facts.get("ActiveState", "")
    if pid and active in ("active", "reloading", "activating"):
        began = number(facts.get("ExecMainStartTimestampMonotonic", "")) / 1e6
        return Process(name, "RUNNING", pid, int(time.monotonic() - began))
    return Process(name, STATES.get(active, "STOPPED"), 0, 0)
