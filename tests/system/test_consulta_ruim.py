"""Bad parameters of a query: each with every nonsense, twice, together, unknown, and too many."""
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import unquote

import pytest

pytestmark = pytest.mark.usefixtures("same_workers")

# fmt: off
QUERIES = {
    "/api/produtos": {
        "categoria_id": ["0", "-1", "1.5", "abc", "", "2147483648", "9223372036854775808", "1e3", "01x", "null", "true",
                         "%201"],
        "preco_min": ["-1", "abc", "", "1.555", "1e8", "1e-3", "100000000", "NaN", "1,50", "%2B1", "0x1", "."],
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
        "ate": ["", "x", "2026-00-10", "2026-11-24T10:00", "2026-11-24T10Z"],
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
    """400 that names it; twice is once too often; several at once are all named; unknown ones harm only some."""
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
    strange = f"{path}?x=1&x=2&=&&&y&{'z=1&' * 20}"
    if path == "/api/pedidos":
        client.get(strange).problem("parametro_invalido", "x", "x", "", "y", *["z"] * 20)
    else:
        client.get(strange).ok()
    client.get(f"{path}?{'z=1&' * 100}").problem("requisicao_invalida")


@pytest.mark.parametrize("path", QUERIES)
def test_a_parameter_as_an_array(shop, path):
    """ids[]=1, as some clients write lists: 400 that says how to, not a list without the filter."""
    for name in QUERIES[path]:
        for written in (f"{name}[]", f"{name}[0]", f"{name}%5B%5D", f"{name}[a][b]"):
            problem = shop.admin.get(f"{path}?{written}=1").problem("parametro_invalido", unquote(written))
            words = f"{name}=1,2,3" if name == "ids" else f"sem colchetes: {name}="
            assert words in problem["detalhes"][0]["erro"], problem
    if path != "/api/pedidos":
        shop.public.get(f"{path}?outro[]=1&[]=1&[ids]=1").ok()


def test_an_unknown_filter_of_an_administrator(shop):
    """400 that names it: a list without it would be taken for the filtered one."""
    for written in (
        "email=x@y.z",
        "Status=cancelado",
        "status%20=cancelado",
        "q=bolo",
        "status=cancelado&cliente_id=1",
    ):
        problem = shop.admin.get(f"/api/pedidos?{written}").problem("parametro_invalido")
        assert [line["erro"] for line in problem["detalhes"]] == ["parâmetro desconhecido"], written


def encoded(*parts):
    """Parts as a cursor has them."""
    plain = "".join(f"{len(part.encode())}:{part}" for part in parts).encode()
    return urlsafe_b64encode(plain).decode().rstrip("=")


def parts_of(cursor):
    """The parts of a cursor: question, key, id, total."""
    plain = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    parts = []
    while plain:
        size, plain = plain.split(b":", 1)
        parts.append(plain[: int(size)].decode())
        plain = plain[int(size) :]
    return parts


def test_a_cursor_that_the_database_cannot_read(shop):
    """A client's made-up sort key is a 400 before it is SQL."""
    for query, keys in (
        ("busca=bolo", ("1e-999", "nan", "")),
        ("ordem=preco", ("1e5", "1", "0e999999999", "100000000.00", "x")),
        ("ordem=recentes", ("2026-01-01T00:00:00+23:00x", "ontem", "")),
        ("ordem=nome", ("",)),
        ("categoria_id=1", ("x", "1")),
    ):
        path = f"/api/produtos?{query}&limite=1"
        question, key, number, total = map(str, parts_of(shop.public.get(path).json["proximo"]))
        shop.public.get(f"{path}&cursor={encoded(question, key, number, total)}").ok()
        for made_up in keys:
            cursor = encoded(question, made_up, number, total)
            shop.public.get(f"{path}&cursor={cursor}").problem("parametro_invalido", "cursor")
        for made_up in ("0", "-1", "2147483648", "x", ""):
            cursor = encoded(question, key, made_up, total)
            shop.public.get(f"{path}&cursor={cursor}").problem("parametro_invalido", "cursor")
