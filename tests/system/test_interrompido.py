"""Every start can be finished: scripts/up and restart killed at random moments, then scripts/up."""
import os
import random
import signal
import subprocess
import time

import psutil
import pytest

from client import TOP
from comandos import of_state
from generated import BUILD, staged
from shop import COMMAND_SECONDS, POOLS, Shop, eventually

# How often scripts/test kills; scripts/test --all does it fifty times each. The seed says when.
MOMENTS = {"first up": 1, "up": 2, "restart": 2}
KILLS = int(os.environ.get("CONFEITARIA_TEST_KILLS", "0"))
pytestmark = [pytest.mark.commands, pytest.mark.slow, pytest.mark.timeout(1800 + 120 * KILLS)]

SEED = os.environ.get("CONFEITARIA_TEST_SEED", "13")


def begin(shop, name, *arguments):
    """A command in a session of its own, with all that it starts and that does not leave it."""
    return subprocess.Popen(
        [TOP / "scripts" / name, "--state", shop.state, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=shop.environment,
        start_new_session=True,
    )


def session_of(pid):
    """The processes of a session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == pid:
                found.append(process)
        except (OSError, psutil.Error):
            pass
    return found


def killed_after(shop, seconds, name, *arguments):
    """kill -9 of a command and all of its session, so long after it began; whether it had not ended by itself."""
    with begin(shop, name, *arguments) as command:
        try:
            command.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            pass
        for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none begins another one meanwhile
            for process in session_of(command.pid):
                try:
                    process.send_signal(number)
                except psutil.Error:
                    pass
        command.wait(COMMAND_SECONDS)
    return True


def how_long(call):
    """Seconds."""
    began = time.monotonic()
    call()
    return time.monotonic() - began


def finished(shop):
    """The next scripts/up brings it to health; nothing is left half done, and nothing twice."""
    shop.up()
    for client in (shop.public, shop.admin):
        if client:
            client.close()
    parts = shop.status()["parts"]
    assert "restart_needed" not in parts["release"], parts["release"]
    assert not [path for path in shop.state.rglob("*.new") if path.parent.name in ("releases", "generations")]
    roots = [psutil.Process(pid) for pid in (shop.supervisord, *shop.processes().values())]
    family = {process.pid for root in roots for process in (root, *root.children(recursive=True))}
    assert eventually(lambda: not set(of_state(shop.state)) - family), of_state(shop.state)


def moments(name, longest):
    """When to kill: as many as wanted, over the whole command and a little beyond."""
    draw = random.Random(f"{SEED}/{name}")
    for number in range(KILLS or MOMENTS[name]):
        seconds = draw.uniform(0, longest * 1.05)
        print(f"{name}: seed {SEED}, moment {number + 1}: killed after {seconds:.3f} s", flush=True)
        yield seconds


def books_balance(shop, order):
    """What was ordered is there, and the audit finds nothing."""
    assert shop.client().get(f"/api/pedidos/{order['id']}").data["status"] == order["status"]
    shop.order({shop.product(estoque=3)["id"]: 2})
    assert shop.script("audit", "--settled").returncode == 0


def test_the_first_up():
    """From nothing: packages are there, the release, the clusters, the schema and the standby are not."""
    sizes = [f"{pool}=1" for pool in POOLS]
    first = Shop(workers=sizes)
    longest = how_long(first.up)
    first.remove()
    for seconds in moments("first up", longest):
        shop = Shop(workers=sizes)
        try:
            killed_after(shop, seconds, "up", *shop.options)
            finished(shop)
        finally:
            shop.remove()


def test_up_again():
    """From a system that was stopped, with another setting each time."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        order = shop.order({shop.product()["id"]: 1})
        shop.script("down")
        longest = how_long(shop.up)
        for number, seconds in enumerate(moments("up", longest)):
            shop.script("down")
            killed_after(shop, seconds, "up", *shop.options, "--set", f"limite_fila={100 + number % 100}")
            finished(shop)
        books_balance(shop, order)


def test_restart(place):
    """To another release with another setting, and back: what was begun is finished, either way."""
    releases = [str(BUILD), str(staged(place, {"db/LEIAME": "Outra versão.\n"}))]
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        order = shop.order({shop.product()["id"]: 1})
        shop.environment["CONFEITARIA_BUILD"] = releases[1]
        longest = how_long(lambda: shop.script("restart"))
        for number, seconds in enumerate(moments("restart", longest)):
            shop.environment["CONFEITARIA_BUILD"] = releases[number % 2]
            shop.script("up", "--set", f"limite_fila={100 + number % 100}")
            killed_after(shop, seconds, "restart")
            shop.up()
            assert shop.status()["healthy"]
            shop.script("restart")
            finished(shop)
            assert (shop.current / "release").resolve().name in os.listdir(shop.state / "releases")
        books_balance(shop, order)
