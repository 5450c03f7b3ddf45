"""What root does by name, as strace sees it: which paths, in whose directories."""
import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path

# What opens, makes, changes or reaches a file by its name. Looking (stat, readlink, access) changes and reads nothing.
CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,"
    "unlink,unlinkat,rmdir,truncate,chmod,fchmodat,chown,lchown,fchownat,utimensat,setxattr,lsetxattr,execve,execveat,"
    "connect,bind,mount,chdir,fchdir"
)
ON_THE_NAME = (
    "mkdir,mkdirat,link,symlink,symlinkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,lchown,lsetxattr".split(",")
)
IDENTITY = "setuid,setreuid,setresuid,setfsuid"
BIRTH = "clone,clone3,fork,vfork"
LINE = re.compile(r"(?P<pid>\d+) +(?P<text>.*)")
CALL = re.compile(r"(?P<name>\w+)\((?P<rest>.*)")
RESULT = re.compile(r"\) += (-?\d+|\?)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
# A directory's descriptor with the path that strace shows for it, then a name; or a name alone; or a socket's.
NAMES = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<at>[^>]*)>, )?(?:sun_path=)?"(?P<name>(?:[^"\\]|\\.)*)"')
POSSIBLE = os.geteuid() == 0 and shutil.which("strace")


def traced(log, command, lasting=False, **popen):
    """The command line's process under strace, which goes on as long as anything that it started. `lasting`: what is
    left can go on without it; the kernel's filter, by which other calls do not stop, would let none through then."""
    words = ["strace", "-f", "-y", "-I2", "-s", "4096", "-e", f"trace={CALLS},{IDENTITY},{BIRTH}", "-e", "signal=none"]
    words += [] if lasting else ["--seccomp-bpf"]
    return subprocess.Popen([*words, "-o", log, "--", *command], start_new_session=True, **popen)


def detach(strace):
    """Leaves running what it traces."""
    strace.send_signal(signal.SIGTERM)
    strace.wait(60)


class Process:
    """What is known of a traced one: whether it is root, and its directory."""

    def __init__(self, parent=None):
        self.root = parent.root if parent else True
        self.directory = parent.directory if parent else os.getcwd()


def calls(log):
    """(pid, call, rest of the line with its result) of each call that has ended, in order."""
    begun = {}
    for line in Path(log).read_text(encoding="utf-8", errors="replace").splitlines():
        pid, text = LINE.fullmatch(line).group("pid", "text")
        if text.endswith("<unfinished ...>"):
            begun[pid] = text.removesuffix("<unfinished ...>")
            continue
        if resumed := RESUMED.match(text):
            text = begun.pop(pid, f"{resumed[1]}(") + resumed[2]
        if call := CALL.match(text):
            yield pid, call["name"], call["rest"]


def births(log):
    """Child -> (parent, how many lines of its own the parent had before)."""
    found, lines = {}, {}
    for pid, name, rest in calls(log):
        result = RESULT.search(rest)
        if name in BIRTH.split(",") and result and result[1].isdecimal() and result[1] != "0":
            found[result[1]] = (pid, lines.get(pid, 0))
        lines[pid] = lines.get(pid, 0) + 1
    return found


def follow(log):
    """(is root, call, path) of each name in each call. A child may be seen before its parent's call has ended: what it
    inherits is looked up at the parent's line."""
    whose, own = births(log), {}
    for pid, name, rest in calls(log):
        own.setdefault(pid, []).append((name, rest))
    known = {}

    def walk(pid, until=None):
        """What a process is after so many lines of its own."""
        if pid not in known:
            parent, lines = whose.get(pid, (None, 0))
            states = [Process(walk(parent, lines) if parent else None)]
            for name, rest in own.get(pid, []):
                states.append(after(states[-1], name, rest))
            known[pid] = states
        return known[pid][-1 if until is None else min(until, len(known[pid]) - 1)]

    for pid, lines in own.items():
        for number, (name, rest) in enumerate(lines):
            process = walk(pid, number)
            for found in NAMES.finditer(rest if name != "execve" else rest.split(", [")[0]):
                if name in CALLS.split(",") and found["name"]:
                    yield process.root, name, os.path.join(process.directory, found["at"] or "", found["name"])


def after(process, name, rest):
    """What a process is after a call that succeeded."""
    result = RESULT.search(rest)
    if not result or result[1] != "0":
        return process
    changed = Process(process)
    if name in IDENTITY.split(","):
        numbers = re.match(r"([^)]*)\)", rest)[1].split(", ")
        effective = numbers[0] if name in ("setuid", "setfsuid") else numbers[1]
        changed.root = process.root if effective == "-1" else effective == "0"
    elif name == "chdir" and (found := NAMES.match(rest)):
        changed.directory = os.path.join(process.directory, found["name"])
    elif name == "fchdir" and (found := re.match(r"\d+<([^>]*)>", rest)):
        changed.directory = found[1]
    return changed


def others_directory(call, path, tops):
    """The first directory on a path's way, below one of the tops, in which somebody else than root may change names;
    links on the way are followed, and at its end unless the call does not. None when there is none."""
    place, rest = "/", [part for part in path.split("/") if part not in ("", ".")]
    for _ in range(100):
        if not rest:
            return None
        part = rest.pop(0)
        if part == "..":
            place = os.path.dirname(place)
            continue
        if any(f"{place}/".startswith(f"{top}/") for top in tops) and open_to_others(place):
            return place
        step = os.path.join(place, part)
        if os.path.islink(step) and (rest or call not in ON_THE_NAME):
            target = os.readlink(step)
            place = "/" if target.startswith("/") else place
            rest = [word for word in target.split("/") if word not in ("", ".")] + rest
        else:
            place = step
    return place


def open_to_others(directory):
    """Whether somebody else than root may make, rename or delete names in it."""
    try:
        info = os.stat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and (info.st_uid != 0 or bool(info.st_mode & 0o022))
