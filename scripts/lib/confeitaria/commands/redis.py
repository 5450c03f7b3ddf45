"""Opens redis-cli, as a user that reads."""
import os

from ..command import Command

PROGRAM = "/usr/bin/redis-cli"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "REDISCLI_HISTFILE": "/dev/null"}

TEXT = """\
Opens redis-cli as the user consulta, which may read carts and events and change nothing. Arguments are redis-cli's;
-- comes before its options: confeitaria redis -- --bigkeys."""


def arguments(parser):
    """What the command takes."""
    parser.add_argument(
        "--monitor",
        action="store_true",
        help="as the user monitor, which reads the server's own figures and nothing of the shop",
    )
    parser.add_argument("more", nargs="...", metavar="REDIS-CLI ARGUMENTS")


def run(state, args):
    """Becomes redis-cli. The password goes by the environment, which only this user can see."""
    user = "monitor" if args.monitor else "consulta"
    more = args.more[1:] if args.more[:1] == ["--"] else args.more
    secret = state.secret(f"redis_{user}")
    words = [PROGRAM, "-s", str(state.redis_socket), "--user", user, "--no-auth-warning", "-e", *more]
    os.execve(PROGRAM, words, {**ENVIRONMENT, "REDISCLI_AUTH": secret, "TERM": os.environ.get("TERM", "dumb")})


COMMAND = Command("redis", "opens redis-cli, as a user that reads", TEXT, run, arguments, here=("redis",))
