"""confeitaria secret: passwords and tokens are changed while customers go on; a change that was broken off is ended."""
import os
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest
import redis

from client import TOP
from shop import Shop, eventually

pytestmark = pytest.mark.commands

ASKED = "/interno/reservas/vencidas"  # what a service's token may ask for
SECRETS = (
    "redis_carrinho",
    "redis_conciliador",
    "redis_operador",
    "redis_consulta",
    "redis_monitor",
    "pedidos.token",
    "conciliador.token",
)


@pytest.fixture(name="changing", scope="module")
def fixture_changing():
    """A shop of their own: its secrets change."""
    with Shop() as running:
        yield running
        running.script("audit", "--settled")


def taken(shop, name, secret):
    """Whether a secret of this name lets in."""
    if name.endswith(".token"):
        return shop.internal(secret).get(ASKED).status != 401
    user = name.removeprefix("redis_")
    client = redis.Redis(unix_socket_path=str(shop.run / "redis.sock"), username=user, password=secret)
    try:
        return client.ping()
    except (redis.ResponseError, redis.AuthenticationError) as error:  # by the client's version
        assert "WRONGPASS" in str(error) or "invalid username-password pair" in str(error)
        return False


@contextmanager
def customers(shop):
    """Meanwhile customers fill carts and order, one after the other; no answer may be an error. Gives the orders."""
    product, over, orders, wrong = shop.product(estoque=100000)["id"], threading.Event(), [], []

    def buy():
        with_cart = shop.client()
        session = with_cart.post("/api/carrinho/sessao").ok(201)["session_id"]
        with_cart.post(f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 1}).ok()
        orders.append(with_cart.post("/api/pedidos", shop.checkout(session)).ok(201))
        with_cart.close()

    def go_on():
        while not over.is_set():
            try:
                buy()
            except BaseException as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=go_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: len(orders) > 5 or wrong)
        yield orders
        so_far = len(orders)
        assert eventually(lambda: len(orders) > so_far + 5 or wrong)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong


def files(shop, name):
    """The secret's files: now, next, before."""
    return tuple(shop.state / "etc/segredos" / f"{name}{suffix}" for suffix in ("", ".novo", ".antigo"))


def changed(shop, name, old):
    """Asserts that the secret is another one, that the old one is refused, and that nothing is left to be done."""
    new = shop.secret(name)
    assert new != old and taken(shop, name, new) and not taken(shop, name, old)
    assert [path.exists() for path in files(shop, name)] == [True, False, False]
    assert files(shop, name)[0].stat().st_mode & 0o777 == 0o600
    assert shop.well() and "broken off" not in shop.script("secret", "list").stdout


def test_each_secret_is_changed_while_customers_go_on(changing):
    """No request fails, and the old one is refused afterwards."""
    old = {name: changing.secret(name) for name in SECRETS}
    with customers(changing):
        for name in SECRETS:
            changing.script("secret", "change", name)
    for name in SECRETS:
        changed(changing, name, old[name])
    assert len([line for line in (changing.state / "etc/tokens").read_text().splitlines() if " servico-" in line]) == 2
    changing.restart()
    for name in SECRETS:
        changed(changing, name, old[name])


def broken_off(shop, name, step):
    """What a change of this secret leaves that is killed at this step."""
    secret, new, old = files(shop, name)
    owner = secret.stat()
    if step == "renewing":
        command = [TOP / "scripts/secret", "--state", shop.state, "change", name]
        with subprocess.Popen(
            command, start_new_session=True, env=shop.environment, stdout=subprocess.DEVNULL
        ) as running:
            assert eventually(lambda: old.exists() and not new.exists(), every=0.001)
            os.killpg(running.pid, signal.SIGKILL)
        return
    made = {
        "chosen": {new: secret.read_text()[::-1].strip() + "\n"},
        "kept": {new: secret.read_text()[::-1].strip() + "\n", old: secret.read_text()},
        "refused": {old: ""},
    }
    for path, text in made[step].items():
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["chosen", "kept", "renewing", "refused"])
@pytest.mark.parametrize("name", ["redis_carrinho", "redis_operador", "pedidos.token"])
def test_broken_off_and_ended(changing, name, step):
    """Nothing is locked out meanwhile, not by scripts/up either; it is listed; the same command ends it."""
    old = changing.secret(name)
    with customers(changing):
        if step == "refused":  # then the new secret is there
            changing.script("secret", "change", name)
        broken_off(changing, name, step)
        if name == "pedidos.token":
            changing.up()
        assert f"{name} " in changing.script("secret", "list").stdout
        assert "broken off" in changing.script("secret", "list").stdout or step == "renewing"
        assert changing.script("status", check=False).returncode == 0
        changing.script("secret", "change", name)
    changed(changing, name, old)


@pytest.mark.parametrize(
    "words", [[], ["change"], ["change", "redis_carrinho.novo"], ["change", "../tokens"], ["show", "redis_carrinho"]]
)
def test_what_is_no_command(changing, words):
    """Says so and changes nothing."""
    assert changing.script("secret", *words, check=False).returncode == 64


def test_no_secret_is_shown(changing):
    """Not by the list, not on a way to Redis that others may read."""
    said = changing.script("secret", "list").stdout + changing.script("secret", "change", "redis_monitor").stdout
    assert not any(changing.secret(name) in said for name in SECRETS)
