"""The form in which the Debian package runs: one system a machine, in the places that Debian has for its parts, each
part as a user of its own, kept by systemd.

Root owns all of it but what a part must write. In directories of others, PostgreSQL's and Redis's, root does nothing by
name: their users do it (as_user). """
import grp
import os
import pwd
import stat
from pathlib import Path

from . import build
from .parts import TOOLS
from .say import Refused, paste
from .state import State

TOP = Path("/usr")  # where the package's program is; any other prefix is a checkout's form
EVERYONE = "confeitaria"  # the group of all our users
# Part -> the user that it runs as. Pools that only read have a user of their own, as they have a role.
USERS = {
    "catalogo": "confeitaria-catalogo",
    "catalogo-busca": "confeitaria-leitura",
    "catalogo-replica": "confeitaria-leitura",
    "carrinho": "confeitaria-carrinho",
    "pedidos": "confeitaria-pedidos",
    "saude": "confeitaria-saude",
    "vigia": "confeitaria-vigia",
    "conciliador": "confeitaria-conciliador",
    "adminer": "confeitaria-adminer",
    "redis-commander": "confeitaria-redis-commander",
    "nginx": "www-data",
    "redis": "redis",
    **dict.fromkeys(("pg-catalogo", "pg-replica", "pg-pedidos"), "postgres"),
}
# The web views' logs are the journal's.
LOGS = (*(part for part, user in USERS.items() if user.startswith(EVERYONE) and part not in TOOLS), "acesso", "interno")
LOGS += ("nginx",)
# Secret -> the part that shows it. All others are for commands, which are root's.
SHOWN_BY = {
    "redis_carrinho": "carrinho",
    "redis_conciliador": "conciliador",
    "pedidos.token": "pedidos",
    "conciliador.token": "conciliador",
    "pg_catalogo": "catalogo",
    "pg_catalogo_leitura": "catalogo-busca",
    "pg_pedidos": "pedidos",
    "pg_conciliador": "conciliador",
    "redis.acl": "redis",
    "ferramentas.htpasswd": "nginx",
}


def is_installed():
    """Whether this program is the package's."""
    return build.TOP == TOP


def state_of(given):
    """The state that a command is for."""
    if not is_installed():
        return State(given)
    state = Installed()
    if given and Path(given) != state.path:
        raise Refused(
            f"the installed program has one system on a machine, in {state.path}",
            "a checkout's scripts take --state DIR",
        )
    return state


class Installed(State):
    """The paths and users of the installed form."""

    installed = True

    def __init__(self, root="/"):
        """`root`: below which all of it is, for tests."""
        self.root = Path(root)
        super().__init__(str(self.root / "var/lib/confeitaria"))
        self.is_default = True
        self.etc = self.root / "etc/confeitaria"
        self.secrets = self.etc / "segredos"
        self.log = self.root / "var/log/confeitaria"

    @property
    def run(self):
        """The sockets of the pools, which systemd makes."""
        return self.root / "run/confeitaria"

    @property
    def owner(self):
        """Commands are root's, and what they write is."""
        return pwd.getpwuid(0)

    @property
    def locks(self):
        """Nobody else can make names there."""
        return self.path

    @property
    def internal_socket(self):
        """nginx lets everybody use it, so its directory says who can."""
        return self.run / "interno/interno.sock"

    @property
    def versions(self):
        """The directory with the link that says which version the catalogue has."""
        return self.run / "versao"

    @property
    def postgres_sockets(self):
        """Debian's."""
        return self.root / "run/postgresql"

    @property
    def redis_socket(self):
        """In the runtime directory of Debian's unit."""
        return self.root / "run/redis-confeitaria/redis.sock"

    @property
    def redis_data(self):
        """Where Debian's unit lets it write."""
        return self.root / "var/lib/redis/confeitaria"

    def cluster(self, name):
        """Debian's place for the data of a cluster."""
        return self.root / "var/lib/postgresql" / (self.postgres_version() or "none") / debian_name(name)

    def postgres_version(self):
        """The major version of our clusters, as text: they are known by their configuration. None: there are none."""
        places = [self.root.glob(f"etc/postgresql/*/{debian_name(name)}") for name in ("pg-pedidos", "pg-catalogo")]
        versions = [path.parent.name for found in places for path in found if path.parent.name.isdecimal()]
        return max(versions, key=int, default=None)

    def log_of(self, part):
        """The stores' are where Debian has them."""
        if part.startswith("pg-"):
            return self.root / f"var/log/postgresql/postgresql-{self.postgres_version()}-{debian_name(part)}.log"
        if part == "redis":
            return self.root / "var/log/redis/redis-confeitaria.log"
        if part == "nginx":
            return self.root / "var/log/nginx/error.log"
        return super().log_of(part)

    def owner_of(self, name):
        """All parts may read the tokens, which are root's; a secret is of the part that shows it."""
        if name == "tokens":
            return 0, group(EVERYONE)
        user = pwd.getpwnam(USERS[SHOWN_BY[name]] if name in SHOWN_BY else "root")
        return user.pw_uid, user.pw_gid

    def secrets_give(self):
        """Only root makes names in their directory."""
        for path in self.secrets.iterdir():
            os.chown(path, *self.owner_of(path.name.partition(".novo")[0].partition(".antigo")[0]))
            path.chmod(0o600)

    def as_user(self, name):
        """What subprocess needs to run a program as a user."""
        user = pwd.getpwnam(name)
        groups = os.getgrouplist(name, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups}

    def directories_make(self):
        """Makes what is not there, each with its owner. Root's parents keep anybody else from putting something there
        before."""
        everyone, catalogue, readers = group(EVERYONE), group(USERS["catalogo"]), group("adm")
        for place, mode, gid in (
            (self.path, 0o755, 0),
            (self.etc, 0o755, 0),
            (self.log, 0o751, readers),
            (self.run, 0o755, 0),
            *((self.path / name, 0o755, 0) for name in ("releases", "generations", "data")),
            (self.backups, 0o711, 0),
            (self.tmp, 0o711, 0),
            (self.acme, 0o755, 0),
            (self.data / "usos", 0o2770, everyone),
            (self.data / "metricas", 0o2770, group(USERS["saude"])),
            (self.internal_socket.parent, 0o750, everyone),
            (self.versions, 0o2771, catalogue),
            (self.run / "cache", 0o755, 0),
            (self.run / "placar", 0o3770, everyone),  # a file a pool: of others nobody may take it away
        ):
            place.mkdir(exist_ok=True)
            os.chown(place, 0, gid)
            place.chmod(mode)
        for place in (self.tmp / "pgbackrest", self.archive):
            self.give(place)
        for name in LOGS:
            self.log_make(name, readers)

    def log_make(self, name, gid):
        """Makes a log that only its part may write, in a directory where nobody but root makes names."""
        file = os.open(self.log / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o640)
        os.fchown(file, pwd.getpwnam(USERS.get(name, USERS["nginx"])).pw_uid, gid)
        os.close(file)

    def become(self, name):
        """Without a way back."""
        return ["/usr/bin/setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "--no-new-privs"]

    def lend(self, directory):
        """They run as the clusters' user."""
        os.chown(directory, 0, pwd.getpwnam(USERS["pg-pedidos"]).pw_gid)
        os.chmod(directory, 0o750)

    def give(self, directory):
        """They run as the clusters' user."""
        user = pwd.getpwnam(USERS["pg-pedidos"])
        directory.mkdir(0o700, exist_ok=True)
        os.chown(directory, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def publish(self, directory):
        """Every part reads its own file of a generation. No secret is in them but the key, which root alone reads."""
        for folder, _, names in os.walk(directory):
            os.chmod(folder, 0o755)
            for name in names:
                path = os.path.join(folder, name)
                if os.lstat(path).st_mode & stat.S_IRGRP and not os.path.islink(path):
                    os.chmod(path, 0o644)

    def require_root(self):
        """Every command is root's."""
        if os.geteuid() != 0:
            raise Refused("only root can do this", f"sudo {paste(self, os.environ.get('CONFEITARIA_COMMAND', ''))}")


def debian_name(cluster):
    """The name of a cluster for pg_createcluster; a - in it would break systemd's unit."""
    return f"confeitaria_{cluster.removeprefix('pg-')}"


def group(name):
    """The number of a group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Refused(f"there is no group {name}", "the package makes it: systemd-sysusers") from None
