"""Security updates of Debian's that wait, and what runs on although its program or a library of it was updated.

apt needs half a second, or some on a machine that keeps no cache for it. So the zelador asks it, when its lists are new
or a package was installed, and `status` reads what it said; where the package is installed and no zelador runs `status`
asks it then. None of that needs the network, a lock or root."""
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import processes
from .files import replace
from .packages import PACKAGES

LISTS = Path("/var/lib/apt/lists")
INSTALLED = Path("/var/lib/dpkg/status")
# What apt would do, from its lists as they are. Nobody waits for it.
OPTIONS = ("-o", "Debug::NoLocking=true", "-o", "APT::Get::Show-User-Simulation-Note=false")
QUESTION = ("timeout", "600", "nice", "-n", "19", "apt-get", "-s", "-q", *OPTIONS, "dist-upgrade")
ANSWER_SECONDS = 30  # for which status waits
PAUSE_SECONDS = 60  # between two questions, while an administrator installs one package after the other
ANSWER_BYTES = 1 << 20
DAY_SECONDS = 86400
# Inst libssl3 [3.0.19-1] (3.0.22-1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
UPGRADE = re.compile(r"Inst (\S+) \[\S+\] \((\S+) (.*?) \[\w+\]\)")
MAPPED = re.compile(r"\S+ ..x. \S+ \S+ \d+ +(/.*?)( \(deleted\))?\n")
NO_FILE = ("/dev/", "/memfd:", "/SYSV")
SHOWN = 3  # files of a part


def answer(state):
    """What apt said last. It has the time at which it was asked."""
    return state.tmp / "updates"


def changed():
    """When apt's lists or the installed packages were changed last; 0 where there is no apt."""
    try:
        return max(LISTS.stat().st_mtime, INSTALLED.stat().st_mtime)
    except OSError:
        return 0


def outdated(state):
    """Whether apt would say something else now."""
    try:
        return answer(state).stat().st_mtime < changed()
    except FileNotFoundError:
        return bool(changed())


class Asker:
    """Asks apt: for the zelador beside its other work."""

    def __init__(self, state):
        self.state, self.process, self.output = state, None, None
        self.began = self.next = 0.0
        self.wanted = state.running["atualizacoes"] == "sim" and shutil.which("apt-get")

    def poll(self):
        """Begins to ask when that is due, or takes the answer when it is there. A full disk ends no zelador."""
        try:
            if self.process is None:
                if self.wanted and time.monotonic() >= self.next and outdated(self.state):
                    self.begin()
            elif self.process.poll() is not None:
                self.take(self.process.returncode)
        except OSError as error:
            print(f"updates: {error}", flush=True)

    def ask(self):
        """Asks if that is due, and waits for the answer, not for ever."""
        self.poll()
        if self.process is not None:
            try:
                self.process.wait(ANSWER_SECONDS)
            except subprocess.TimeoutExpired:
                self.close()
            else:
                self.poll()

    def begin(self):
        """Asks."""
        self.began, self.next = time.time(), time.monotonic() + PAUSE_SECONDS
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(QUESTION, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)

    def take(self, status):
        """Keeps the answer: the packages that apt would install, or its last words."""
        self.process = None
        self.output.seek(0)
        lines = self.output.read(ANSWER_BYTES).decode(errors="replace").splitlines()
        self.output.close()
        said = [line for line in lines if line.startswith("Inst ")]
        if status:
            said = [f"E: {lines[-1] if lines else f'exit status {status}'}"]
        replace(answer(self.state), "".join(f"{line}\n" for line in said))
        os.utime(answer(self.state), (self.began, self.began))

    def close(self):
        """Ends what still asks."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def security(text):
    """{package: version} of the security updates among what apt would install."""
    found = [match for line in text.splitlines() if (match := UPGRADE.match(line))]
    return {match[1]: match[2] for match in found if "security" in match[3].lower()}


def mapped(pid):
    """{file: whether it has been replaced or deleted since} of the program of a process and its libraries; nothing of a
    process that has ended."""
    try:
        text = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {path: bool(gone) for path, gone in MAPPED.findall(text) if not path.startswith(NO_FILE)}


def concerned(names, files):
    """Those of these packages that have one of the files, or that the system needs by name."""
    listing = subprocess.run(["dpkg-query", "-L", *names], capture_output=True, text=True, check=False, timeout=60)
    contents = listing.stdout.split("\n\n")
    if len(contents) != len(names):
        return names
    needed = PACKAGES["run"].split()
    # dpkg has some files by their names in /lib, which is a link to /usr/lib.
    found = [{name for line in text.split("\n") for name in (line, f"/usr{line}")} for text in contents]
    return [name for name, content in zip(names, found) if name in needed or content & files]


def report_packages(state, files):
    """The part `packages` of status; nothing where apt is not asked. `files`: those that the system's processes have
    mapped."""
    if state.running["atualizacoes"] != "sim" or not changed():
        return {}
    if state.installed:
        Asker(state).ask()
    fetched = max(path.stat().st_mtime for path in (LISTS, LISTS / "partial") if path.exists())
    days = max(0, int((time.time() - fetched) / DAY_SECONDS))
    return {"packages": {"status": "running", "security_updates": waiting(state, files), "lists_days": days}}


def waiting(state, files):
    """The updates that wait, in words."""
    if not any("security" in path.name for path in LISTS.glob("*_Packages*")):
        return "unknown: apt has no lists of a security archive"
    if outdated(state):
        return "being looked up"
    text = answer(state).read_text(encoding="utf-8")
    if text.startswith("E: "):
        return f"unknown: {text[3:].strip()}"
    found = security(text)
    names = concerned(list(found), files) if found else []
    return " ".join(f"{name}={found[name]}" for name in names) or "none"


def part_of(process, kind, pids):
    """The part that a process is of, or None. nginx, and stores that a new supervisord took over, are not its own
    processes: it has a watcher for each (launch.py)."""
    if kind == "postgres":
        try:
            return os.path.basename(process.cwd())
        except processes.GONE:
            return None
    own = pids.get(process.pid) if kind != "launch" else None
    return {"nginx": "nginx", "redis-server": "redis"}.get(kind, own)


def of_parts(state, pids):
    """{part: {file: whether it was replaced}} of what runs, but for the state's own files. `pids`: {process id: part},
    as supervisord has them."""
    known_by_pid = set(pids.values()) - {"systemd"} if state.installed else {"supervisor"}
    pairs = [(part, pid) for pid, part in pids.items() if part in known_by_pid]
    pairs += [(part_of(one, kind, pids), one.pid) for one, kind in processes.of_state(state).items()]
    found = {}
    for part, pid in pairs:
        known = found.setdefault(part, {})
        for path, gone in mapped(pid).items():
            if not processes.inside(path, state.path):
                known[path] = gone or known.get(path, False)
    found.pop(None, None)
    return found


def report(state, facts, pids):
    """Adds to the facts of status what needs a restart, and the part `packages`."""
    files = of_parts(state, pids)
    for part, known in files.items():
        late = sorted(path.rpartition("/")[2] for path, gone in known.items() if gone)
        if late and part in facts:
            names = [facts[part].get("restart_needed"), *late[:SHOWN], f"+{len(late) - SHOWN}" * (len(late) > SHOWN)]
            facts[part]["restart_needed"] = " ".join(filter(None, names))
    facts |= report_packages(state, {path for known in files.values() for path in known})
