"""Changes the number of workers of a running pool."""
from .. import manager, parts, pools, system
from ..command import Command
from ..say import say

TEXT = """Gives a pool N workers (1 to 32) and remembers it for the next start. A worker that goes ends the
request it has in hand; the others share its socket, so nothing that waits there is lost."""


def arguments(parser):
    """What it takes."""
    parser.add_argument("pool", type=pools.named, metavar="POOL", help=f"{', '.join(pools.POOLS)} (or replica)")
    parser.add_argument("size", type=pools.size, metavar="N")


def run(state, args):
    """Starts or stops workers."""
    parts.require(state, args.pool)
    supervisor = manager.of(state)
    running, wanted = supervisor.of_part(args.pool), pools.workers(args.pool, 0, args.size)
    say(f"pool {args.pool}: {len(running)} workers, {args.size} wanted")
    supervisor.start([name for name in wanted if name not in running])
    supervisor.stop([name for name in running if name not in wanted])
    pools.sizes_save(state, {**pools.sizes(state), args.pool: args.size})
    supervisor.boot(system.wanted(state))
    say(f"pool {args.pool}: {args.size} workers")


COMMAND = Command("scale", "workers of a running pool", TEXT, run, arguments, lock=True)
