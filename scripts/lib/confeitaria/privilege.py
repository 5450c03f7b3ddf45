"""What only root does, and how it stops being root.

As root a command installs packages, the servers' user, the state's directory and the release. All of that is in
directories that nobody else can write. Then it runs itself again as the state's owner, from the release, with an
environment made from nothing, without a way back (no_new_privs), and with the one capability that nginx needs for ports
below 1024. Root opens nothing below the owner's directories. """
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from . import ports, release
from .say import Refused, paste, say
from .state import FORMAT, OWNED, SERVICE_USER, State, link, replace

CAPABILITY = "-all,+net_bind_service"
SOCKET_PATH_MAX = 107  # unix(7), without the NUL
LONGEST_SOCKET = "/supervisor.sock.4194304"
KEPT_VARIABLES = (
    "CONFEITARIA_PREFIX",
    "CONFEITARIA_COMMAND",
    "CONFEITARIA_DEFAULT_STATE",
    "CONFEITARIA_CWD",
    "CONFEITARIA_LISTENERS",
    "TERM",
)


def is_root():
    """Whether this is root."""
    return os.geteuid() == 0


# Becoming the owner


def environment(state, **more):
    """The environment of what runs as the owner."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(state.path), **kept, **more}


def owner_command(state, installed, words):
    """The command line that runs this program, of an installed release, as the state's owner."""
    owner = state.owner
    return [
        "/usr/bin/setpriv",
        f"--reuid={owner.pw_uid}",
        f"--regid={owner.pw_gid}",
        "--init-groups",
        f"--inh-caps={CAPABILITY}",
        f"--ambient-caps={CAPABILITY}",
        f"--bounding-set={CAPABILITY}",
        "--no-new-privs",
        "/usr/bin/python3",
        "-IB",
        str(installed.package),
        *words,
    ]


def become_owner(state, installed, words):
    """Runs this program again as the owner; does not return. Root tells who listens where: its successor does not see
    that."""
    os.chdir(state.path)
    listeners = json.dumps(ports.listeners()) if words[0] == "up" else "{}"
    variables = environment(state, CONFEITARIA_RELEASE=installed.name, CONFEITARIA_LISTENERS=listeners)
    command = owner_command(state, installed, words)
    sys.stdout.flush()
    os.execve(command[0], command, variables)


def as_owner(state, installed, words, **popen):
    """Runs this program as the owner beside this process: a Popen, which the caller waits for."""
    variables = environment(state, CONFEITARIA_RELEASE=installed.name)
    return subprocess.Popen(owner_command(state, installed, words), env=variables, cwd=state.path, **popen)


def wait(child):
    """Waits for a process of the owner, which has a terminal's interrupt by itself; its exit status."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            pass


def clean_environment(state):
    """Nothing of the environment stays that does not belong to the program."""
    kept = environment(state, **{name: os.environ[name] for name in (release.CHOSEN,) if name in os.environ})
    os.environ.clear()
    os.environ.update(kept)


# The servers' user and the state's directories


def service_user():
    """Makes the user that root's servers run as. One command at a time: useradd writes the user first, its group
    later."""
    handle = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            pwd.getpwnam(SERVICE_USER)
        except KeyError:
            say(f"creating the system user {SERVICE_USER}")
            subprocess.run(
                [
                    "/usr/sbin/useradd",
                    "--system",
                    "--user-group",
                    "--no-create-home",
                    "--home-dir=/nonexistent",
                    "--shell=/usr/sbin/nologin",
                    SERVICE_USER,
                ],
                check=True,
            )
    finally:
        os.close(handle)


def short_name(text):
    """Ten characters that stand for a path."""
    return hashlib.sha256(str(text).encode()).hexdigest()[:10]


def existing_part(path):
    """The deepest directory of a path that is there already."""
    path = Path(path)
    while not path.exists():
        path = path.parent
    return path


def reachable(path):
    """Whether the servers' user can enter a directory."""
    user = pwd.getpwnam(SERVICE_USER)
    who = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"]
    return subprocess.run(["/usr/bin/setpriv", *who, "test", "-x", path], check=False).returncode == 0


def place(given):
    """The state to make. One below a private directory such as /root goes to /var/lib, and the name that was asked for
    becomes a link."""
    state = State(given)
    if not is_root() or (state.path.exists() and not state.path.is_dir()) or reachable(existing_part(state.path)):
        return state
    elsewhere = Path("/var/lib") / f"confeitaria-{short_name(state.given)}"
    if os.path.lexists(state.given):
        if not os.path.islink(state.given):
            try:
                os.rmdir(state.given)
            except OSError as error:
                raise Refused(
                    f"the user {SERVICE_USER}, which the servers run as, cannot reach {state.given}",
                    "give a --state DIR whose parents others may enter (chmod o+x), or move this one away",
                ) from error
    private = existing_part(Path(state.given).parent)
    say(f"servers cannot enter {private}: the state is in {elsewhere}, {state.given} links to it")
    os.makedirs(os.path.dirname(state.given), exist_ok=True)
    elsewhere.mkdir(exist_ok=True)
    link(state.given, str(elsewhere))
    return State(given)


def claim(state):
    """A new or empty directory may become a state; one of ours is taken, another user's or anything else refused."""
    path = state.path
    if path.exists() and not path.is_dir():
        raise Refused(f"{path} is not a directory", "give another one with --state DIR")
    if state.restoring.exists():
        raise Refused(
            f"a restore into {path} was not finished", f"run {paste(state, 'restore', '--from', 'BACKUP')} again"
        )
    if state.exists():
        owner, me = path.stat().st_uid, os.geteuid()
        if owner != me:
            raise Refused(
                f"the state in {path} belongs to {user_name(owner)}, and this is {user_name(me)}",
                f"run this as {user_name(owner)}",
            )
        known = format_of(state)
        if known not in (1, FORMAT):
            raise Refused(
                f"{path} was made by another version (format {known or 'unknown'}, this one knows {FORMAT})",
                f"use that version, or {paste(None, 'up')} with another --state DIR",
            )
        return
    if path.is_dir() and any(path.iterdir()) and not (path / "releases").is_dir():
        raise Refused(
            f"{path} holds something else, not a state of this system",
            "give an empty or new directory with --state DIR, or move this one away",
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"cannot make the directory {path}: {error.strerror}", "give another one with --state DIR"
        ) from error
    if not os.access(path, os.W_OK):
        raise Refused(f"cannot write into {path}", "give another directory with --state DIR")


def user_name(uid):
    """A user's name, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def format_of(state):
    """The format that a state's mark names, or None."""
    words = state.mark.read_text(encoding="ascii", errors="replace").split()
    return int(words[1]) if words[:1] == ["format"] and words[1].isdecimal() else None


def layout(state):
    """Makes the directories of a state, in one of ours: the owner's are given to him when they are made."""
    if state.exists() and format_of(state) == 1:
        convert(state)
    owner = state.owner
    state.path.chmod(0o755)
    for name in ("releases", *OWNED):
        where = state.path / name
        if name == "run" and len(f"{where}{LONGEST_SOCKET}") > SOCKET_PATH_MAX:
            short_run(state, where, owner)
        elif not os.path.lexists(where) or (name == "run" and where.is_symlink()):
            where.unlink(missing_ok=True)
            where.mkdir(0o755 if name == "releases" else 0o750)
            if name != "releases" and is_root():
                os.chown(where, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    if not os.path.lexists(state.current):
        state.current.symlink_to("generations/current")
    if not state.exists():
        replace(state.mark, f"format {FORMAT}\nid {secrets.token_hex(32)}\n", 0o644)


def short_run(state, where, owner):
    """Paths of sockets end at 107 bytes: a deep state has its own in a short directory."""
    short = Path("/run" if is_root() else "/tmp") / f"confeitaria-{os.geteuid()}-{short_name(state.path)}"
    try:
        short.mkdir(0o750)
        if is_root():
            os.chown(short, owner.pw_uid, owner.pw_gid)
    except FileExistsError:
        if short.is_symlink() or short.stat().st_uid != owner.pw_uid:
            raise Refused(
                f"{short} is in the way and is not ours", "remove it, or give a shorter --state DIR"
            ) from None
    if not where.is_symlink():
        say(f"the path is too long for sockets: they are in {short}")
        if where.is_dir():
            shutil.rmtree(where)
    link(where, str(short))


def convert(state):
    """A state of format 1, whose etc/ and log/ were root's: gives to the owner what is root's in directories of root's,
    in which nobody else can change a name. What the operator had made his own stays where it is, unread."""
    if any(running_since_before(state)):
        raise Refused(
            f"the system in {state.path} was started by an older version and runs",
            f"stop it with {paste(state, 'down')}; then run this again",
        )
    say(f"taking over the state in {state.path} from an older version")
    state.releases.mkdir(0o755, exist_ok=True)
    for name in ("run", "bin", "html", "tmp"):
        where = state.path / name
        if where.is_symlink():
            where.unlink()
        elif where.exists():
            shutil.rmtree(where)
    for name in ("etc", "log", "data", "backups"):
        if (state.path / name).exists():
            give(state.path / name, state.owner)
    state.mark.unlink()


def give(directory, owner):
    """Gives a tree to the owner as far as it is this user's own; what is the owner's already is not entered."""
    for entry in os.scandir(directory):
        if entry.stat(follow_symlinks=False).st_uid == os.geteuid() and entry.is_dir(follow_symlinks=False):
            give(entry.path, owner)
        elif is_root():
            os.chown(entry.path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    if is_root():
        os.chown(directory, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def running_since_before(state):
    """The supervisord of a system of format 1, which was root's."""
    for process in psutil.process_iter(["cmdline"]):
        if f"{state.path}/etc/supervisord.conf" in (process.info["cmdline"] or ()):
            yield process


def stop_from_before(state):
    """Ends a system of format 1: its supervisord stops all that it has."""
    found = list(running_since_before(state))
    for process in found:
        say(f"stopping the supervisord of an older version ({process.pid})")
        process.terminate()
    psutil.wait_procs(found, 120)


# What root does for a command


def install(state, tree):
    """The state's directories, and the release that is in a tree; the release."""
    claim(state)
    layout(state)
    with state.locked(what="installation", path=state.releases / ".lock"):
        return release.install(state, tree)


def delete(state):
    """Deletes a state, after its owner has emptied his directories."""
    run = state.path / "run"
    if run.is_symlink() and Path(os.readlink(run)).name.startswith("confeitaria-"):
        shutil.rmtree(os.readlink(run), ignore_errors=True)
    shutil.rmtree(state.path)
    if os.path.islink(state.given):
        os.unlink(state.given)
