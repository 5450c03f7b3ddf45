"""The parts that can fail, and the ways in which they do: killed, frozen, taken away, without room on the disk."""
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

from killers import STORES
from processes import family, freeze, kill, nginx_workers, thaw
from shop import SERVICE_USER, eventually

DISK_MB = 256
FILLER = "cheio"
DATABASE = {"pg-catalogo": "catalogo", "pg-pedidos": "pedidos"}


@dataclass(frozen=True)
class Part:
    """Supervised processes that fail together. `most`: only so many of them. `socket`: it is a file of run/."""

    title: str
    group: str
    most: int = 0
    faults: tuple = ("kill", "stop", "gone")
    socket: str = ""

    @property
    def store(self):
        """Whether it keeps data, and workers have connections to it."""
        return self.group in STORES

    def named(self, shop):
        """Its processes that run: name -> process id."""
        found = {name: pid for name, pid in sorted(shop.processes().items()) if name.split(":")[0] == self.group}
        return dict(list(found.items())[: self.most or None])

    def victims(self, shop):
        """Process ids and their common parent: what is killed or frozen."""
        if self.group == "nginx":
            master = shop.processes()["nginx"]
            return nginx_workers(master)[: self.most], master
        return list(self.named(shop).values()), shop.supervisord


PARTS = (
    Part("one catálogo worker", "catalogo", 1),
    Part("all catálogo workers", "catalogo"),
    Part("their socket file", "catalogo", faults=("removed",), socket="catalogo.sock"),
    Part("the catalogue's primary", "pg-catalogo", faults=("kill", "stop", "gone", "full")),
    Part("its standby", "pg-replica", faults=("kill", "stop", "gone", "full")),
    Part("replica workers", "catalogo-replica"),
    Part("the orders database", "pg-pedidos", faults=("kill", "stop", "gone", "full")),
    Part("Redis", "redis", faults=("kill", "stop", "gone", "full")),
    Part("carrinho workers", "carrinho"),
    Part("pedidos workers", "pedidos"),
    Part("conciliador", "conciliador"),
    Part("vigia", "vigia"),
    Part("one nginx worker", "nginx", 1, faults=("kill", "stop")),
)


def killed(shop, part):
    """kill -9. Nobody brings it back but its supervisor."""
    victims, of = part.victims(shop)
    assert victims and [kill(pid, of) for pid in victims].count(True) == len(victims), f"{part.title}: nobody to kill"
    yield


def frozen(shop, part):
    """SIGSTOP for the processes and all that they started; then SIGCONT."""
    victims, _ = part.victims(shop)
    assert victims, f"{part.title}: nobody to freeze"
    # The parents first: they start nobody any more.
    stopped = freeze(victims) + freeze(child for pid in victims for child in family(pid)[1:])
    yield
    thaw(stopped)


def gone(shop, part):
    """Stopped by an operator, and started again."""
    names = list(part.named(shop))
    shop.supervisor("stop", *names)
    yield
    shop.supervisor("start", *names)


def full(shop, part):
    """Not a byte is left on its disk; then there is room again. See disks()."""
    place = shop.state / "data" / part.group
    assert place.is_mount(), f"{place} has no disk of its own"
    with open(place / FILLER, "wb") as filler:
        try:
            while True:
                filler.write(bytes(1 << 20))
                filler.flush()
        except OSError:
            pass
    if part.group in DATABASE:  # what is left of the current segment would be enough for hours
        for _ in range(3):
            try:
                shop.sql("SELECT pg_switch_wal()", DATABASE[part.group])
            except (AssertionError, subprocess.SubprocessError):
                break
    yield
    (place / FILLER).unlink()


def removed(shop, part):
    """The file of its socket is deleted. Nobody puts it back but the system itself."""
    path = shop.run / part.socket
    path.unlink()
    yield
    assert eventually(path.exists)


@dataclass(frozen=True)
class Fault:
    """A way to fail. `lasting`: it goes on until it is ended; else the part comes back by itself."""

    title: str
    happen: Callable
    lasting: bool = True

    @contextmanager
    def of(self, shop, part):
        """The part fails here, and is back at the end."""
        steps = self.happen(shop, part)
        next(steps, None)
        try:
            yield
        finally:
            next(steps, None)


FAULTS = {
    "kill": Fault("kill -9", killed, lasting=False),
    "stop": Fault("SIGSTOP", frozen),
    "gone": Fault("gone", gone),
    "full": Fault("disk full", full),
    "removed": Fault("removed", removed, lasting=False),
}


@contextmanager
def disks(shop):
    """Meanwhile each store has a small file system of its own, which can be full when the machine's is not."""
    shop.script("down")
    mounted = []
    try:
        for store in STORES:
            mounted.append(move_to_disk(shop.state / "data" / store))
        shop.up()
        yield
    finally:
        shop.script("down", check=False)
        for place in mounted:
            subprocess.run(["umount", place], check=False)


def move_to_disk(place):
    """Mounts a file system where a store's data is, and puts the data into it."""
    before = place.with_name(f"{place.name}.antes")
    place.rename(before)
    place.mkdir()
    options = f"size={DISK_MB}m,mode=0700,uid={SERVICE_USER},gid={SERVICE_USER}"
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        place.rmdir()
        before.rename(place)
        raise
    subprocess.run(["cp", "-a", f"{before}/.", place], check=True)
    shutil.rmtree(before)
    return place


def disks_possible():
    """Whether a file system can be mounted here."""
    if os.geteuid() != 0:
        return False
    probe = f"/tmp/cft-mount-{os.getpid()}"
    os.mkdir(probe)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", probe]
    try:
        done = subprocess.run(mount, check=False, capture_output=True)
        if done.returncode == 0:
            subprocess.run(["umount", probe], check=True)
        return done.returncode == 0
    finally:
        os.rmdir(probe)
