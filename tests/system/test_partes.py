"""Each part begun anew by itself, as after a security update of PostgreSQL, Redis or nginx: nothing else stops."""
import pytest

import processes
from shop import eventually
from trafego import Traffic

pytestmark = [pytest.mark.commands, pytest.mark.slow]

STORES = ("pg-catalogo", "pg-replica", "pg-pedidos", "redis")


@pytest.mark.parametrize("part", STORES)
def test_a_store(shop, part):
    """A new process; the others go on. Reads of the catalogue never fail, a write is refused for a while at most."""
    before = shop.processes()
    with Traffic(shop, refused=True):
        done = shop.script("restart", part)
    assert f"restarting {part}" in done.stdout
    after = shop.processes()
    assert {name for name in before if before[name] != after.get(name)} == {part}
    assert shop.recovered() and shop.status()["parts"][part]["status"] == "running"


def test_nginx(shop):
    """Another nginx takes over the open ports: no connection is refused, no request lost."""
    master = shop.nginx_master()
    others = {name: pid for name, pid in shop.processes().items() if name != "nginx"}
    with Traffic(shop):
        done = shop.script("restart", "nginx")
    assert "exchanging nginx" in done.stdout
    assert shop.nginx_master() not in (None, master) and not processes.alive(master)
    assert {name: pid for name, pid in shop.processes().items() if name != "nginx"} == others
    for client in (shop.public, shop.admin):
        client.close()
    assert shop.recovered()


def test_reload_of_everything(shop):
    """All parts read their configuration again, and nobody notices: the stores, nginx and the workers are the processes
    that they were."""
    before = {
        name: pid for name, pid in shop.processes().items() if name in (*STORES, "nginx") or name in shop.workers()
    }
    with Traffic(shop):
        shop.script("reload")
    after = shop.processes()
    # conciliador and vigia have no state that a new process lacks: they are begun anew.
    assert {name for name in before if before[name] != after.get(name)} <= {
        name for name in before if name.startswith("conciliador")
    }


def test_a_setting_of_a_store_that_it_takes_while_it_runs(shop):
    """reload is enough, and status says what is not taken yet."""
    before = shop.value("SHOW log_min_duration_statement", "pedidos")
    own = shop.own_lines(
        "postgresql.d/testes.conf", "log_min_duration_statement = 123456\nmax_locks_per_transaction = 65\n"
    )
    try:
        shop.script("reload", "pg-pedidos")
        assert eventually(lambda: shop.value("SHOW log_min_duration_statement", "pedidos") == "123456ms")
        assert shop.value("SHOW max_locks_per_transaction", "pedidos") == "64"
        assert "max_locks_per_transaction" in str(shop.status(check=False)["parts"]["pg-pedidos"])
    finally:
        own.unlink()
        shop.script("reload", "pg-pedidos")
    assert eventually(lambda: shop.value("SHOW log_min_duration_statement", "pedidos") == before)


def test_refuses_what_is_no_part(shop):
    """64, and nothing is rendered for it."""
    assert shop.script("restart", "nada", check=False).returncode == 64
    assert shop.script("reload", "nada", check=False).returncode == 64
