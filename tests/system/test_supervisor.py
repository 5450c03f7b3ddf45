"""supervisord killed: another one takes over what runs. The shop goes on."""
import os
import signal

import psutil
import pytest

from comandos import of_state
from processes import alive
from shop import POOLS, Shop, eventually
from trafego import Traffic

pytestmark = [pytest.mark.commands, pytest.mark.slow]

PORTS = {"pg-catalogo": 5432, "pg-replica": 5433, "pg-pedidos": 5434}


@pytest.fixture(name="loja", scope="module")
def fixture_loja():
    """A shop of our own: afterwards watchers stand for its stores."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS]) as shop:
        yield shop


def lasting(shop):
    """Part -> process id, of those that another supervisord takes over as they are."""
    pids = {
        cluster: int((shop.state / "data" / cluster / "postmaster.pid").read_text().split("\n")[0]) for cluster in PORTS
    }
    return {**pids, "redis": shop.redis().info("server")["process_id"], "nginx": shop.nginx_master()}


def kill_supervisord(shop):
    """kill -9; its process id."""
    pid = shop.supervisord
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not alive(pid))
    return pid


def belongs(shop):
    """Whether every process of the system is below its supervisord or nginx's master: nothing of before is left."""
    roots = [shop.supervisord, *lasting(shop).values()]
    children = {child.pid for pid in roots for child in psutil.Process(pid).children(recursive=True)}
    return not set(of_state(shop.state)) - children - set(roots)


def all_is_well(shop):
    """The whole system, by its own account, and every worker that is wanted; nobody is left of before."""
    assert shop.recovered() and shop.status()["healthy"]
    assert eventually(lambda: belongs(shop)), of_state(shop.state)


def test_another_supervisord_takes_over(loja):
    """By itself. Reads go on, a write is served or refused by a documented problem; the stores and nginx stay the
    processes that they were."""
    before = lasting(loja)
    with Traffic(loja, refused=True):
        killed = kill_supervisord(loja)
        assert eventually(lambda: loja.supervisord != killed and alive(loja.supervisord))
        assert eventually(loja.well)
    assert lasting(loja) == before
    all_is_well(loja)


@pytest.mark.parametrize("part", ["carrinho", "pg-pedidos", "redis", "nginx"])
def test_what_was_taken_over_is_supervised(loja, part):
    """What dies after that is begun again; a store's shutdown and start are those of before."""
    pids = {**loja.workers(), **lasting(loja)}
    name = part if part in pids else f"{part}:{part}_00"
    os.kill(pids[name], signal.SIGKILL)

    def again():
        try:
            found = {**loja.workers(), **lasting(loja)}.get(name)  # nginx's is None while there is no master
            return found and found != pids[name]
        except (OSError, ValueError):
            return False
        except Exception as error:  # Redis that is not back yet
            return type(error).__module__.startswith("redis") and False

    assert eventually(again)
    for client in (loja.public, loja.admin):
        client.close()
    all_is_well(loja)
    loja.order({loja.product()["id"]: 1})


def test_supervisord_and_the_zelador_killed_together(loja):
    """Nobody heals it then but scripts/up, which does not stop the shop: no read fails, nothing is started twice."""
    before = lasting(loja)
    with Traffic(loja, refused=True):
        supervisor = psutil.Process(loja.supervisord)
        (zelador,) = (child for child in supervisor.children() if "zelador" in child.cmdline())
        for process in (supervisor, zelador):
            process.suspend()
        for process in (zelador, supervisor):
            process.kill()
        assert eventually(lambda: not alive(supervisor.pid) and not alive(zelador.pid))
        assert loja.script("status", check=False).returncode == 3
        refused = loja.script("scale", "carrinho", "2", check=False)
        assert refused.returncode == 1 and "scripts/up" in refused.stderr
        loja.up()
    assert lasting(loja) == before
    all_is_well(loja)


def test_down_without_a_supervisord(loja):
    """Stops what a killed one left, the stores by their own shutdown; the next start has nothing to mend."""
    order = loja.order({loja.product()["id"]: 1})
    supervisor = psutil.Process(loja.supervisord)
    (zelador,) = (child for child in supervisor.children() if "zelador" in child.cmdline())
    zelador.kill()
    supervisor.kill()
    assert eventually(lambda: not alive(supervisor.pid))
    loja.script("down")
    assert not of_state(loja.state)
    log = (loja.state / "log/pg-pedidos.log").read_text(errors="replace")
    assert "database system is shut down" in log.splitlines()[-1]
    loja.up()
    assert loja.client().get(f"/api/pedidos/{order['id']}").data == order
    all_is_well(loja)
