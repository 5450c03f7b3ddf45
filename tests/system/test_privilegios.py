"""Who runs as whom, with which rights and which environment; and that other users of the machine hold nothing up."""
import os
import pwd
import re
import subprocess
from pathlib import Path

import pytest

from comandos import of_state
from generated import BUILD
from shop import SERVICE_USER, eventually

pytestmark = pytest.mark.commands
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's systems run as another user")

NET_BIND_SERVICE = 1 << 10
# What our own start gives, and what supervisord, nginx and PostgreSQL tell those that they begin.
KNOWN = re.compile(r"PATH|LC_ALL|HOME|TZ|PWD|SUPERVISOR_\w+|CONFEITARIA_\w+|NGINX\w*|PG\w+|LISTEN_\w+")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


def status_of(pid):
    """/proc/PID/status: name -> text."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines())


def living(shop):
    """(command line, status, environment) of every process of the system that lives long enough to be read."""
    found = []
    for pid, words in of_state(shop.state).items():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
            found.append((words, status_of(pid), [line for line in environment if line]))
        except OSError:
            pass
    assert len(found) > 20
    return found


def may_bind(words):
    """nginx, what begins it, and what begins that."""
    return "nginx" in words or "supervisord" in words or " zelador " in words


@root
def test_nobody_is_root(shop):
    """Every process is the servers' user, whole; none can become more, and only nginx may have a port below 1024."""
    user = pwd.getpwnam(SERVICE_USER)
    for words, status, _ in living(shop):
        assert set(status["Uid"].split()) == {str(user.pw_uid)}, words
        assert set(status["Gid"].split()) == {str(user.pw_gid)}, words
        assert set(status["Groups"].split()) <= {str(user.pw_gid)}, words
        assert status["NoNewPrivs"] == "1", words
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(status[name], 16) & ~(NET_BIND_SERVICE if may_bind(words) else 0) == 0, (words, name)
        assert int(status["CapBnd"], 16) & ~NET_BIND_SERVICE == 0, words
    assert any(int(status["CapEff"], 16) for words, status, _ in living(shop) if words.startswith("nginx: master"))


def test_the_environment_is_clean(shop):
    """Nothing of the shell in which scripts/up was typed, which here is a test's, is in any process."""
    assert "PYTEST_CURRENT_TEST" in os.environ
    for words, _, environment in living(shop):
        titled = words.startswith(
            ("nginx: ", "postgres: ", "/usr/bin/redis-server ")
        )  # which they write where the environment was
        assert titled or environment, words
        for line in environment if not titled else ():
            assert KNOWN.fullmatch(line.partition("=")[0]), (words, line)


@root
def test_what_is_root_s(shop):
    """The state's own directory and its releases: nobody else can write there. All else is the servers' user's."""
    user = pwd.getpwnam(SERVICE_USER)
    for path in (shop.state, *(shop.state / "releases").rglob("*"), shop.state / "releases"):
        info = path.lstat()
        assert info.st_uid == 0 and (path.is_symlink() or not info.st_mode & 0o022), path
    entries = {path.name: path.lstat().st_uid for path in shop.state.iterdir() if not path.is_symlink()}
    assert {name for name, uid in entries.items() if uid == 0} == {".confeitaria", "releases", "acme"}
    assert {uid for uid in entries.values() if uid} == {user.pw_uid}
    assert not [path for path in (shop.current / "nginx").rglob("*") if path.lstat().st_uid != user.pw_uid]


def lock_files(shop):
    """The files that commands lock: those of this state, and of the build."""
    found = [Path(directory) / name for directory, _, names in os.walk(shop.state) for name in names]
    locks = [path for path in found if re.fullmatch(r"\.?(lock|trava)(\..*)?|\.(backup|archive)", path.name)]
    return [*locks, *BUILD.glob(".lock")]


@root
def test_nobody_else_can_take_a_lock(shop):
    """flock(1) of another local user fails at the open: no command waits for it."""
    shop.script("token", "create", "trancado")
    shop.script("backup")
    files = lock_files(shop)
    assert len(files) >= 2, files
    for path in files:
        done = subprocess.run([*NOBODY, "flock", "-n", path, "true"], capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "Permission denied" in done.stderr, (path, done)
    command = [*NOBODY, "sh", "-c", 'for f; do exec 9<"$f"; flock 9; done; echo held; exec sleep 600', "-", *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
        try:
            shop.script("token", "revoke", "trancado")
        finally:
            other.kill()
            assert "held" not in other.communicate()[0]


@root
def test_another_user_reads_nothing(shop):
    """Settings, logs, data, sockets, backups, rendered files: all below the servers' directories is closed."""
    directories = [
        path for path in shop.state.iterdir() if path.is_dir() and path.name not in ("releases", "current", "acme")
    ]
    assert len(directories) >= 8
    for path in (*directories, shop.run):
        done = subprocess.run([*NOBODY, "ls", path], capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "Permission denied" in done.stderr, path


def test_a_command_s_own_environment_does_not_matter(shop):
    """What would make Python, the linker, psql or git do something else is not looked at."""
    place = shop.state / "tmp"
    before = dict(shop.environment)
    shop.environment |= {
        "PYTHONPATH": str(place),
        "PYTHONSTARTUP": str(place / "x"),
        "PGHOST": "nowhere.invalid",
        "PGDATABASE": "nada",
        "PSQLRC": str(place / "x"),
        "LANG": "tr_TR.UTF-8",
        "TZ": "America/Sao_Paulo",
        "BASH_ENV": str(place / "x"),
        "PAGER": "false",
    }
    try:
        assert shop.status()["healthy"]
        shop.script("scale", "saude", "3")
        assert eventually(lambda: len(shop.workers("saude")) == 3)
        shop.script("scale", "saude", "2")
    finally:
        shop.environment = before
