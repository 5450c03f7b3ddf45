"""The catalogue's pair: making a standby, promoting it, keeping what was the primary from being one beside another."""
import re
import signal
import threading

from . import manager, parts, processes
from .postgres import (
    STANDBY_SLOT,
    catalogue_primary,
    catalogue_standby,
    debian_init,
    directory_named,
    new_directory,
    port,
    psql,
    ready,
    run_program,
    tool,
    value,
)
from .say import Refused, say
from .state import WAIT_SECONDS, wait_for

SLOT_LOST = f"DO $$ BEGIN PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots \
WHERE slot_name = '{STANDBY_SLOT}' AND wal_status = 'lost'; END $$;"
SLOT_MADE = f"SELECT pg_create_physical_replication_slot('{STANDBY_SLOT}', true) \
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{STANDBY_SLOT}');"
SLOT_FREED = f"SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots \
WHERE slot_name = '{STANDBY_SLOT}' AND active_pid IS NOT NULL;"
SLOT_STATUS = (
    f"SELECT coalesce((SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{STANDBY_SLOT}'), 'lost')"
)
# What a standby must have as much of as its primary: pg_controldata's name -> PostgreSQL's.
AS_MUCH = {
    **{name: name for name in ("max_connections", "max_worker_processes", "max_wal_senders")},
    "max_prepared_xacts": "max_prepared_transactions",
    "max_locks_per_xact": "max_locks_per_transaction",
}
FOLLOWS = "SELECT state FROM pg_stat_replication WHERE application_name = 'replica'"


def asked(state, cluster, query, database="postgres"):
    """A cluster's answer to a query as text, or None when it has none within the time that a request has."""
    try:
        return value(state, cluster, query, database, seconds=state.running["prazo_segundos"])
    except Refused:
        return None


def in_recovery(state, cluster):
    """Whether a cluster answers, and is a standby."""
    return asked(state, cluster, "SELECT pg_is_in_recovery()") == "t"


def writable(state, cluster):
    """Whether a cluster answers, and is a primary."""
    return asked(state, cluster, "SELECT pg_is_in_recovery()") == "f"


def streaming(state):
    """Whether the catalogue's primary has a standby that follows it."""
    return asked(state, catalogue_primary(state), FOLLOWS) == "streaming"


def made(state):
    """Whether the other cluster's data are a standby's. Only then is it started beside the primary."""
    return (
        bool(parts.here(state, ["pg-replica"]))
        and (state.cluster(catalogue_standby(state)) / "standby.signal").is_file()
    )


def minimums(state, cluster):
    """Options for a standby that begins. It refuses to with less than its primary had when it last heard of it, so a
    setting that was lowered counts for it one start later."""
    if not (state.cluster(cluster) / "standby.signal").is_file():
        return []
    facts = run_program(state, "pg_controldata", "-D", state.cluster(cluster))
    options = []
    for word, name in AS_MUCH.items():
        known = re.search(rf"^{word} setting: +(\d+)$", facts, re.M)
        ours = run_program(state, "postgres", "-C", name, f"--config-file={state.current / cluster}.conf").strip()
        if known and ours.isdecimal() and int(ours) < int(known[1]):
            options += ["-c", f"{name}={known[1]}"]
    return options


def primary_become(state, cluster):
    """Lets a cluster be a primary, if it is none yet: also ends a promotion that was broken off."""
    if in_recovery(state, cluster):
        say(f"promoting {cluster}")
        psql(state, cluster, "SELECT pg_promote(false)")
    if not wait_for(lambda: writable(state, cluster)):
        raise Refused(
            f"{cluster} did not become writable within {WAIT_SECONDS} seconds", f"see {state.log_of(cluster)}"
        )


def cluster_stop(state, cluster):
    """Stops a cluster for certain: gently, so that its standby gets all, unless it does not answer. A frozen one would
    go on when it thaws, so its processes are killed."""
    answers = writable(state, cluster)
    stopping = threading.Thread(target=stop_gently, args=(state, cluster))
    stopping.start()
    if not answers or not wait_for(lambda: not manager.of(state).processes_of(cluster), 30):
        processes.signal_all(manager.of(state).processes_of(cluster), signal.SIGKILL)
    stopping.join()
    if not wait_for(lambda: not manager.of(state).processes_of(cluster)):
        left = " ".join(str(process.pid) for process in manager.of(state).processes_of(cluster))
        raise Refused(f"{cluster} cannot be stopped", f"its processes: {left}")


def stop_gently(state, cluster):
    """Asks supervisord, whose refusal is no last word."""
    try:
        manager.of(state).stop([cluster])
    except Refused as error:
        say(error.message)


def primary_slot(state, cluster):
    """The slot in which a primary keeps what its standby, or the one that it is to have, has not read yet."""
    psql(state, cluster, SLOT_LOST + SLOT_MADE)


def rewind_mark(state):
    """A file that is there while the other cluster is being wound back: half done, its data are worth nothing."""
    return state.data / f"{catalogue_standby(state)}.retorno"


def signal_write(state, data):
    """Makes the data a standby's."""
    tool(state, "/usr/bin/install", "-m", "600", "/dev/null", data / "standby.signal")


def copy(state):
    """Makes the standby: a new copy of the running primary."""
    primary, standby = catalogue_primary(state), catalogue_standby(state)
    say(f"making the hot standby {standby}")
    primary_slot(state, primary)
    psql(state, primary, SLOT_FREED)
    if state.installed:
        debian_init(state, standby)
    new = new_directory(state, standby)
    options = f"-U postgres -X stream -S {STANDBY_SLOT} --checkpoint=fast --no-sync".split()
    place = ("-h", state.postgres_sockets, "-p", port(state.running, primary))
    run_program(state, "pg_basebackup", *place, "-D", new, *options)
    signal_write(state, new)
    directory_named(state, new, state.cluster(standby))
    rewind_mark(state).unlink(missing_ok=True)


def rewind(state):
    """Winds what was the primary back to where the two parted; what it alone had is undone. Whether that worked."""
    primary, standby = catalogue_primary(state), catalogue_standby(state)
    mark = rewind_mark(state)
    if mark.exists():
        say(f"{standby} was being wound back when that was broken off")
        return False
    say(f"winding {standby} back to where {primary} left it")
    primary_slot(state, primary)
    psql(state, primary, "CHECKPOINT")
    mark.touch(0o600)
    place = f"host={state.postgres_sockets} port={port(state.running, primary)}"
    options = (
        f"--target-pgdata={state.cluster(standby)}",
        f"--config-file={state.current / standby}.conf",
        "--no-sync",
        f"--source-server={place} user=postgres dbname=postgres",
    )
    try:
        run_program(state, "pg_rewind", *options)
    except Refused as error:
        say(f"it cannot be: {next((line for line in error.remedies if 'error: ' in line), error.message)}")
        return False
    signal_write(state, state.cluster(standby))
    tool(state, "/usr/bin/sync", "-f", state.cluster(standby))
    mark.unlink()
    return True


def delete(state):
    """Deletes the data of a standby, which is stopped."""
    tool(state, "/usr/bin/rm", "-rf", state.cluster(catalogue_standby(state)))


def set_aside(state):
    """Keeps, once, the data that a copy is to replace: they may hold the last words of a lost primary."""
    standby = catalogue_standby(state)
    old = state.cluster(standby)
    if old.is_dir():
        aside = old.with_name(f"{old.name}.antigo")
        tool(state, "/usr/bin/rm", "-rf", aside)
        tool(state, "/usr/bin/mv", "-T", old, aside)
        say(f"the old data of {standby} are in {aside}: delete them when nobody needs them")


def lost(state):
    """Whether the standby was away for more WAL than the primary keeps: it can never catch up, a new copy is needed."""
    return made(state) and value(state, catalogue_primary(state), SLOT_STATUS) == "lost"


def start(state):
    """Starts the standby and waits until it follows, tables and all: programs are checked against them."""
    standby = catalogue_standby(state)
    manager.of(state).start([standby])
    if not wait_for(lambda: ready(state, standby)):
        raise Refused(f"{standby} did not start within {WAIT_SECONDS} seconds", f"see {state.log_of(standby)}")
    if not wait_for(lambda: has_schema(state)) or not wait_for(lambda: streaming(state)):
        raise Refused("the standby does not follow the primary", f"see {state.log_of(standby)}")


def has_schema(state):
    """Whether the standby has the migrations that the primary has."""
    newest = "SELECT max(numero) FROM migracoes"
    primary = asked(state, catalogue_primary(state), newest, "catalogo")
    return primary is not None and asked(state, catalogue_standby(state), newest, "catalogo") == primary
