"""A machine that systemd has booted in a container, over a tree that stays as it was."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from shop import EVENTUALLY_SECONDS, eventually

# In namespaces of its own: what is mounted and what is started is gone with the first process.
BOOT = """
mkdir -p "$2" && echo $$ >"$2/cgroup.procs"
mount -t proc proc /proc
mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --register=no --keep-unit --machine=confeitaria --directory="$1/root" --private-network --console=read-only --boot
"""
UNIFIED = Path("/sys/fs/cgroup/unified")  # beside version 1
REBOOTED = 133  # the exit status by which systemd-nspawn asks to be started again
CGROUPS = UNIFIED if UNIFIED.is_dir() else Path("/sys/fs/cgroup")


class Machine:
    """`tree`: of Debian, with what the package needs."""

    def __init__(self, tree):
        self.tree = Path(tree)
        self.place = Path(tempfile.mkdtemp(prefix="cft-booted-", dir=os.environ.get("CONFEITARIA_TEST_PLACE", "/tmp")))
        self.cgroup = CGROUPS / self.place.name
        for name in ("upper", "work", "root"):
            (self.place / name).mkdir()
        self.process = None

    def put(self, source, name):
        """A file of ours in /root, or a directory with all that is in it, before it is booted."""
        there = self.place / "upper/root"
        there.mkdir(mode=0o700, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, there / name, symlinks=True)
        else:
            shutil.copy(source, there / name)

    def boot(self):
        """Boots it, and waits until all that starts at boot has started."""
        log = (self.place / "console").open("ab")
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", BOOT]
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [*command, self.tree, self.place, self.cgroup],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        assert eventually(lambda: self.ended() or self.init()), self.console()
        assert eventually(lambda: self.state() in ("running", "degraded"), every=0.5), self.console()

    def ended(self):
        """Fails when the container is gone."""
        if self.process.poll() is not None:
            raise AssertionError(f"the machine has ended:\n{self.console()}")
        return False

    def console(self):
        """The last of what it wrote on its console."""
        return (self.place / "console").read_text(encoding="utf-8", errors="replace")[-4000:]

    def init(self):
        """The process id of its systemd, as it is here."""
        try:
            inner = psutil.Process(self.process.pid).children(recursive=True)
            return next((process.pid for process in inner if process.name() == "systemd"), None)
        except psutil.NoSuchProcess:
            return None

    def state(self):
        """What systemd says of the whole."""
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def run(self, *words, check=True, text=None):
        """Runs a command in it."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
        done = subprocess.run(
            ["nsenter", f"--target={self.init()}", "--all", *map(str, words)],
            env={**environment, "DEBIAN_FRONTEND": "noninteractive"},
            input=text or "",
            capture_output=True,
            text=True,
            timeout=4 * EVENTUALLY_SECONDS,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done

    def reboot(self):
        """Has it end all and begin anew."""
        self.run("systemctl", "reboot", check=False)
        assert self.process.wait(EVENTUALLY_SECONDS) == REBOOTED, self.console()
        self.groups_remove()
        self.boot()

    def units(self, pattern, state="active"):
        """The names of units in a state."""
        words = ("systemctl", "list-units", "--plain", "--no-legend", "--all", f"--state={state}", pattern)
        return [line.split()[0] for line in self.run(*words).stdout.splitlines() if line.strip()]

    def down(self):
        """Ends it, and takes all of it away."""
        if self.process:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.groups_remove()
        shutil.rmtree(self.place)

    def groups_remove(self):
        """Takes its control groups away. The kernel has them a moment longer than their last process."""
        groups = [Path(folder) for folder, _, _ in os.walk(self.cgroup, topdown=False)]
        for path in groups:
            assert eventually(lambda path=path: removed(path)), path


def removed(path):
    """Whether a control group is gone."""
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
