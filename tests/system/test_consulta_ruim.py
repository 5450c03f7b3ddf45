"""Bad parameters of a query: each with every nonsense, twice, together, unknown, and too many."""
from base64 import urlsafe_b64encode

import pytest

pytestmark = pytest.mark.usefixtures("same_workers")

# fmt: off
QUERIES = {
    "/api/produtos": {
        "categoria_id": ["0", "-1", "1.5", "abc", "", "2147483648", "9223372036854775808", "1e3", "01x", "null", "true",
                         "%201"],
        "preco_min": ["-1", "abc", "", "1.555", "1e3", "100000000", "NaN", "1,50", "%2B1", "0x1", "."],
        "preco_max": ["-0.01", "x", "", "0.001", "9223372036854775808", "inf"],
        "em_estoque": ["", "1", "0", "sim", "TRUE", "True", "null"],
        "busca": ["%FF", "%C3", "a" * 201],
        "ids": ["", ",", "1,", ",1", "1,,2", "a", "1;2", "0", "-1", "1,2147483648", "1.5", "1,%202",
                ",".join(["1"] * 501)],
        "ordem": ["", "id", "NOME", "preco,nome", "--preco", "relevancia", "+preco", "nome desc".replace(" ", "%20")],
        "limite": ["", "0", "-1", "501", "1.5", "abc", "9223372036854775808", "1e2"],
        "cursor": ["", "x", "%FF", "=", "a" * 2049, "AAAA", "bm9tZR8fMQ"],
    },
    "/api/produtos/4/estoque": {"quantidade": ["", "0", "-1", "1.5", "abc", "2147483648", "9223372036854775808", "true",
                                               "null", "1e3"]},
    "/api/pedidos": {
        "status": ["", "outro", "CONFIRMADO", "reservando", "desfeito", "desfazendo"],
        "desde": ["", "ontem", "2026-13-01", "2026-02-30", "24/11/2026", "2026-11-24T10:00:00", "2026-11-24T24:01:00Z",
                  "1795489470"],
        "ate": ["", "x", "2026-00-10", "2026-11-24T10:00Z"],
        "limite": ["0", "501", "x"],
        "cursor": ["", "x", "%FF", "AAAA"],
    },
}
# fmt: on
QUERIES["/api/produtos/categoria/1"] = {
    name: values for name, values in QUERIES["/api/produtos"].items() if name != "categoria_id"
}


@pytest.mark.parametrize("path", QUERIES)
def test_a_parameter_with_every_nonsense(shop, path):
    """400 that names it; twice is once too often; several at once are all named; unknown ones are ignored."""
    client = shop.admin
    for name, values in QUERIES[path].items():
        for value in values:
            problem = client.get(f"{path}?{name}={value}").problem("parametro_invalido", name)
            assert problem["detalhes"][0]["erro"], value
    names = list(QUERIES[path])
    good = {"ids": "1", "limite": "1", "quantidade": "1", "status": "confirmado"}
    twice = next(name for name in names if name in good)
    client.get(f"{path}?{twice}={good[twice]}&{twice}={good[twice]}").problem("parametro_invalido", twice)
    bad = [name for name in names if name not in ("cursor", "desde", "ate")]
    client.get(f"{path}?" + "&".join(f"{name}={QUERIES[path][name][0]}" for name in bad)).problem(
        "parametro_invalido", *bad
    )
    client.get(f"{path}?x=1&x=2&=&&&y&{'z=1&' * 20}").ok()
    client.get(f"{path}?{'z=1&' * 100}").problem("requisicao_invalida")


def test_a_cursor_that_the_database_cannot_read(shop):
    """A client's made-up sort key is a 400 before it is SQL."""
    for ordem, query, key in (
        ("relevancia", "busca=bolo", "1e-999"),
        ("relevancia", "busca=bolo", "nan"),
        ("preco", "ordem=preco", "1e5"),
        ("recentes", "ordem=recentes", "2026-01-01T00:00:00+23:00"),
        ("nome", "ordem=nome", ""),
        ("id", "limite=1", "x"),
    ):
        cursor = urlsafe_b64encode(f"{ordem}\x1f{key}\x1f1\x1f".encode()).decode().rstrip("=")
        shop.public.get(f"/api/produtos?{query}&cursor={cursor}").problem("parametro_invalido", "cursor")
