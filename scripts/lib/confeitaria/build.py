"""Building the checkout that this program is of, and laying it out as `make install` does; releases are made of it."""
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import packages
from .say import Refused, paste, say, warn
from .state import lock_try

TOP = Path(__file__).resolve().parents[3]  # of the checkout, or of the installed tree
SOURCES = ("db", "nginx", "scripts/lib/confeitaria", "scripts/installed")  # what is installed as it is
LAST_LINES = 40


def is_checkout():
    """Whether there is something to build: an installed program runs from what it would make of it."""
    return (TOP / "configure.ac").is_file()


def needs():
    """The kinds of packages that starting a system takes."""
    return ("run", "build") if is_checkout() else ("run",)


def directory():
    """Where the build is: CONFEITARIA_BUILD, else build/; a tree configured in place cannot be built elsewhere."""
    if given := os.environ.get("CONFEITARIA_BUILD"):
        return Path(given).absolute()
    return TOP if (TOP / "config.status").is_file() else TOP / "build"


def installed():
    """The path of the installed tree that is there already: this one, or what the checkout's build has laid out."""
    return directory() / "stage" if is_checkout() else TOP


def stage():
    """The path of an installed tree: this one, or the build's own, brought up to date first. Raises Refused."""
    if not is_checkout():
        return TOP
    build = directory()
    if "CONFEITARIA_BUILD" not in os.environ:
        pages_need(build)
        with locked(build) as lock:
            make(build, lock)
    elif not (build / "Makefile").is_file():
        if not (build / "stage").is_dir():
            raise Refused(f"there is no build in {build}", "configure and make one there, or unset CONFEITARIA_BUILD")
    elif is_outdated(build):
        with locked(build) as lock:
            run_step(lock, build, "make", "-s", "stage")
    return build / "stage"


def make(build, lock):
    """Makes ./build, or brings it up to date."""
    if not (TOP / "configure").is_file():
        if not os.access(TOP, os.W_OK):
            raise cannot_write(TOP, "no permission to write")
        say("preparing the build (autogen.sh)")
        run_step(lock, TOP, "./autogen.sh")
    if not (build / "Makefile").is_file():
        say(f"configuring in {build}")
        run_step(lock, build, TOP / "configure")
    say(f"building in {build}")
    run_step(lock, build, "make", "-s", f"-j{len(os.sched_getaffinity(0))}", "stage")


def is_outdated(build):
    """Whether something is newer than what a ready build laid out. One that is up to date needs not be writable."""
    programs = [build / program.name for program in (build / "stage/libexec/confeitaria").glob("*")]
    if not programs or not (build / "stage.made").exists():
        return True
    files = [build / "version.json", *programs]
    for place in SOURCES:
        for folder, inner, names in os.walk(TOP / place):
            inner[:] = [name for name in inner if name != "__pycache__"]
            files += [folder, *(os.path.join(folder, name) for name in names)]
    made = (build / "stage.made").stat().st_mtime_ns
    return any(os.stat(file).st_mtime_ns > made for file in files)


@contextmanager
def locked(build):
    """Meanwhile no other command builds there; yields the lock's descriptor. What inherits it keeps the lock when this
    command is killed."""
    path = build / ".lock"
    try:
        build.mkdir(exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        place = path if path.exists() else build if build.exists() else build.parent
        raise cannot_write(place, error.strerror) from error
    try:
        if not lock_try(lock):
            say(f"waiting for another command that builds in {build}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def cannot_write(place, error):
    """A Refused that says why nothing can be built there."""
    ready = "or name a build that is ready: CONFEITARIA_BUILD=DIR"
    build = place.parent if place.name == ".lock" else place
    remedy = "copy the tree elsewhere" if build == TOP else f"remove it: rm -r {build}"
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return Refused(f"cannot build: {place} is on a read-only file system", "copy the tree elsewhere", ready)
    if (uid := place.stat().st_uid) != os.geteuid():
        owner, me = user(uid), user(os.geteuid())
        return Refused(f"cannot build: {place} belongs to {owner}, and this is {me}", remedy, ready)
    return Refused(f"cannot build in {place}: {error}", ready)


def user(uid):
    """A user's name, or number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def run_step(lock, place, *command):
    """Runs a step of the build. One that is interrupted is stopped, so that nothing is left half written."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(lock,), process_group=0
        )
        try:
            status = process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            warn(f"interrupted while building in {place}; the next time it goes on from there")
            raise
        if status:
            log.seek(0)
            lines = log.read().decode(errors="replace").splitlines()
            print(*lines[-LAST_LINES:], sep="\n", file=sys.stderr, flush=True)
            raise Refused(f"building failed: {' '.join(map(str, command))} in {place}; its last words are above")


# The libraries of the pages (nginx/paginas/build)


def pages_need(build):
    """npm makes them, and nothing else needs it: it is installed only where it can make them."""
    there = (build / "paginas/feito").is_file() or (TOP / "nginx/paginas/pronto").is_dir()
    if not there and not shutil.which("npm"):
        try:
            packages.need("pages")
        except Refused:
            pass  # pages_check() says what is missing


def pages_check(state, installed):
    """Says what to do when a release lacks them."""
    if installed.share("pages").is_dir():
        return
    remedy = "npm could not get them: make -C build pages says why" if shutil.which("npm") else "apt-get install npm"
    text = "the pages lack their libraries and only say that they are being worked on; the API is whole"
    warn(text, remedy, f"then {paste(state, 'restart')}")
