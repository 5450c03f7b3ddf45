"""Root does nothing by name where the servers' user can write: by a trace of all commands, and by links in its way."""
import os
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import rastro
from client import TOP
from shop import COMMAND_SECONDS, POOLS, SERVICE_USER, Shop, eventually

pytestmark = [
    pytest.mark.commands,
    pytest.mark.slow,
    pytest.mark.skipif(not rastro.POSSIBLE, reason="root and strace are needed"),
]


@pytest.fixture(name="loja", scope="module")
def fixture_loja():
    """A shop of our own, stopped, that has been healthy."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        shop.script("down")
        yield shop


def script(name, shop, *arguments):
    """A command line, and a file that has its exit status when it has ended: strace goes on with what it started."""
    return [TOP / "scripts" / name, "--state", shop.state, *arguments]


class Tracer:
    """Runs commands under strace; what they opened."""

    def __init__(self, shop, place):
        self.shop, self.place, self.tops = shop, place, {shop.state, shop.run}
        self.touched, self.made = [], set()

    def run(self, name, *arguments, lasting=False):
        """One command. `lasting`: it leaves processes behind, which go on without strace."""
        log, done = self.place / f"{name}.strace", self.place / f"{name}.status"
        line = (
            'status=$1; shift; "$@" </dev/null >"$status.out" 2>&1; echo $? >"$status.new"; mv "$status.new" "$status"'
        )
        done.unlink(missing_ok=True)
        command = ["sh", "-c", line, "-", done, *script(name, self.shop, *arguments)]
        with rastro.traced(log, command, lasting, env=self.shop.environment) as strace:
            try:
                assert eventually(lambda: done.exists() or strace.poll() is not None)
            finally:
                if lasting or strace.poll() is None:
                    time.sleep(0.1)
                    rastro.detach(strace)
        assert done.read_text() == "0\n", (name, done.with_name(f"{done.name}.out").read_text())
        return self.read(log, name)

    def read(self, log, name):
        """Sorts what the trace shows."""
        seen = 0
        for is_root, call, path in rastro.follow(log):
            seen += 1
            if is_root and (where := rastro.others_directory(call, path, [str(top) for top in self.tops])):
                self.touched.append((name, call, path, where))
            if not is_root and call in ("open", "openat", "mkdir", "mkdirat", "symlink", "symlinkat", "bind", "rename"):
                self.made.add(path)
        assert seen, f"the trace of {name} shows nothing"
        return self


def test_the_trace_shows_what_root_opens(loja, place):
    """A file of the servers' that root reads is seen, whatever the way to it; the servers' user may read it."""
    tracer, file, log = Tracer(loja, place), loja.state / "etc/pools", place / "trace"
    user = ["setpriv", f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--clear-groups"]
    (place / "way").symlink_to(loja.state / "etc")
    for command, found in (
        (["cat", file], [file]),
        (["sh", "-c", "cd $1; (cat < pools); exit", "-", place / "way"], [file]),
        ([*user, "cat", file], []),
        (["sh", "-c", 'true & wait; "$@" & wait', "-", *user, "sh", "-c", "cat $1; exit", "-", file], []),
        (["touch", loja.state / "releases/x"], []),
        (["chmod", "0640", file], [file]),
    ):
        tracer.touched = []
        with rastro.traced(log, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as strace:
            strace.wait(COMMAND_SECONDS)
        tracer.read(log, "trace")
        assert [Path(path) for _, _, path, _ in tracer.touched] == found, (command, tracer.touched)
    (loja.state / "releases/x").unlink()


def test_root_opens_nothing_where_the_servers_write(loja, place):
    """Every name that a process of root opens, makes, changes or executes is in directories of root's."""
    tracer = Tracer(loja, place)
    tracer.run("up", lasting=True)
    tracer.tops.add(cache := loja.cache)
    tracer.run("status")
    tracer.run("token", "create", "ligada")
    tracer.run("token", "revoke", "ligada")
    tracer.run("scale", "saude", "2")
    tracer.run("restart", lasting=True)
    tracer.run("reload", lasting=True)
    tracer.run("backup", "--to", str(loja.state / "backups/copia"))
    (place / "cofre").mkdir(0o700)
    key = ("--key", str(place / "cofre/chave"))
    tracer.run("backup", "--hand-over", str(place / "cofre"), *key)
    tracer.run("audit")
    restored = Tracer(loja, place)
    restored.shop = Elsewhere(loja, place)
    restored.tops |= {place / "outra", loja.state}
    restored.run("restore", "--from", str(next((place / "cofre").glob("*.tar"))), *key)
    tracer.run("down")
    assert not tracer.touched and not restored.touched, [*tracer.touched, *restored.touched][:10]
    planted(loja, place, tracer.made, cache)


class Elsewhere:
    """Another state directory for the same commands."""

    def __init__(self, shop, place):
        self.state, self.environment = place / "outra", shop.environment


class Canary:
    """A file and a directory of root's outside of the system, which nobody has a reason to touch."""

    def __init__(self, place):
        self.directory = place / "canario"
        self.directory.mkdir(mode=0o700)
        self.file = self.directory / "arquivo"
        self.file.write_text("canário")
        self.file.chmod(0o600)
        self.before = self.facts()

    def facts(self):
        """All that a touch would change."""
        infos = [path.stat() for path in (self.directory, self.file)]
        return [
            (info.st_uid, info.st_gid, info.st_mode, info.st_size, info.st_ctime_ns, info.st_mtime_ns) for info in infos
        ]


def planted(shop, place, made, cache):
    """Links of the servers' user to a file of root's, and to a directory, at names in its directories: whatever becomes
    of the commands, what the links lead to is as before; without them all is well."""
    canary = Canary(place)
    number = max(int(path.name) for path in (shop.state / "generations").iterdir() if path.name.isdigit())
    at_start = (
        [shop.state / "etc/.lock"],
        [shop.state / f"generations/{number + 1}.new"],
        [shop.state / "log/supervisord.out"],
        [shop.run / "supervisor.sock", shop.run / "interno.sock", shop.state / "tmp/logrotate.status", cache],
    )
    for names in at_start:
        with ExitStack() as links:
            for name in names:
                links.enter_context(linked(name, canary.directory if "." not in name.name else canary.file))
            shop.script("up", "--set", f"limite_fila={99 + len(names)}", check=False)
        assert canary.facts() == canary.before, names
    shop.script("down")
    shop.up()
    tops = [shop.state / name for name in ("run", "tmp", "generations", "backups", "log", "etc")]
    absent = {Path(path) for path in made if any(top in Path(path).parents for top in tops)}
    absent = {path for path in absent if path.parent.is_dir() and not os.path.lexists(path)}
    with ExitStack() as links:
        for index, name in enumerate([*sorted(absent), shop.run / "nginx.pid", shop.state / "tmp/nginx/corpo"]):
            links.enter_context(linked(name, (canary.file, canary.directory)[index % 2]))
        for words in (["status"], ["scale", "saude", "1"], ["restart"], ["reload", "nginx"], ["backup"]):
            shop.script(*words, check=False)
            assert canary.facts() == canary.before, words
    shop.up()
    assert shop.status()["healthy"]


@contextmanager
def linked(name, target):
    """Meanwhile a link of the servers' user is at a name of one of its directories; what was there comes back."""
    kept = name.with_name(f"{name.name}.guardado")
    if os.path.lexists(name):
        os.rename(name, kept)
    name.symlink_to(target)
    info = name.parent.stat()
    os.lchown(name, info.st_uid, info.st_gid)
    try:
        yield
    finally:
        if name.is_symlink():
            name.unlink()
        if os.path.lexists(kept) and not os.path.lexists(name):
            os.rename(kept, name)
