"""The Debian packages that running, building and testing need; installed only where they are missing."""
import fnmatch
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .say import EX_UNAVAILABLE, Refused, say

PACKAGES = {
    "run": """nginx libnginx-mod-http-headers-more-filter postgresql pgbackrest redis-server supervisor logrotate
              openssl python3 python3-psutil curl""",
    "build": """gcc libc6-dev make autoconf automake pkg-config python3 python3-psutil
                libfcgi-dev libpq-dev libhiredis-dev libjson-c-dev libmd-dev libutf8proc-dev check""",
    "test": """python3-pytest python3-pytest-timeout python3-pytest-xdist
               python3-psycopg2 python3-redis python3-yaml python3-jsonschema python3-psutil varnish git strace
               systemd adminer php-fpm php-pgsql""",
    "check": """clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck valgrind black pylint xz-utils
                debootstrap prometheus mandoc groff-base""",
    "booted": "debhelper dh-python dpkg-dev lintian mmdebstrap systemd-container",
    "pages": "npm",
    "tools": "adminer php-fpm php-pgsql nodejs",
    "browser": "chromium-headless-shell",
    "bench": """wrk strace php-fpm php-pgsql
                python3-psycopg2 python3-redis python3-yaml python3-jsonschema python3-psutil""",
}
SERVICES = ("nginx", "postgresql", "pgbackrest", "redis-server", "supervisor", "varnish", "prometheus", "php*-fpm")
# Packages of which any version will do are there when their program is.
PROGRAMS = {"postgresql": "/usr/lib/postgresql/*/bin/postgres", "php-fpm": "/usr/sbin/php-fpm*", "npm": "/usr/bin/npm"}
PROGRAMS |= {"nodejs": "/usr/bin/node"}
APT_INSTALL = (
    "-q",
    "-y",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "DPkg::Lock::Timeout=120",
    "install",
    "--no-install-recommends",
)
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# Made by confeitaria while it installs packages\nexit 101\n"


def need(*kinds):
    """Installs what is missing of these kinds of PACKAGES; raises Refused (69) where that cannot be done."""
    wanted = list(dict.fromkeys(name for kind in kinds for name in PACKAGES[kind].split()))
    if not shutil.which("dpkg-query"):
        text = "this installs what it needs on Debian 12 and 13, and there is no dpkg here"
        raise Refused(text, f"it needs {' '.join(wanted)}", status=EX_UNAVAILABLE)
    lacking = missing(wanted)
    if not lacking:
        return
    if os.geteuid() != 0:
        line = f"apt-get install --no-install-recommends {' '.join(lacking)}"
        raise Refused("Debian packages are missing; run, as root:", line, status=EX_UNAVAILABLE)
    say(f"installing Debian packages: {' '.join(lacking)}")
    install(lacking)


def missing(names):
    """Those of these packages that are not installed."""
    command = ["dpkg-query", "-W", "-f=${db:Status-Abbrev}${Package}\n", *names]
    # It fails when it does not know one of them: what counts is what it says.
    told = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    installed = {line[3:] for line in told.splitlines() if line[:2] in ("ii", "hi")}
    return [name for name in names if name not in installed and not (name in PROGRAMS and glob.glob(PROGRAMS[name]))]


def install(names):
    """Installs packages whose own services neither start now nor at the next boot."""
    try:
        with services_held_back():
            done = apt(names)
    finally:
        services_disable(names)
    if not done:
        text = "apt-get could not install them; its last words are above"
        raise Refused(text, "mend that and run this again", status=EX_UNAVAILABLE)


@contextmanager
def services_held_back():
    """Meanwhile a policy refuses to start services. An administrator's own stays; one that an earlier run left when it
    was killed is known by its text. SIGTERM and SIGHUP end the command like SIGINT, so that the policy goes."""
    ours = not POLICY.exists() or POLICY.read_bytes() == POLICY_TEXT.encode()
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        if ours:
            POLICY.write_text(POLICY_TEXT, encoding="ascii")
            POLICY.chmod(0o755)
        yield
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def apt(names):
    """Whether apt-get installed them; shows its last words when not. Fetches the lists of packages only when those that
    are here do not do."""
    with tempfile.TemporaryFile() as log:
        line = (*APT_INSTALL, *names)
        if apt_get(log, *line) or (apt_get(log, "-q", "update") and apt_get(log, *line)):
            return True
        log.seek(0)
        print(*log.read().decode(errors="replace").splitlines()[-15:], sep="\n", file=sys.stderr, flush=True)
    return False


def apt_get(log, *words):
    """Whether it succeeded. What interrupts this counts once apt-get has ended: killed, it would leave packages half
    installed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    told = []
    before = {number: signal.signal(number, lambda n, _frame: told.append(n)) for number in numbers}
    try:
        command = ["apt-get", *words]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        raise KeyboardInterrupt
    return done.returncode == 0


def services_disable(names, root=Path("/")):
    """What was installed for this system takes no ports at the next boot, even where there is no systemctl."""
    for service in SERVICES:
        if not any(fnmatch.fnmatch(name, f"{service}*") for name in names):
            continue
        wanted = root.glob("etc/systemd/system/*.wants/*")
        links = [link for link in wanted if fnmatch.fnmatch(link.name, f"{service}.service")]
        if shutil.which("systemctl"):
            units = sorted({service, *(link.stem for link in links)})
            subprocess.run(["systemctl", "--quiet", "disable", *units], check=False, capture_output=True)
        for link in links:
            link.unlink(missing_ok=True)
        for link in root.glob(f"etc/rc[2345].d/S[0-9][0-9]{service}"):
            link.rename(link.with_name(f"K{link.name[1:]}"))
