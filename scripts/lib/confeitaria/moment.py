"""One moment of all stores, while customers go on, and PostgreSQL's log up to it:
docs/decisions/0007-one-moment-of-three-stores.md."""
import os
import re
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

from . import postgres, redis
from .say import Refused
from .state import WAIT_SECONDS, wait_for

SLOT = "backup"
APPLICATION = "confeitaria_backup"
SERVICES = ("catalogo", "pedidos")  # each has its part in a backup under pg-SERVICE, whichever cluster is its primary
TRIES = 20
SESSION_SECONDS = 60
DUMP_SECONDS = 600
WITH_US = ("setpriv", "--pdeathsig", "KILL")  # a program that ends when this process does, however that is ended
POSITION = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")

END_STREAMS = f"""
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_replication WHERE application_name = '{APPLICATION}';
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{SLOT}' AND NOT active;
"""
BEGIN = """
SET deadlock_timeout = '20ms';
SET lock_timeout = '{lock}ms';
SET idle_in_transaction_session_timeout = '{idle}ms';
BEGIN;
LOCK TABLE pedidos, eventos IN SHARE MODE;
"""


@dataclass(frozen=True)
class Moment:
    """`name`: the restore point's in both clusters. `positions`: service -> where it is in that cluster's log.
    `milliseconds`: how long orders waited for it."""

    name: str
    positions: dict
    milliseconds: int


def conninfo(state, service):
    """How a backup's programs connect to the primary of a service."""
    port = postgres.port(state.running, postgres.cluster_of(state, service))
    return f"host={state.postgres_sockets} port={port} user=postgres application_name={APPLICATION}"


def run(state, program, *words):
    """One of PostgreSQL's programs, which says something only when it fails."""
    command = [*WITH_US, postgres.programs(state) / program, *words]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=postgres.environment(""), check=False
    )
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.strip()}")


def end_streams(state):
    """Ends the connections of a backup, ours or those of one that was killed, and gives up its claim on the log."""
    for service in SERVICES:
        postgres.psql(state, postgres.cluster_of(state, service), END_STREAMS, seconds=SESSION_SECONDS)


@contextmanager
def session(state):
    """A conversation with psql on the orders' database: gives do(sql) -> what it printed; an error ends it."""
    host, port = str(state.postgres_sockets), str(postgres.port(state.running, "pg-pedidos"))
    command = [postgres.programs(state) / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    command += ["-h", host, "-p", port, "-U", "postgres", "-d", "pedidos"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, env=postgres.environment(), **pipes) as process:
        timer = threading.Timer(SESSION_SECONDS, process.kill)
        timer.start()

        def do(sql):
            try:
                process.stdin.write(f"{sql}\n\\echo done\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass  # what it said of that comes now
            lines = []
            for line in process.stdout:
                if line == "done\n":
                    return "".join(lines).strip()
                lines.append(line)
            raise Refused(
                "".join(lines).strip() or f"the orders' PostgreSQL said nothing for {SESSION_SECONDS} seconds"
            )

        try:
            yield do
        finally:
            timer.cancel()
            process.kill()  # what is not committed is undone


def position(text):
    """A position in the log, as PostgreSQL answered it."""
    if not POSITION.fullmatch(text):
        raise Refused(f"PostgreSQL answered no position in its log: {text}")
    return text


def attempt(state, name):
    """While no order can change, writes the restore point into both clusters and lets Redis fork for its dump. What is
    not moved on in one store meanwhile is what a crash leaves there, which the conciliador mends. Nobody waits long:
    the lock is asked for shortly, a vacuum gives way to it, and PostgreSQL lets go of it when this process hangs, all
    within what a worker waits for PostgreSQL."""
    seconds = state.running["prazo_segundos"]
    point = f"SELECT pg_create_restore_point('{name}');"
    with session(state) as do:
        do("")
        began = time.monotonic()
        do(BEGIN.format(lock=75 * seconds, idle=250 * seconds))
        catalogue = postgres.psql(state, postgres.catalogue_primary(state), point, seconds=seconds / 4).strip()
        answer = redis.cli(state, "bgsave", seconds=seconds / 4)
        if "Background saving started" not in answer:
            raise Refused(f"Redis: {answer.strip()}")
        orders = do(point)
        do("COMMIT;")
        waited = round(1000 * (time.monotonic() - began))
    return Moment(name, {"catalogo": position(catalogue), "pedidos": position(orders)}, waited)


def find(state):
    """Tries until there is a Moment. A try that one store did not take part in is none, and its name is not used
    again."""
    said = ()
    for number in range(1, TRIES + 1):
        dump_ready(state)
        try:
            return attempt(state, f"backup-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{number}")
        except Refused as refused:
            said = (refused.message, *refused.remedies)
        time.sleep(0.5)
    raise Refused(
        "no moment was found in which all stores answered and no order was being changed; the last try said:", *said
    )


def dump(state):
    """Where Redis writes its dump."""
    return state.redis_data / "dump.rdb"


def persistence(state):
    """What Redis says of its files: name -> text."""
    return dict(line.split(":", 1) for line in redis.cli(state, "info", "persistence").splitlines() if ":" in line)


def writing(state):
    """Whether Redis has a process that writes its files."""
    said = persistence(state)
    return any(said.get(f"{what}_in_progress", "").strip() != "0" for what in ("rdb_bgsave", "aof_rewrite"))


def dump_written(state):
    """Waits for the dump of the moment; its path."""
    if not wait_for(lambda: not writing(state), DUMP_SECONDS):
        raise Refused("Redis has not written its dump within ten minutes", f"see {state.log_of('redis')}")
    path = dump(state)
    if persistence(state).get("rdb_last_bgsave_status", "").strip() != "ok" or not path.is_file():
        raise Refused("Redis could not write its dump", f"see {state.log_of('redis')}")
    return path


def dump_ready(state):
    """Waits until Redis can write a dump; takes the last one away."""
    if not wait_for(lambda: not writing(state)):
        raise Refused(f"Redis has been writing its files for {WAIT_SECONDS} seconds", f"see {state.log_of('redis')}")
    redis.as_redis(state, "/usr/bin/rm", "-f", dump(state))


def dump_now(state):
    """Has Redis write its dump; its path."""
    dump_ready(state)
    redis.cli(state, "bgsave")
    return dump_written(state)


def log_until(state, service, end, directory):
    """Copies the log from the base backup's to that position. The switch sends it off at once."""
    postgres.psql(state, postgres.cluster_of(state, service), "SELECT pg_switch_wal()")
    os.mkdir(directory, 0o700)
    words = ["-d", conninfo(state, service), "-D", directory, "-S", SLOT, f"--endpos={end}", "--no-loop"]
    run(state, "pg_receivewal", *words)
    for part in directory.glob("*.partial"):
        part.rename(part.with_suffix(""))
