"""A socket file that was deleted: whoever listened there is started anew, and only he."""
import os
import re
import signal

import pytest

from shop import eventually

# fmt: off
FILES = {"catalogo": "catalogo.sock", "carrinho": "carrinho.sock", "nginx": "interno.sock", "redis": "redis.sock",
         "pg-pedidos": ".s.PGSQL.5434"}
# fmt: on


def of_part(processes, part):
    """Those of a part: name -> process id."""
    return {name: pid for name, pid in processes.items() if name.split(":")[0] == part}


@pytest.mark.slow
@pytest.mark.parametrize("part", FILES)
def test_a_deleted_socket_comes_back(shop, part):
    """Without a person; everybody else goes on."""
    path = shop.run / FILES[part]
    assert eventually(path.exists)
    before = shop.processes()
    path.unlink()
    assert eventually(path.exists), shop.logs()["zelador.log"]
    assert eventually(lambda: set(shop.processes()) == set(before))
    for client in (shop.public, shop.admin):
        client.close()  # a new nginx knows nothing of their connections
    assert shop.recovered()
    product = shop.product()["id"]
    shop.order({product: 1})
    after = shop.processes()
    assert {name for name in before if before[name] != after[name]} == set(of_part(before, part))


@pytest.mark.slow
def test_a_zelador_that_dies_leaves_no_part_stopped(shop):
    """It dies after it has stopped a part and before it has started it: the next one starts it."""
    worker, *others = shop.workers("carrinho").items()
    path = shop.run / "carrinho.sock"
    os.kill(worker[1], signal.SIGSTOP)  # takes long to stop
    path.unlink()
    assert eventually(lambda: not {name for name, _ in others} & set(shop.workers("carrinho")), every=0.05)
    os.kill(shop.processes()["zelador"], signal.SIGKILL)
    os.kill(worker[1], signal.SIGCONT)
    assert eventually(lambda: len(shop.workers("carrinho")) == 1 + len(others) and path.exists())
    assert shop.recovered()


@pytest.mark.slow
def test_what_an_operator_stopped_stays_stopped(shop):
    """Its socket is nobody's business then: others' come back, twice, and it is left alone."""
    names = list(shop.workers("carrinho"))
    with shop.stopped(*names):
        (shop.run / "carrinho.sock").unlink()
        for _ in range(2):
            other = shop.run / "catalogo-replica.sock"
            other.unlink()
            assert eventually(other.exists)
        assert not shop.workers("carrinho")
    assert eventually(lambda: shop.client(checked=False).post("/api/carrinho/sessao").status == 201)


@pytest.mark.slow
def test_security_updates_that_wait_are_named(shop):
    """The real apt is asked, and says something: what waits on this machine is its own affair."""
    assert "packages" not in shop.status()["parts"]
    file = shop.state / "etc/confeitaria.conf"
    before = file.read_text()
    file.write_text(re.sub("(?m)^atualizacoes = nao$", "atualizacoes = sim", before))
    shop.script("reload", "zelador")
    try:
        assert eventually((shop.state / "tmp/updates").exists), shop.logs()["zelador.log"]
        found = shop.status()["parts"]["packages"]
        names = r"([a-z0-9][a-z0-9.+:-]*=\S+ ?)+"
        assert re.fullmatch(f"none|unknown: .+|being looked up|{names}", found["security_updates"])
        assert found["lists_days"] >= 0 and found["status"] == "running"
    finally:
        file.write_text(before)
        shop.script("reload", "zelador")
