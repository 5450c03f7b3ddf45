"""Starting, stopping and mending a whole system, part by part."""
import os
import signal
from concurrent.futures import ThreadPoolExecutor

from . import (
    cache,
    generation,
    manager,
    migrations,
    nginx,
    parts,
    pools,
    postgres,
    processes,
    recovery,
    redis,
    sockets,
    standby,
)
from .health import wait_healthy
from .say import Refused, paste, say, warn
from .state import WAIT_SECONDS, wait_for
from .supervisor import STORES

FRONT = (*pools.POOLS, "vigia", "conciliador", "zelador", *parts.TOOLS, "nginx")
PARTS = (*FRONT, *STORES)


def front(state):
    """The parts of this host that are in front of the stores."""
    return parts.here(state, FRONT)


def stores(state):
    """The stores of this host that are to run; the standby only where it is one."""
    names = [postgres.catalogue_primary(state), "pg-pedidos", "redis"]
    if standby.made(state):
        names.append(postgres.catalogue_standby(state))
    return parts.here(state, names)


# Starting


def init_stores(state, here):
    """Makes the clusters of the parts `here` that are not there yet, side by side."""
    recovery.swap(state)
    primary = postgres.catalogue_primary(state)
    if "pg-catalogo" in here and primary not in here:
        raise Refused(f"{primary} is the catalogue's primary, and partes does not have it", f"add {primary} to partes")
    if "pg-replica" in here and not state.cluster(primary).is_dir() and standby.made(state):
        raise Refused(
            f"the data of the primary, {primary}, are gone, and those of its standby are there",
            f"put {state.cluster(primary)} back, or make the standby the primary: {paste(state, 'promote', '--force')}",
        )
    if "redis" in here:
        redis.init(state)
    clusters = [cluster for cluster in (primary, "pg-pedidos") if cluster in here]
    with ThreadPoolExecutor(1 if state.installed else None) as pool:
        for done in [pool.submit(postgres.init, state, cluster) for cluster in clusters]:
            done.result()


def store_wait(state, store, ready):
    """Waits for a store; says the end of its log when it does not come."""
    if not wait_for(ready):
        lines = state.log_of(store).read_text(errors="replace").splitlines()
        raise Refused(f"{store} did not start within {WAIT_SECONDS} s; the end of {state.log_of(store)}:", *lines[-5:])


def start_stores(state):
    """The primaries and Redis, and a standby that is one."""
    primary, names = postgres.catalogue_primary(state), stores(state)
    if not names:
        return
    say("starting PostgreSQL and Redis")
    manager.of(state).start(names)
    if primary in names:
        store_wait(state, primary, lambda: postgres.ready(state, primary))
        standby.primary_become(state, primary)
    if "pg-pedidos" in names:
        store_wait(state, "pg-pedidos", lambda: postgres.ready(state, "pg-pedidos"))
    if "redis" in names:
        store_wait(state, "redis", lambda: redis.ready(state))
        redis.access_renew(state)


def start_standby(state):
    """The standby; one that fell behind too far, or is not there, is made."""
    name = postgres.catalogue_standby(state)
    if standby.lost(state):
        say("the standby fell behind further than the primary keeps: making another")
        manager.of(state).stop([name])
        standby.delete(state)
    if not state.cluster(name).is_dir():
        standby.copy(state)
    if standby.made(state):
        standby.start(state)
    else:
        warn(f"there is no standby: {name} was the primary and stays stopped; {paste(state, 'standby')} makes it one")


def declared(state):
    """The supervised names of all that runs here in front of the stores."""
    sizes = pools.sizes(state)
    workers = [name for pool in pools.POOLS for name in pools.workers(pool, 0, sizes[pool])]
    here = front(state)
    return [
        name
        for name in (*workers, "vigia", *pools.CONCILIADORES, *parts.TOOLS, "nginx", "zelador")
        if name.split(":")[0] in here
    ]


def wanted(state):
    """The names of all that is to run, after a boot too."""
    return [*stores(state), *declared(state)]


def prepare_databases(state, release):
    """Roles, migrations, rights: what programs of this release need of the databases."""
    postgres.roles(state)
    migrations.apply(state, release)
    postgres.functions(state)


def start(state, release, seed):
    """Starts all that is declared and does not run, from nothing or from where a killed command left it, until it is
    healthy."""
    left = unsupervised(state)
    stopped_before = state.installed and not manager.of(state).running()
    manager.of(state).begin()
    start_stores(state)
    prepare_databases(state, release)
    recovery.reconcile(state)
    if seed and "catalogo" in postgres.services(state):
        migrations.seed_first(state, release)
    if parts.here(state, ["pg-replica"]):
        start_standby(state)
    pools.check(state, state.current)
    if parts.here(state, ["nginx"]):
        say("starting the workers and nginx")
    start_front(state, left, stopped_before)
    wait_healthy(state)


def start_front(state, left, stopped_before=False):
    """The workers, nginx and what watches them. Those that a killed supervisord left have the old sockets: they end
    what they have in hand, now that the new ones have begun."""
    fresh = manager.of(state).main_process("nginx") is None
    if fresh or not os.path.lexists(cache.versions(state) / "atual"):
        cache.cache_make(state)
    supervisor = manager.of(state)
    joined = state.installed and bool(parts.here(state, ["nginx"])) and nginx.join(state)
    supervisor.start(declared(state))
    supervisor.boot(wanted(state))
    if joined and not fresh:
        supervisor.signal(["nginx"], "HUP")
    sockets.turn(state)
    new = not generation.renewed(state) or fresh
    if new:
        generation.renewed_note(state, PARTS)
    elif stopped_before:  # nginx went on
        generation.renewed_note(state, [part for part in PARTS if part != "nginx"])
    end_left(left)


def serving(state):
    """Whether the process runs that a system is known by: nginx's, or on a host without it that of a store."""
    if state.installed:  # nginx may run for others
        going_back = (state.data / recovery.MARK).exists()  # a restore was killed: its data are yet to get their names
        return manager.of(state).running() and generation.current(state) is not None and not going_back
    known = parts.here(state, ["nginx"]) or stores(state)
    return any(manager.of(state).main_process(part) for part in known)


def end_left(left):
    """Ends workers and watchers without a supervisord. A watcher would pass a signal on, so it is killed."""
    processes.signal_all([process for process, kind in left.items() if kind in ("launch", "zelador")], signal.SIGKILL)
    workers = [process for process, kind in left.items() if kind not in ("launch", "zelador")]
    processes.signal_all(workers, signal.SIGTERM)
    if stuck := processes.wait_gone(workers, 30):
        processes.signal_all(stuck, signal.SIGKILL)


def unsupervised(state):
    """Process -> kind, of workers and watchers that are not the running supervisord's. Stores and nginx are taken over
    (launch.py)."""
    if state.installed:  # systemd knows its own by their control groups
        return {}
    pid = manager.of(state).pid()
    return {
        process: kind
        for process, kind in processes.of_state(state).items()
        if kind not in ("postgres", "redis-server", "nginx")
        and process.pid != os.getpid()
        and not (pid and processes.is_descendant(process, pid))
        and process.ppid() != os.getpid()
    }


def heal(state):
    """After supervisord was killed: another one takes over the stores and nginx, and begins new workers; then the old
    ones end."""
    left = unsupervised(state)
    manager.of(state).begin()
    manager.of(state).start([*stores(state), *declared(state)])
    sockets.turn(state)
    end_left(left)


# Stopping


def stop(state):
    """nginx first, so that nobody is refused by a part that went before; then the workers; then the stores. All of a
    kind together: supervisord by itself takes one after the other, a second each."""
    supervisor = manager.of(state)
    if state.installed:
        supervisor.shutdown()
        supervisor.stop(stores(state))
    elif pid := supervisor.pid():
        supervisord = processes.numbered(pid)
        try:
            supervisor.stop(parts.here(state, ["zelador", "nginx"]))
            supervisor.stop(running(supervisor, but=STORES))
            supervisor.stop(running(supervisor))
            supervisor.shutdown()
        except Refused as refused:  # what does not stop in time is supervisord's then
            warn(refused.message)
            os.kill(pid, signal.SIGTERM)
        # It takes its pid file away before it ends.
        if processes.wait_gone(supervisord):
            warn(f"supervisord ({pid}) does not end: killing it")
            os.kill(pid, signal.SIGKILL)
    end_processes(state)


def running(supervisor, but=()):
    """The supervised names that have not stopped, except these."""
    return [name for name, one in supervisor.processes().items() if one.state != "STOPPED" and name not in but]


def end_processes(state):
    """What a supervisord that was killed left behind: watchers first, PostgreSQL by its fast shutdown, then whatever
    still is."""
    left = processes.of_state(state)
    if not left:
        return
    say(f"stopping what runs without a supervisor: {processes.counted(left.values())}")
    processes.signal_all([process for process, kind in left.items() if kind in ("launch", "zelador")], signal.SIGKILL)
    masters = [manager.of(state).main_process(part) for part in (*STORES, "nginx")]
    for process, kind in left.items():
        if kind == "postgres" and process in masters:
            processes.signal_all([process], signal.SIGINT)
        elif kind == "nginx":
            processes.signal_all([process], signal.SIGQUIT)
        elif kind != "postgres":
            processes.signal_all([process], signal.SIGTERM)
    if processes.wait_gone(left, 60):
        stuck = processes.of_state(state)
        warn(f"killing {processes.counted(stuck.values())}")
        processes.signal_all(stuck, signal.SIGKILL)
        if processes.wait_gone(stuck):
            raise Refused(
                f"some processes of {state.path} cannot be ended", processes.counted(processes.of_state(state).values())
            )


def stopped(state):
    """Whether nothing of it runs."""
    return not manager.of(state).running() and not processes.of_state(state)
