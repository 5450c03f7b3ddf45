"""The workers under valgrind, from start to stop, through everything they do. Only with -m valgrind."""
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest

from generated import BUILD
from shop import DIRECT, ENTREGA, POOLS, Shop, eventually

pytestmark = pytest.mark.valgrind

WRAPPER = """#!/bin/sh
exec valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --track-fds=no \\
    --log-file={logs}/%p {program} "$@"
"""


@pytest.fixture(name="wrapped")
def fixture_wrapped():
    """A copy of what is installed whose programs run the real ones under valgrind, and where valgrind writes what it
    finds."""
    assert shutil.which("valgrind"), "apt-get install valgrind"
    directory = Path(tempfile.mkdtemp(prefix="cft-vg-", dir="/tmp"))
    directory.chmod(0o755)
    (directory / "logs").mkdir()
    (directory / "logs").chmod(0o777)
    shutil.copytree(BUILD / "stage", directory / "stage")
    for program in (directory / "stage/libexec/confeitaria").iterdir():
        real = program.rename(directory / f"{program.name}.real")
        program.write_text(WRAPPER.format(logs=directory / "logs", program=real))
        program.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def conciliador_at_work(shop):
    """Leaves it something of each kind to mend, and waits."""
    product = shop.product()["id"]
    owing = shop.order({product: 1})["id"]
    shop.sql(
        f"""UPDATE pedidos SET pendencia = 'finalizar', atualizado_em = now() - interval '1 hour'
                 WHERE id = '{owing}'""",
        "pedidos",
    )
    lost = str(uuid.uuid4())
    shop.sql(f"SELECT reservar('{lost}', '{{{product}}}', '{{1}}', interval '-1 second')")
    assert eventually(lambda: shop.value(f"SELECT estado FROM reservas WHERE pedido_id = '{lost}'") == "liberada")
    owed = "SELECT count(*) FROM pedidos WHERE pendencia IS NOT NULL"
    assert eventually(lambda: shop.value(owed, "pedidos") == "0")


def walk(shop):
    """What customers and administrators do, right and wrong."""
    product, other = shop.product(estoque=20, descricao="x" * 1500), shop.product(estoque=1)
    path = f"/api/produtos/{product['id']}"
    for target in (
        "/api/produtos",
        "/api/produtos?busca=limao+torta&limite=2&ordem=preco",
        "/api/produtos?busca=%FF",
        "/api/produtos?limite=1",
        "/api/produtos?ids=1,2,3&em_estoque=true&preco_min=1&preco_max=99.99",
        "/api/produtos?cursor=x",
        path,
        "/api/categorias",
        path + "/estoque?quantidade=3",
        "/api/produtos/categoria/1",
        "/api/produtos/999999",
        "/nada",
        "/health",
        "/api/pedidos",
    ):
        shop.admin.get(target)
        shop.public.head(target)
    cursor = shop.public.get("/api/produtos?busca=de&limite=2").json["proximo"]
    shop.public.get(f"/api/produtos?busca=de&limite=2&cursor={cursor}").ok()
    shop.public.get(path, headers={"If-None-Match": shop.public.get(path).etag})
    for body in (
        b"{",
        b"[" * 9000,
        b'{"a":1,"a":1}',
        b'{"nome": "\xff"}',
        {},
        {"nome": "x" * 5000, "z": [1, {"a": None}]},
    ):
        for method, target in (
            ("POST", "/api/produtos"),
            ("PATCH", path),
            ("PUT", path + "/estoque"),
            ("POST", "/api/pedidos"),
            ("POST", "/api/categorias"),
        ):
            shop.admin.request(method, target, body)
    shop.admin.put(path + "/estoque", {"quantidade": 5, "operacao": "adicionar"}).ok()
    shop.admin.patch(path, {"preco": 3.33}, headers={"If-Match": '"x"'}).problem("versao_diferente")
    for lines, fields in (
        ({product["id"]: 2}, {}),
        ({product["id"]: 1, other["id"]: 1}, {"entrega": ENTREGA, "observacoes": "é"}),
    ):
        session, key = shop.cart(lines), {"Idempotency-Key": str(uuid.uuid4())}
        shop.public.put(f"/api/carrinho/{session}/atualizar/{product['id']}", {"quantidade": 3}).ok()
        shop.public.get(f"/api/carrinho/{session}").ok()
        for _ in range(2):
            order = shop.public.post("/api/pedidos", shop.checkout(session, **fields), headers=key).ok(201)
        shop.public.get(f"/api/pedidos/{order['id']}").ok()
        shop.public.post("/api/pedidos", shop.checkout(session, observacoes="outro pedido")).problem("carrinho_vazio")
        shop.public.delete(f"/api/carrinho/{session}/remover/{product['id']}").ok()
        shop.public.delete(f"/api/carrinho/{session}").ok()
    shop.admin.put(f"/api/pedidos/{order['id']}/status", {"status": "em_preparo"}).ok()
    shop.admin.put(f"/api/pedidos/{order['id']}/status", {"status": "cancelado"}).ok()
    shop.public.post(f"/api/pedidos/{order['id']}/cancelar").ok()
    shop.admin.get("/api/pedidos?limite=1").ok()
    shop.admin.delete(path).ok()
    conciliador_at_work(shop)
    replica = shop.client(shop.admin.token, "catalogo-replica")
    replica.get("/api/produtos").ok()
    replica.delete(path).problem("somente_leitura")
    for pool in DIRECT:
        shop.client(pool=pool).get("/health")


def test_nothing_is_read_wrongly_or_lost(wrapped):
    """No error and no leak in any program, --check included."""
    with Shop(workers=[f"{pool}=1" for pool in POOLS], prazo_segundos=60) as shop:
        shop.restart(wrapped)
        assert shop.recovered()
        walk(shop)
    reports = {path.name: path.read_text() for path in (wrapped / "logs").iterdir()}
    assert len(reports) >= 8
    assert not any(reports.values()), "\n".join(reports.values())
