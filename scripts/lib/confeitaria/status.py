"""How the parts are, as facts: {part: {field: value}}. `status` is running, or what is wrong."""
import json
import re
import subprocess
import time
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial

from . import generation, health, last, maintenance, manager, nginx, parts, pools, postgres, processes, redis, release
from . import schedule, scoreboard, system, tls, updates
from .say import Refused

STREAM_KEPT = 100000  # of conciliador.c: the stream is longer only while a consumer group has not read it
LATE_SECONDS = 30


def report(state):
    """The facts of a system."""
    supervisor = manager.of(state)
    if not supervisor.running():
        left = processes.counted(processes.of_state(state).values())
        return {"system": {"status": "stopped", **({"left": left} if left else {})}}
    listed = supervisor.processes()
    primary, here = postgres.catalogue_primary(state), parts.here(state, system.PARTS)
    facts = {supervisor.name: {"status": "running", "pid": supervisor.pid()}, "release": report_release(state)}
    asked = {
        "nginx": lambda: report_nginx(state, listed),
        **{pool: partial(report_pool, state, listed, pool, size) for pool, size in pools.sizes(state).items()},
        "pg-catalogo": lambda: report_postgres(state, listed, "pg-catalogo", primary),
        "pg-replica": lambda: report_postgres(state, listed, "pg-replica", primary),
        "pg-pedidos": lambda: report_postgres(state, listed, "pg-pedidos", "pg-pedidos"),
        "redis": lambda: report_redis(state, listed),
        "vigia": lambda: report_process(listed, "vigia"),
        "conciliador": lambda: report_conciliador(state, listed),
        "zelador": lambda: report_process(listed, "zelador"),
        **{tool: partial(report_process, listed, tool) for tool in parts.TOOLS},
    }
    facts |= {part: report_part() for part, report_part in asked.items() if part in here}
    if backups := schedule.report(state):
        facts["backups"] = backups
    pids = {one.pid: name.split(":")[0] for name, one in listed.items()} | {
        facts[supervisor.name]["pid"]: supervisor.name
    }
    updates.report(state, facts, pids)
    if "nginx" in here:
        facts["health"] = report_health(state)
    return facts


def report_process(listed, name):
    """Whether it runs, and its process id."""
    one = listed.get(name)
    return {"status": one.state.lower() if one else "missing", "pid": one.pid if one else 0}


def report_release(state):
    """What runs, and whether all of it does already."""
    about = generation.about(state)
    facts = {"status": "running", "version": about.get("version", ""), "commit": about.get("commit", "")}
    facts["generation"] = generation.current(state)
    late = generation.outdated(state, system.front(state))
    newest = release.newest(state)
    if late:
        facts["restart_needed"] = " ".join(late)
    elif newest and newest.name != about.get("release"):
        facts["restart_needed"] = f"{newest} is installed"
    return facts


def report_nginx(state, listed):
    """The running process's own version: the one on the disk may be newer."""
    facts = report_process(listed, "nginx")
    if master := manager.of(state).main_process("nginx"):
        facts["pid"] = master.pid
    facts["port"] = health.port(state)
    if state.installed and (known := nginx.connections(state)) and known[0] < known[1]:
        facts["worker_connections"] = f"{known[0]}, of {known[1]} that full queues take"
    facts |= report_door(state, facts["status"])
    done = (
        subprocess.run([f"/proc/{facts['pid']}/exe", "-v"], capture_output=True, text=True, check=False, timeout=30)
        if facts["pid"]
        else None
    )
    found = re.search(r"nginx/(\S+)", done.stderr) if done else None
    facts["version"] = found[1] if found else "unknown"
    return facts


def report_door(state, status):
    """Whether customers can come in, and whether others can listen."""
    facts, settings = {}, state.running
    if tls.on(settings):
        end = tls.expires(state.current / "nginx" / tls.FILES["tls_certificado"])
        facts = {"tls_port": settings["tls_porta"], "certificate_expires": f"{end:%Y-%m-%d}" if end else "unknown"}
        if status == "running" and end and end < datetime.now(timezone.utc):
            facts["status"] = "expired"
    elif tls.in_the_open(settings):
        facts["tls"] = "none: what comes over the network is unencrypted"
    if closed := maintenance.since(state):
        facts |= {"maintenance_since": f"{closed:%Y-%m-%dT%H:%M:%SZ}"}
        if status == "running":
            facts["status"] = "maintenance"
    return facts


def report_pool(state, listed, pool, declared):
    """Workers that run, and how many should; by the pool's scoreboard how many of them serve, and how many died."""
    pids = [one.pid for name, one in listed.items() if name.startswith(f"{pool}:") and one.state == "RUNNING"]
    force = scoreboard.read(pools.scoreboard_path(state, pool))
    return {
        "status": "running" if len(pids) == declared else "short",
        "workers": len(pids),
        "declared": declared,
        **(asdict(force) if force else {}),
        "pids": ",".join(map(str, pids)) or "none",
    }


def ask(state, cluster, sql, database="postgres"):
    """The first row of an answer; an empty one when there is none in the time of a request."""
    try:
        found = postgres.rows(state, cluster, sql, database=database, seconds=state.running["prazo_segundos"])
        return found[0] if found else []
    except Refused:
        return []


def ask_redis(state, *words):
    """What Redis answers in the time of a request; nothing when it does not."""
    try:
        return redis.cli(state, *words, seconds=state.running["prazo_segundos"])
    except Refused:
        return ""


def report_postgres(state, listed, cluster, primary):
    """What the server itself says it is, which is not always what it was meant to be."""
    wanted = "primary" if cluster == primary else "standby"
    row = ask(
        state,
        cluster,
        """SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
        current_setting('server_version_num')::int / 10000
            || '.' || current_setting('server_version_num')::int % 10000, current_setting('transaction_read_only'),
            (SELECT string_agg(name, ' ') FROM pg_settings WHERE pending_restart)""",
    )
    role, version, refuses, pending = row or ("unknown", "unknown", "", "")
    link = replication(state) if wanted == "standby" else []
    facts = report_process(listed, cluster)
    if not row:
        facts["status"] = "no answer"
    elif role != wanted:
        facts["status"] = f"not a {wanted}"
    elif wanted == "primary" and refuses == "on":
        facts["status"] = "refuses writes"
    elif wanted == "standby" and link[:1] != ["streaming"]:
        facts["status"] = "not following"
    facts |= {"role": role, "version": version}
    if pending:
        facts["restart_needed"] = pending
    if wanted == "standby":
        facts["replication"] = link[0] if link else "none"
        facts |= {name: number(text) for name, text in zip(("lag_bytes", "lag_seconds"), link[1:]) if text}
    return facts


def replication(state):
    """Asked of the primary: a standby that lost it cannot know how far behind it is."""
    return ask(
        state,
        postgres.catalogue_primary(state),
        """SELECT state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint,
                  round(extract(epoch FROM coalesce(replay_lag, '0')), 3)
           FROM pg_stat_replication WHERE application_name = 'replica'""",
    )


def number(text):
    """A number of a store, or its text when it is none."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def report_redis(state, listed):
    """Whether it answers and takes writes; what it holds. The stream of events is no cart."""
    info = dict(line.split(":", 1) for line in ask_redis(state, "info").split() if ":" in line)
    script = release.current(state).share("db/carrinho/saude.lua").read_text(encoding="utf-8")
    written = ask_redis(state, "eval", script, "1", "carrinho:saude").strip()
    facts = report_process(listed, "redis")
    if "redis_version" not in info:
        facts["status"] = "no answer"
    elif written != "1":
        facts["status"] = "refuses writes"
    keys = re.match(r"keys=(\d+),", info.get("db0", ""))
    stream = number(ask_redis(state, "exists", "pedidos:eventos").strip() or "0")
    facts |= {"version": info.get("redis_version", ""), "role": info.get("role", "")}
    facts["carts"] = int(keys[1]) - stream if keys and isinstance(stream, int) else 0
    for name, field in (
        ("memory_bytes", "used_memory"),
        ("memory_max_bytes", "maxmemory"),
        ("last_write", "aof_last_write_status"),
    ):
        facts[name] = number(info.get(field, ""))
    return facts


CONCILIADOR = (
    "looked_seconds",
    "orders_ended",
    "orders_undone",
    "reservations_settled",
    "oldest_unfinished_seconds",
    "events_unpublished",
    "orders_parked",
    "reservations_parked",
)


def report_conciliador(state, listed):
    """What it mended since the shop opened, and what it has not yet; late when it has not looked for a while. Only the
    stores know, which may be on another host."""
    count = sum(listed[name].state == "RUNNING" for name in pools.CONCILIADORES if name in listed)
    if "pg-pedidos" not in parts.here(state, ["pg-pedidos"]):
        return {"status": "running" if count else "stopped", "processes": count}
    row = ask(
        state,
        "pg-pedidos",
        """SELECT round(extract(epoch FROM now() - olhou_em)), concluidos, desfeitos, reservas,
               (SELECT round(coalesce(extract(epoch FROM now() - min(criado_em)), 0)) FROM pedidos
                WHERE (status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL) AND parado_em IS NULL),
               (SELECT count(*) FROM eventos WHERE publicado_em IS NULL),
               (SELECT count(*) FROM pedidos WHERE parado_em IS NOT NULL),
               (SELECT count(*) FROM reservas_paradas WHERE parado_em IS NOT NULL)
           FROM conciliacao""",
        database="pedidos",
    )
    found = dict(zip(CONCILIADOR, map(number, row)))
    entries = number(ask_redis(state, "xlen", "pedidos:eventos").strip())
    status = "running"
    if count == 0:
        status = "stopped"
    elif not isinstance(found.get("looked_seconds"), int):
        status = "no answer"
    elif found["looked_seconds"] > LATE_SECONDS:
        status = "late"
    elif isinstance(entries, int) and entries > STREAM_KEPT:
        status = "consumer behind"
    facts = {"status": status, "processes": count, **found}
    if isinstance(entries, int):
        facts["stream_entries"] = entries
    return facts


def report_health(state):
    """What /health says."""
    answer = health.ask(state, "GET", "/health")[1]
    said = answer.get("status", "no answer")
    return {"status": "running" if said == "healthy" else said}


def report_last(state):
    """The last backup and audit, where those can be: {kind: last.Last, or None}."""
    return {kind: last.read(state, kind) for kind in last.KINDS} if parts.here(state, ["pg-catalogo"]) else {}


# The views


def exit_status(facts):
    """0 when every part runs, 1 when one does not, 3 when nothing does."""
    if "system" in facts:
        return 3
    return int(any(part["status"] not in ("running", "off") for part in facts.values()))


def table(facts, ended):
    """A line a part, then `last backup: 3 h ago`."""
    lines = [
        f"{part:<17}{fields['status']:<14}"
        + "".join(f"  {name}={value}" for name, value in fields.items() if name != "status")
        for part, fields in facts.items()
    ]
    return "\n".join([*lines, *(f"last {kind}: {words_of(one)}" for kind, one in ended.items())])


def words_of(one):
    """When it was, and how it ended if that was not well."""
    if one is None:
        return "none yet"
    if one.ok:
        return last.ago(time.time() - one.good)
    good = f"the last good one {last.ago(time.time() - one.good)}" if one.good else "no good one yet"
    return f"failed {last.ago(time.time() - one.ended)}, {good}"


def as_json(facts, ended):
    """The same as one JSON object. Of what was never done there is a null."""
    whole = {
        "healthy": exit_status(facts) == 0,
        "parts": facts,
        "last": {kind: one and asdict(one) for kind, one in ended.items()},
    }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
