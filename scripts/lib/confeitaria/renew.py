"""Lets parts begin anew with the generation that is current: no request is lost, the stores are away for a bounded
while."""
import hashlib
import http.client
import os
import signal
import socket
import time

import psutil

from . import generation, manager, migrations, nginx, pools, ports, postgres, processes, redis, standby, system
from . import tokens
from .parts import here
from .say import Refused, paste, say, warn
from .settings import DOWN, TABLE, Settings
from .state import WAIT_SECONDS, wait_for


def renew(state, parts):
    """Each part in turn, and notes it: workers execute the program anew, nginx and the stores read their configuration
    again."""
    for part in parts:
        say(f"restarting {part}" if part in system.FRONT and part != "nginx" else f"reloading {part}")
        if part in pools.POOLS:
            renew_pool(state, part)
        elif part == "nginx":
            reload_nginx(state)
        elif part in system.FRONT:
            cycle(state, part)
        else:
            reload_store(state, part)
        generation.renewed_note(state, [part])


def replace(state, parts):
    """As renew, and the stores and nginx begin as new processes, with the program that is on the disk now."""
    for part in parts:
        if part == "nginx":
            say("exchanging nginx")
            exchange_nginx(state)
        elif part not in system.FRONT:
            say(f"restarting {part}")
            cycle_store(state, part)
        else:
            renew(state, [part])
        generation.renewed_note(state, [part])


# Workers


def addresses(pid):
    """What execve(2) gave a process: random addresses, others each time (proc(5), auxv)."""
    try:
        with open(f"/proc/{pid}/auxv", "rb") as file:
            return hashlib.sha256(file.read()).digest()
    except OSError:
        return None


def waits_for_requests(pid):
    """Whether a worker has opened what it waits with, which execve(2) closes."""
    try:
        files = os.listdir(f"/proc/{pid}/fd")
        return any(os.readlink(f"/proc/{pid}/fd/{file}") == "anon_inode:[eventpoll]" for file in files)
    except OSError:
        return False


def renew_pool(state, pool):
    """The workers of a pool, one after the other: each ends the request it has in hand and executes its program with
    the same socket."""
    supervisor = manager.of(state)
    for name in supervisor.of_part(pool):
        pid = supervisor.processes()[name].pid
        before = addresses(pid)
        supervisor.signal([name], "HUP")
        if not wait_for(
            lambda: addresses(pid) != before and (waits_for_requests(pid) or not psutil.pid_exists(pid)), every=0.02
        ):
            raise Refused(
                f"worker {name} ({pid}) did not restart; it is in state {process_state(pid)}",
                f"its log is {state.log_of(pool)}; killing it does no harm: another one takes its place",
            )


def process_state(pid):
    """What the kernel says of a process."""
    try:
        return psutil.Process(pid).status()
    except processes.GONE:
        return "gone"


def cycle(state, part):
    """Stops and starts the processes of a part, one after the other."""
    supervisor = manager.of(state)
    for name in supervisor.of_part(part):
        supervisor.stop([name])
        supervisor.start([name])


# nginx


def answer_of_internal(state, path, token=""):
    """The text that nginx answers on the internal socket, or None."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(5)
        connection.sock.connect(str(state.internal_socket))
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.read(1000).decode("ascii", "replace").strip() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def took(state, master, before):
    """Whether nginx serves with the current generation, by workers that are newer than those of before."""
    try:
        fresh = [child for child in master.children() if child not in before]
    except processes.GONE:
        return False
    return fresh and answer_of_internal(state, nginx.GENERATION_PATH) == str(generation.current(state))


def wait_took(state, master, before, log, size):
    """Waits until nginx has taken its configuration; raises Refused with its words when it says that it does not."""

    def complaint():
        with log.open("rb") as file:
            file.seek(size if size <= log.stat().st_size else 0)
            return [
                line
                for line in file.read().decode(errors="replace").splitlines()
                if "[emerg]" in line or "[alert]" in line
            ]

    end = time.monotonic() + WAIT_SECONDS
    while not took(state, master, before):
        if words := complaint():
            raise Refused("nginx did not take its new configuration:", *words[-3:])
        if time.monotonic() > end:
            raise Refused(f"nginx has not taken its new configuration within {WAIT_SECONDS} seconds", f"see {log}")
        time.sleep(0.05)


def nginx_master(state):
    """nginx's master."""
    if not (master := manager.of(state).main_process("nginx")):
        raise Refused("nginx is not running", f"see {state.log_of('nginx')}")
    return master


def reload_nginx(state):
    """Has nginx read its configuration again, and makes sure that it did."""
    master, log = nginx_master(state), state.log_of("nginx")
    before, size = master.children(), log.stat().st_size
    manager.of(state).signal(["nginx"], "HUP")
    wait_took(state, master, before, log, size)


def exchange_nginx(state):
    """Another nginx, of the program that is on the disk now, takes over the sockets of this one, which ends when its
    requests have ended (nginx.org, "Upgrading Executable on the Fly")."""
    old, log = nginx_master(state), state.log_of("nginx")
    size = log.stat().st_size
    processes.signal_all([old], signal.SIGUSR2)

    def exchanged():
        master = manager.of(state).main_process("nginx")
        return master if master and master != old else None

    if not (master := wait_for(exchanged, 30)):
        raise Refused("no new nginx has begun; the old one goes on", f"see {log}")
    wait_took(state, master, [], log, size)
    processes.signal_all([old], signal.SIGQUIT)
    if processes.wait_gone([old]):
        raise Refused(f"the old nginx ({old.pid}) does not end", f"see {log}")


# Stores


def reload_store(state, part):
    """Has a store read its configuration again."""
    if part == "redis":
        redis.reload(state)
    else:
        postgres.reload(state, part)


def cycle_store(state, part):
    """Stops a store and starts it. Writes that need it are refused meanwhile; the workers come back by themselves."""
    supervisor = manager.of(state)
    if not supervisor.of_part(part):
        raise Refused(f"{part} is not running")
    supervisor.stop([part])
    supervisor.take_section(part)
    supervisor.start([part])
    system.store_wait(state, part, lambda: redis.ready(state) if part == "redis" else postgres.ready(state, part))
    if part == postgres.catalogue_standby(state):
        standby.start(state)


# A whole generation


def deploy(state, release, parts):
    """Renders, checks and turns a new generation, unless the current one is made from the same; then lets the parts
    begin anew. What is refused before the turn has changed nothing but the databases, whose migrations the programs
    that run can live with."""
    before = generation.current(state)
    if generation.about(state).get("inputs") == generation.inputs(state, release, state.settings):
        prepare(state, release, state.current)
    else:
        directory = generation.stage(state, release, state.settings)
        try:
            prepare(state, release, directory)
        except BaseException:
            generation.discard(directory)
            raise
        say(f"turning to generation {generation.turn(state, directory)}: release {release}")
    apply(state, parts, before)


def prepare(state, release, directory):
    """All that can be refused: the checks, and the migrations between them."""
    found_by_others(state, directory)
    pools.prepare(state)
    generation.check(state, directory)
    tokens.secrets_make(state)
    migrations.apply(state, release)
    postgres.roles(state)
    postgres.functions(state)
    try:
        if here(state, ["redis"]):
            redis.access_renew(state)
    except Refused as error:
        warn(f"what the users of Redis may do is as it was until {paste(state, 'restart')} again: {error.message}")
    if standby.made(state) and not wait_for(lambda: standby.has_schema(state)):
        raise Refused(
            "the standby does not follow the primary", f"see {state.log_of(postgres.catalogue_standby(state))}"
        )
    pools.check(state, directory)


def found_by_others(state, directory):
    """Refuses a generation whose parts or ports a running system would not be known by any more."""
    now, then = state.running, Settings.of_generation(directory)
    added = set(nginx.front_ports(then)) - set(nginx.front_ports(now)) if "nginx" in then["partes"] else ()
    if refused := ports.refusals(nginx.front_address(then), added):
        raise Refused(f"port {', port '.join(refused)}", "stop that, or take another one with port or tls_porta")
    names = [name for name, setting in TABLE.items() if setting.effect == DOWN and now.text(name) != then.text(name)]
    if names:
        raise Refused(
            f"{' and '.join(names)} cannot be changed while the system runs",
            f"{paste(state, 'down')}; {paste(state, 'up')}",
        )


def apply(state, parts, before):
    """Lets parts begin anew with the current generation. nginx first: what it refuses turns the generation back before
    anything else has seen it. `before`: the number of the generation to turn back to."""
    directory = state.generations / str(before or generation.current(state))
    try:
        added, changed = manager.of(state).update(directory)
        wanted = [name for name in system.declared(state) if name.split(":")[0] in added]
        manager.of(state).start(wanted)
        if "nginx" in parts:
            renew(state, ["nginx"])
    except Refused:
        refused = generation.current(state)
        if before and before != refused:
            generation.turn(state, directory)
            manager.of(state).update(state.generations / str(refused))
            if refused > before:
                generation.discard(state.generations / str(refused))
        raise
    try:
        if here(state, ["redis"]):
            redis.access_renew(state)
    except Refused as refused:
        warn(f"{refused.message}: what its users may do is as it was until {paste(state, 'restart')} again")
    generation.renewed_note(state, [*added, *changed])
    renew(state, [part for part in parts if part != "nginx" and part not in (*added, *changed)])
