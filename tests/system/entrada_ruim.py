"""What every call takes, and the tables of all that it does not take."""
import json
from dataclasses import dataclass, field

from shop import CLIENTE

MISSING_INT, MISSING_UUID = 2147483647, "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Kind:
    """What a field takes, as the raw JSON of everything that it does not take."""

    bad: tuple


# fmt: off
# Blank for people, by whatever character; what no text may hold; what only texts of several lines may.
BLANKS = ("   ", "\n", "\t", "\r\n", "\u00a0", "\u200b", "\u3000", "\u2060", "\ufeff", "\u00ad", "\u200d", "\u200e",
          "\u2007\u202f", "\u3164", "\u2800", "\ufe0f", "\u2066\u2069")
FORBIDDEN = ("a\u0001b", "a\u0007", "\u001b[31ma", "a\u001fb", "\u000b a", "a\u007fb", "a\u0090b", "a\u202eb",
             "\u202ea", "a\u202d", "a" + "\u0301\u0323" * 16)
BREAKS = ("a\nb", "Maria\r\nBcc: x@y.z", "a\rb", "a\u0085b", "a\u2028b", "a\u2029b")
# fmt: on
RULE = tuple(map(json.dumps, BLANKS + FORBIDDEN + BREAKS))
NO_TEXT = ("5", "1.5", "true", "null", "[]", "{}", '["a"]', '"\\u0000"', '"a\\u0000b"')
# fmt: off
NO_INT = ("-1", "1.5", '"5"', "true", "false", "null", "2147483648", "9223372036854775807", "9223372036854775808",
          "-9223372036854775809", "18446744073709551616", "1" + "0" * 400, "1e3", "5.0", "1e400", "[]", "{}", "[1]",
          '""')
# fmt: on


def integer(*also):
    """An integer, with what its range leaves out."""
    return Kind(NO_INT + also)


STOCK = integer()  # above its limit PUT and PATCH take what is there already, which openapi.yaml cannot say


def text(most, *also, least=1, lines=False):
    """A text of least..most characters, in one line or in several."""
    rule = FORBIDDEN + (() if lines else BREAKS) + (BLANKS if least else ())
    return Kind(
        NO_TEXT
        + tuple(map(json.dumps, rule))
        + (json.dumps("ã" * (most + 1)), json.dumps("a\u0303" * (most + 1)))
        + (('""',) if least else ())
        + also
    )


def nullable(kind):
    """Where null, or a text in which there is nothing to be seen, is as good as nothing."""
    nothing = ("null", '""') + tuple(map(json.dumps, BLANKS))
    return Kind(tuple(raw for raw in kind.bad if raw not in nothing))


# fmt: off
MONEY = Kind(("0", "-1", "-0.01", "0.00", "1.555", "0.001", "45.901", "1e-3", '"5"', "true", "null", "100000000.00",
              "100000000", "9223372036854775808", "1e8", "1E+8", "1e400", "1e-400", "0e999999999", "1e999999999",
              "[]", "{}", '""'))
# fmt: on
BOOL = Kind(("0", "1", '"true"', "null", "[]", "{}"))
OBJECT = Kind(("5", '"x"', "true", "null", "[]", "[{}]"))
WORD = Kind(NO_TEXT + ('""', '"outra"', '"CONFIRMADO"', '" retirada"', json.dumps("a" * 5000)))
# fmt: off
UUID_KIND = Kind(NO_TEXT + ('""', '"x"', '"00000000-0000-4000-8000-00000000000"',
                            '"00000000-0000-4000-8000-0000000000000"',
                            '"{00000000-0000-4000-8000-000000000000}"', '"00000000000040008000000000000000"',
                            '"g0000000-0000-4000-8000-000000000000"'))
TIME = nullable(Kind(NO_TEXT + ('"ontem"', '"2026-13-01"', '"2026-02-30"', '"2026-11-24T25:00:00Z"',
                                '"24/12/2026"',
                                '"2026-11-24T10:00:00"', '"2030-01-01T10:00Z"',
                                '"1999-12-31"', '"2100-01-01"', '"99999-01-01"')))
# fmt: on
# What people mistype, one a line.
EMAIL_SLIPS = r"""
maria
maria@
@exemplo.com
a@b
a b@exemplo.com
a@b@c.com
a@.com
a@b..com
maria@exemplo,com.br
maria@exemplo.com,br
maria@exemplo.com.br,
maria@exemplo.com.br;
maria@exemplo.com.br.
maria@exemplo.com.br, jose@exemplo.com.br
maria@exemplo.com/
maria@-exemplo.com
maria@exemplo-.com
maria@exemplo_x.com
maria@[127.0.0.1]
maria"@exemplo.com
<maria@exemplo.com.br>
Maria <maria@exemplo.com.br>
mailto:maria@exemplo.com
maria＠exemplo.com
maria@exemplo。com
"""
TELEFONE_SLIPS = """
1234567
abcdefghij
+55 11 9x234
12345678;
00000000
(11) 1111-1111
(((((((((12345678
12345678------------
++++12345678
--------
1234567890123456
()12345678
(11 98765-4321
11) 98765-4321
(11))98765-4321
98765--4321
98765-4321-
-98765-4321
1+98765432
9876,5432
tel:987654321
98765 - - 4321
１２３４５６７８
"""
FOTO_SLIPS = r"""
javascript:alert(1)
JavaScript:alert(1)
data:image/png;base64,AAAA
//outra.com/f.jpg
/\outra.com
f.jpg
http:f.jpg
http://
https:///f.jpg
https://?
ftp://exemplo.com/f.jpg
file:///etc/passwd
https://exemplo.com/a b.jpg
/a"onerror=x
"""


def slips(table):
    """Each line as raw JSON."""
    return tuple(json.dumps(line) for line in table.strip().split("\n"))


EMAIL = text(254, *slips(EMAIL_SLIPS), json.dumps(f"maria@{'a' * 64}.com"), json.dumps("mar\u00a0ia@exemplo.com"))
TELEFONE = text(20, *slips(TELEFONE_SLIPS))
FOTO = nullable(text(500, *slips(FOTO_SLIPS)))


@dataclass
class Call:
    """One call: where, with what, and what each of its fields takes."""

    method: str
    path: str
    admin: bool = False
    body: dict | None = None
    fields: dict = field(default_factory=dict)
    required: tuple = ()

    def __str__(self):
        return f"{self.method} {self.path}"


# fmt: off
CALLS = [
    Call("POST", "/api/produtos", True, {"nome": "N", "preco": 1.5, "categoria_id": 1},
         {"nome": text(120), "descricao": text(2000, least=0, lines=True), "preco": MONEY, "estoque": STOCK,
          "categoria_id": integer("0"),
          "foto_url": FOTO, "ativo": BOOL}, ("nome", "preco", "categoria_id")),
    Call("PUT", "/api/produtos/{produto}", True, {"nome": "N", "preco": 1.5, "categoria_id": 1},
         {"nome": text(120), "descricao": text(2000, least=0, lines=True), "preco": MONEY, "estoque": STOCK,
          "categoria_id": integer("0"),
          "foto_url": FOTO, "ativo": BOOL}, ("nome", "preco", "categoria_id")),
    Call("PATCH", "/api/produtos/{produto}", True, {"preco": 1.5},
         {"nome": text(120), "descricao": text(2000, least=0, lines=True), "preco": MONEY, "estoque": STOCK,
          "categoria_id": integer("0"),
          "foto_url": FOTO, "ativo": BOOL}),
    Call("PUT", "/api/produtos/{produto}/estoque", True, {"quantidade": 1, "operacao": "adicionar"},
         {"quantidade": integer("0"), "operacao": WORD}, ("quantidade", "operacao")),
    Call("POST", "/api/categorias", True, {"nome": "{novo}"},
         {"nome": text(80), "descricao": text(500, least=0, lines=True)}, ("nome",)),
    Call("PUT", "/api/categorias/{categoria}", True, {"nome": "{novo}"},
         {"nome": text(80), "descricao": text(500, least=0, lines=True)},
         ("nome",)),
    Call("POST", "/api/carrinho/{sessao}/adicionar", False, {"produto_id": 4, "quantidade": 1},
         {"produto_id": integer("0"), "quantidade": integer("0", "10000")}, ("produto_id",)),
    Call("PUT", "/api/carrinho/{sessao}/atualizar/{item}", False, {"quantidade": 1},
         {"quantidade": integer("0", "10000")},
         ("quantidade",)),
    Call("POST", "/api/pedidos", False,
         {"session_id": "{sessao}", "cliente": CLIENTE, "entrega": {"tipo": "entrega", "endereco": "Rua A, 1"}},
         {"session_id": UUID_KIND, "cliente": OBJECT, "cliente.nome": text(120), "cliente.email": EMAIL,
          "cliente.telefone": TELEFONE, "entrega": OBJECT, "entrega.tipo": WORD, "entrega.endereco": text(500,
          lines=True),
          "entrega.data": TIME, "observacoes": nullable(text(1000, least=0, lines=True))},
         ("session_id", "cliente", "cliente.nome", "cliente.email", "cliente.telefone", "entrega", "entrega.tipo",
          "entrega.endereco")),
    Call("PUT", "/api/pedidos/{pedido}/status", True, {"status": "em_preparo"}, {"status": WORD}, ("status",)),
]
# The rest of the API takes no body.
BARE = [
    Call("GET", "/api/produtos"), Call("GET", "/api/produtos/{produto}"),
    Call("DELETE", "/api/produtos/{produto}", True),
    Call("GET", "/api/produtos/{produto}/estoque"), Call("GET", "/api/produtos/categoria/{categoria}"),
    Call("GET", "/api/categorias"), Call("GET", "/api/categorias/{categoria}"),
    Call("DELETE", "/api/categorias/{categoria}", True),
    Call("POST", "/api/carrinho/sessao"), Call("GET", "/api/carrinho/{sessao}"),
    Call("DELETE", "/api/carrinho/{sessao}"),
    Call("DELETE", "/api/carrinho/{sessao}/remover/{item}"), Call("GET", "/api/pedidos", True),
    Call("GET", "/api/pedidos/{pedido}"),
    Call("POST", "/api/pedidos/{pedido}/cancelar"), Call("GET", "/api/eu", True), Call("GET", "/health"),
]
# fmt: on
EVERY = CALLS + BARE

# fmt: off
NOT_JSON = [
    b"", b" ", b"{", b"}", b'{"nome"}', b'{"nome":}', b"{nome: 1}", b"{'nome': 1}", b'{"nome": 1,}',
    b'{"nome": 1 "preco": 2}',
    b'{"nome": 01}', b'{"nome": +1}', b'{"nome": .5}', b'{"nome": 5.}', b'{"nome": NaN}', b'{"nome": Infinity}',
    b'{"nome": -Infinity}',
    b'{"nome": 0x10}', b'{"nome": True}', b'{"nome": nul}', b'{"nome": -}',
    b'{"nome": 1e}', b'{"nome": 1e+}', b'{"nome": -01}', b'{"nome": 00}', b'{"nome": 1.2.3}', b'{"nome": --1}',
    b"{'nome': 'x'}",
    b'{"nome": "a', b'{"nome": "\x01"}', b'{"nome": "a\nb"}', b'{"nome": "\\x"}',
    b'{"nome": "\\u12"}', b'{"nome": "\xff"}', b'{"nome": "\xc3"}', b'{"nome": "\xed\xa0\x80"}', b"{} {}", b"{}x",
    b"{}\x00", b"\x00",
    b"\xef\xbb\xbf", b"{}\xef\xbb\xbf", b"// c\n{}", b"{} // c", b"/* c */{}", b"a=1&b=2",
    b"<a/>", b'{"nome": 1, "nome": 1}', b'{"a": {"b": 1, "b": 2}}', b'{"a": [{"b": 1, "b": 2}]}',
    b"[" * 9, b'{"a":' * 40 + b"1" + b"}" * 40, b"[" * 20000 + b"]" * 20000, b'{"a":' * 10000 + b"1" + b"}" * 10000,
    b"{" * 60000,
]
NO_OBJECT = [b"[]", b"[{}]", b'"texto"', b"5", b" 1.5e3 ", b"true", b"null", b'""', b"\xef\xbb\xbf[]",
     b'{"a\\u0000b": 1}',
             b'{"nome\\u0000": "x"}', b'{"x": {"\\u0000": 1}}']
NOT_JSON_TYPES = [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                  "application/jsonx",
                  "application/json-patch+json", "json", "application/xml", "*/*", "application /json",
                  "application/json garbage",
                  "application/json, text/plain"]
BAD_INTS = ["0", "-1", "1.5", "01", "+1", "abc", "1a", "a1", "2147483648", "9223372036854775808", "1" + "0" * 300,
            "1%2F2", "%2F", "1%20",
            "%201", "%2e%2e", "1;2", "1'", "%27%20OR%201=1", "true", "null", "1e3", "%FF", "%C3%A9", "1,2", "*",
            "%7Bid%7D", "0x1"]
BAD_UUIDS = ["x", "0", "1", MISSING_UUID[:-1], MISSING_UUID + "0", MISSING_UUID.replace("-", ""), "{%s}" % "x",
             "g" + MISSING_UUID[1:],
             MISSING_UUID.replace("-", "%2F"), MISSING_UUID + "%2F", MISSING_UUID + "%20", "%2e%2e", "null", "%FF",
             "'--", MISSING_UUID + "%0A"]
TOKENS = [None, "", "Bearer", "Bearer ", "Bearer x", "Bearer cft_" + "A" * 43, "Basic YTpi", "cft_x",
          "Bearer " + "x" * 3000, "Bearer \xe9",
          "Token {token}", "Bearer {token}x", "Bearer {token} x"]
# fmt: on
