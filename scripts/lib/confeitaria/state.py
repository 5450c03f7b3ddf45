"""A state directory: where everything of one system is, and who may do what there.

    .confeitaria        what makes the directory a state: its format
    releases/NAME       programs, SQL, templates, this program, as `make install` lays them out; of root where root
    installs generations/N       one rendered configuration: a link to its release, the files of all parts, the pages
    (generation.py) current             leads to the generation that runs etc                 the operator's:
    confeitaria.conf, tokens, segredos/, and folders for his own lines (*.d) data log run tmp backups archive

The directory and releases/ are root's where root set the system up; all else is the owner's, as whom every server and
every command runs. """
import fcntl
import os
import pwd
import re
import stat
import time
from contextlib import contextmanager
from pathlib import Path

from .files import replace  # pylint: disable=unused-import  # others find it here
from .say import Refused, paste, say
from .settings import Settings

FORMAT = 2
SERVICE_USER = "confeitaria"  # what root's systems run as
WAIT_SECONDS = 120  # a part that takes longer to start, to stop or to reload is broken, not slow
OWNED = ("etc", "data", "log", "tmp", "run", "generations", "backups", "archive")  # the owner's directories
PATH_CHARACTERS = re.compile(r"[A-Za-z0-9._/+@,=-]+")


class State:
    """The paths of a state directory. Nothing is opened before it is asked for. Where the package is installed they are
    others: installed.py."""

    installed = False

    def __init__(self, given):
        """`given`: the directory as the operator names it, or None for the default."""
        default = os.environ.get("CONFEITARIA_DEFAULT_STATE", "/var/lib/confeitaria")
        self.given = os.path.abspath(given or default)
        self.is_default = self.given == os.path.abspath(default)
        if not PATH_CHARACTERS.fullmatch(self.given):
            raise Refused(
                f"the state directory's path has characters that configuration files cannot hold: {self.given}",
                "give one of letters, digits and . _ / + @ , = - with --state DIR",
            )
        self.path = Path(os.environ.get("CONFEITARIA_PLACE") or os.path.realpath(self.given))
        self.mark = self.path / ".confeitaria"
        self.restoring = self.path / ".restoring"  # there is no system before a restore has ended
        self.releases = self.path / "releases"
        self.generations = self.path / "generations"
        self.current = self.path / "current"
        self.etc = self.path / "etc"
        self.secrets = self.etc / "segredos"
        self.data = self.path / "data"
        self.log = self.path / "log"
        self.tmp = self.path / "tmp"
        self.backups = self.path / "backups"
        self.archive = self.path / "archive"
        self.acme = self.path / "acme"  # where certbot puts what an authority asks for
        self._settings = None

    @property
    def run(self):
        """The directory of the sockets, which is elsewhere when the path is too long for them."""
        place = self.path / "run"
        return Path(os.readlink(place)) if place.is_symlink() else place

    @property
    def locks(self):
        """The directory of the files that commands lock."""
        return self.etc

    @property
    def internal_socket(self):
        """Where nginx listens for the calls between services."""
        return self.run / "interno.sock"

    @property
    def postgres_sockets(self):
        """The directory of PostgreSQL's sockets."""
        return self.run

    @property
    def redis_socket(self):
        """Redis's socket."""
        return self.run / "redis.sock"

    @property
    def redis_data(self):
        """The directory of Redis's data."""
        return self.data / "redis"

    def cluster(self, name):
        """The data directory of a PostgreSQL cluster."""
        return self.data / name

    def log_of(self, part):
        """The log of a part."""
        return self.log / f"{part}.log"

    def owner_of(self, _name):
        """The user and the group, as numbers, that a secret or the tokens are to have; None where all parts are one."""
        return None

    def secrets_give(self):
        """Gives each secret to the part that shows it, also one that an operator has put there."""

    def as_user(self, _name):
        """What subprocess needs to run a program as a store's user: here all are one."""
        return {}

    def become(self, _name):
        """The beginning of a command line that runs as a store's user."""
        return []

    def lend(self, directory):
        """Lets PostgreSQL's programs read in a directory of ours."""

    def give(self, directory):
        """Makes a directory in one of ours, in which PostgreSQL's programs write."""
        owned_directory(directory, 0o700)

    def publish(self, directory):
        """Lets the parts read a generation."""

    @property
    def versions(self):
        """The directory with the link that says which version the catalogue has, where it is not in nginx's cache."""
        return None

    def exists(self):
        """Whether there is a state here."""
        return self.mark.is_file() and not self.restoring.exists()

    @property
    def owner(self):
        """The user as whom everything of this state runs: the directory's own, or root's service user."""
        uid = self.path.stat().st_uid
        try:
            return pwd.getpwuid(uid) if uid else pwd.getpwnam(SERVICE_USER)
        except KeyError as error:
            raise Refused(f"the user of {self.path} is unknown here: {error}") from error

    @property
    def settings(self):
        """The operator's settings, checked."""
        if self._settings is None:
            self._settings = Settings.read(self.etc / "confeitaria.conf")
        return self._settings

    @property
    def running(self):
        """The settings that the system runs with, which what was written into the file since does not touch; the file's
        where nothing was ever started."""
        return Settings.of_generation(self.current) or self.settings

    def settings_changed(self, settings):
        """Takes settings that a command has just saved."""
        self._settings = settings

    def secret(self, name):
        """A password or token that the system made for itself."""
        return (self.secrets / name).read_text(encoding="ascii").strip()

    def require(self):
        """Refuses when there is no state, or it is another user's."""
        self.refuse_half_restored()
        if not self.exists():
            raise Refused(f"there is no system in {self.given}", f"{paste(self, 'up')} makes one")
        if os.geteuid() not in (0, self.owner.pw_uid):
            raise Refused(
                f"no permission to read {self.path}: it belongs to {self.owner.pw_name}",
                "run this as that user or as root",
            )

    def refuse_half_restored(self):
        """Refuses what a restore has not finished."""
        if self.restoring.exists():
            again = paste(self, "restore", "--from", "BACKUP")
            raise Refused(f"a restore into {self.given} was not finished", f"run {again} again")

    @contextmanager
    def locked(self, name="lock", what="command", path=None):
        """Meanwhile no other command changes the system. The lock goes with the process; nobody else can open its
        file."""
        file = os.open(path or self.locks / f".{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not lock_try(file):
                say(f"waiting for another {what} that is at work on this state")
                if not wait_for(lambda: lock_try(file)):
                    raise Refused(
                        f"another {what} has been at work on {self.path} for {WAIT_SECONDS} seconds",
                        "wait for it to end",
                    )
            yield
        finally:
            os.close(file)


def lock_try(file):
    """Whether the lock is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def link(path, target):
    """Turns a link in one step."""
    new = f"{path}.{os.getpid()}"
    os.symlink(target, new)
    os.replace(new, path)


def wait_for(condition, seconds=WAIT_SECONDS, every=0.1):
    """Asks until it is true; its last value."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(every)
    return value


def owned_directory(path, mode=0o750):
    """Makes a directory of ours, with these permissions; a link in its place is refused."""
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise Refused(f"{path} is in the way: it is no directory", "remove it") from None
    os.chmod(path, mode)


def space_needed(megabytes, place, option):
    """Refuses when the disk where `place` is or will be has less than that left; the option is what names another
    one."""
    existing = Path(place)
    while not existing.exists():
        existing = existing.parent
    free = os.statvfs(existing)
    left = free.f_bavail * free.f_frsize // 2**20
    if left < megabytes:
        raise Refused(
            f"the disk of {place} has {left} MB left, and {megabytes} MB are needed",
            f"make room, or give a directory on another disk with {option} DIR",
        )
