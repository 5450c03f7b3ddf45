"""Requests for each operation of openapi.yaml: one that succeeds, and one for each problem that it names."""
import re
import uuid
from dataclasses import dataclass, field, replace

from imagens import png
from shop import ENTREGA

UNKNOWN_ID, UNKNOWN_UUID = 2147483647, "00000000-0000-4000-8000-000000000000"
MANY_PARAMETERS = "z=1&" * 100
DEEP = b"[" * 200 + b"]" * 200
LARGE = b'{"nome":"' + b"a" * 70000 + b'"}'
BAD_PARAMETERS = "limite=0&quantidade=0"  # on an administrator's call, one that it does not know
FIRST_ID = re.compile(r"(?<=/)(\d+|[0-9a-f-]{36})(?=/|\?|$)")
CART_LINES = 100


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    target: str
    body: object = None
    headers: dict = field(default_factory=dict)

    def but(self, query="", **headers):
        """The same with something added."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        joint = query and ("&" if "?" in self.target else "?")
        return replace(self, target=self.target + joint + query, headers={**self.headers, **names})

    def elsewhere(self, name):
        """The same of another thing."""
        return replace(self, target=FIRST_ID.sub(str(name), self.target, count=1))


def unique(nome):
    """A name that nothing else has."""
    return f"{nome} {uuid.uuid4()}"


def produto():
    """A body. 4.35 is no whole number of cents for those who count in binary."""
    return {"nome": unique("Bolo"), "descricao": "De fubá.", "preco": 4.35, "estoque": 7, "categoria_id": 1}


def categoria():
    """A body."""
    return {"nome": unique("Pães"), "descricao": "Do forno."}


def estoque(operacao, quantidade):
    """A body."""
    return {"operacao": operacao, "quantidade": quantidade}


def of_product(shop, rest="", **fields):
    """The address of a new product."""
    return f"/api/produtos/{shop.product(**fields)['id']}{rest}"


def photograph(shop, body=None):
    """A new product gets a picture."""
    body = png() if body is None else body
    return Call("PUT", of_product(shop, "/foto"), body, {"Content-Type": "image/png"})


def of_photograph(shop):
    """The address of a new picture."""
    call = photograph(shop)
    return shop.admin.put(call.target, call.body, headers=call.headers).ok()["foto_url"]


def of_cart(shop, lines=None):
    """The address of a new cart, with a cake in it unless told otherwise."""
    return "/api/carrinho/" + shop.cart({shop.product()["id"]: 1} if lines is None else lines)


def of_order(shop, rest=""):
    """The address of a new order."""
    return f"/api/pedidos/{shop.order({shop.product()['id']: 1})['id']}{rest}"


def item_of_cart(shop, action):
    """The address of what is in a new cart, which is product 1 of the shop's first stock."""
    return f"{of_cart(shop, {1: 1})}/{action}/1"


def order(shop, lines=None, **fields):
    """The body of an order."""
    return shop.checkout(shop.cart({shop.product()["id"]: 1} if lines is None else lines), **fields)


def full_cart(shop):
    """The address of one that holds as many lines as may be."""
    return of_cart(shop, {shop.product()["id"]: 1 for _ in range(CART_LINES)})


def item_off_sale(shop):
    """A change of an item whose product is not sold any more."""
    item = shop.product()["id"]
    cart = of_cart(shop, {item: 1})
    shop.admin.delete(f"/api/produtos/{item}").ok()
    return Call("PUT", f"{cart}/atualizar/{item}", {"quantidade": 2})


def order_after(shop, change):
    """An order of a product that has been changed since it came into the cart."""
    item = shop.product()["id"]
    body = order(shop, {item: 1})
    change(f"/api/produtos/{item}").ok()
    return Call("POST", "/api/pedidos", body)


def ordered_again(shop):
    """An order of a cart that was ordered with other words and still holds the goods, as a crash may leave it."""
    item = shop.product()["id"]
    body = order(shop, {item: 1})
    made = shop.public.post("/api/pedidos", body).ok(201)["id"]
    version = shop.value(f"SELECT carrinho_versao FROM pedidos WHERE id = '{made}'", "pedidos")
    cart = {f"i:{item}": "1 1700000000000000", "versao": version}
    shop.redis().hset(f"carrinho:{body['session_id']}", mapping=cart)
    shop.sql(f"UPDATE pedidos SET carrinho_retirado = NULL WHERE id = '{made}'", "pedidos")
    return Call("POST", "/api/pedidos", {**body, "observacoes": "Com velas."})


def begun(shop):
    """The customer cancels what is being made."""
    address = of_order(shop)
    shop.admin.put(f"{address}/status", {"status": "em_preparo"}).ok()
    return Call("POST", f"{address}/cancelar")


def cancelled_with_one_key(shop):
    """The customer cancels an order with the key of another one of the same session."""
    item, session, key = shop.product()["id"], shop.session(), {"Idempotency-Key": str(uuid.uuid4())}
    addresses = []
    for _ in range(2):
        shop.public.post(f"/api/carrinho/{session}/adicionar", {"produto_id": item}).ok()
        made = shop.public.post("/api/pedidos", shop.checkout(session)).ok(201)
        addresses.append(f"/api/pedidos/{made['id']}/cancelar")
    shop.public.post(addresses[0], headers=key).ok()
    return Call("POST", addresses[1], headers=key)


# fmt: off
GOOD = {
    "listarProdutos": lambda shop: Call("GET", "/api/produtos?limite=3"),
    "criarProduto": lambda shop: Call("POST", "/api/produtos", produto()),
    "lerProduto": lambda shop: Call("GET", of_product(shop)),
    "trocarProduto": lambda shop: Call("PUT", of_product(shop), produto()),
    "mudarProduto": lambda shop: Call("PATCH", of_product(shop), {"preco": 0.07}),
    "desativarProduto": lambda shop: Call("DELETE", of_product(shop)),
    "lerEstoque": lambda shop: Call("GET", of_product(shop, "/estoque?quantidade=2")),
    "mudarEstoque": lambda shop: Call("PUT", of_product(shop, "/estoque"), estoque("adicionar", 3)),
    "listarMovimentos": lambda shop: Call("GET", of_product(shop, "/movimentos?limite=3")),
    "listarMudancas": lambda shop: Call("GET", of_product(shop, "/mudancas")),
    "enviarFoto": photograph,
    "tirarFoto": lambda shop: Call("DELETE", of_product(shop, "/foto")),
    "lerFoto": lambda shop: Call("GET", of_photograph(shop)),
    "listarProdutosDaCategoria": lambda shop: Call("GET", "/api/produtos/categoria/1?limite=2"),
    "listarCategorias": lambda shop: Call("GET", "/api/categorias"),
    "criarCategoria": lambda shop: Call("POST", "/api/categorias", categoria()),
    "lerCategoria": lambda shop: Call("GET", "/api/categorias/1"),
    "mudarCategoria": lambda shop: Call("PUT", f"/api/categorias/{shop.category()}", categoria()),
    "apagarCategoria": lambda shop: Call("DELETE", f"/api/categorias/{shop.category()}"),
    "abrirSessao": lambda shop: Call("POST", "/api/carrinho/sessao"),
    "lerCarrinho": lambda shop: Call("GET", of_cart(shop)),
    "esvaziarCarrinho": lambda shop: Call("DELETE", of_cart(shop)),
    "adicionarItem": lambda shop: Call("POST", of_cart(shop) + "/adicionar", {"produto_id": 1, "quantidade": 2}),
    "atualizarItem": lambda shop: Call("PUT", item_of_cart(shop, "atualizar"), {"quantidade": 2}),
    "removerItem": lambda shop: Call("DELETE", item_of_cart(shop, "remover")),
    "fazerPedido": lambda shop: Call("POST", "/api/pedidos", order(shop, entrega=ENTREGA, observacoes="Sem lactose.")),
    "listarPedidos": lambda shop: Call("GET", "/api/pedidos?limite=3"),
    "resumirPedidos": lambda shop: Call("GET", "/api/pedidos/resumo?desde=2026-01-01&ate=2026-12-31"),
    "listarProducao": lambda shop: Call("GET", "/api/pedidos/producao"),
    "lerPedido": lambda shop: Call("GET", of_order(shop)),
    "mudarStatus": lambda shop: Call("PUT", of_order(shop, "/status"), {"status": "em_preparo"}),
    "cancelarPedido": lambda shop: Call("POST", of_order(shop, "/cancelar")),
    "lerEu": lambda shop: Call("GET", "/api/eu"),
    "lerSistema": lambda shop: Call("GET", "/api/sistema"),
    "lerSaude": lambda shop: Call("GET", "/health"),
    "lerVida": lambda shop: Call("GET", "/livez"),
}

# A good request with one thing wrong.
SPOILT = {
    None: lambda call: call.but(If_None_Match="*"),
    "versao_diferente": lambda call: call.but(If_Match='"outra"'),
    "requisicao_invalida": lambda call: call.but(MANY_PARAMETERS),
    "parametro_invalido": lambda call: replace(call, target=call.target.split("?")[0] + "?" + BAD_PARAMETERS),
    "json_invalido": lambda call: replace(call, body=DEEP),
    "corpo_grande": lambda call: replace(call, body=LARGE),
    "tipo_nao_suportado": lambda call: call.but(Content_Type="text/plain"),
    "campos_invalidos": lambda call: replace(call, body={"desconhecido": 1}),
    "rota_nao_encontrada": lambda call: call.elsewhere("x"),
    "produto_nao_encontrado": lambda call: call.elsewhere(UNKNOWN_ID),
    "categoria_nao_encontrada": lambda call: call.elsewhere(UNKNOWN_ID),
    "sessao_nao_encontrada": lambda call: call.elsewhere(UNKNOWN_UUID),
    "pedido_nao_encontrado": lambda call: call.elsewhere(UNKNOWN_UUID),
}

# What makes another call of one that has a body.
OTHER = {
    "criarProduto": {"preco": 8.20},
    "criarCategoria": {"descricao": "Do forno da tarde."},
    "mudarEstoque": {"quantidade": 4},
    "adicionarItem": {"quantidade": 3},
    "fazerPedido": {"observacoes": "Com lactose."},
}

# What takes more than one thing that is wrong.
REFUSED = {
    ("enviarFoto", "corpo_grande"): lambda shop: photograph(shop, bytes(2 * 1024 * 1024 + 1)),
    ("enviarFoto", "foto_invalida"): lambda shop: photograph(shop, png()[:-1]),
    ("lerFoto", "foto_nao_encontrada"): lambda shop: Call("GET", f"/fotos/{'0' * 64}.png"),
    ("apagarCategoria", "categoria_em_uso"): lambda shop: Call("DELETE", "/api/categorias/1"),
    ("criarCategoria", "nome_em_uso"): lambda shop: Call("POST", "/api/categorias", {"nome": "Bolos"}),
    ("mudarCategoria", "nome_em_uso"):
        lambda shop: Call("PUT", f"/api/categorias/{shop.category()}", {"nome": "Bolos"}),
    ("mudarEstoque", "estoque_insuficiente"):
        lambda shop: Call("PUT", of_product(shop, "/estoque"), estoque("remover", 9999)),
    ("adicionarItem", "produto_nao_encontrado"):
        lambda shop: Call("POST", of_cart(shop) + "/adicionar", {"produto_id": UNKNOWN_ID}),
    ("adicionarItem", "estoque_insuficiente"):
        lambda shop: Call("POST", of_cart(shop) + "/adicionar", {"produto_id": 1, "quantidade": 9999}),
    ("adicionarItem", "carrinho_cheio"): lambda shop: Call("POST", full_cart(shop) + "/adicionar", {"produto_id": 1}),
    ("atualizarItem", "item_nao_encontrado"):
        lambda shop: Call("PUT", of_cart(shop) + "/atualizar/1", {"quantidade": 2}),
    ("atualizarItem", "produto_nao_encontrado"): item_off_sale,
    ("atualizarItem", "estoque_insuficiente"):
        lambda shop: Call("PUT", item_of_cart(shop, "atualizar"), {"quantidade": 9999}),
    ("fazerPedido", "sessao_nao_encontrada"): lambda shop: Call("POST", "/api/pedidos", shop.checkout(UNKNOWN_UUID)),
    ("fazerPedido", "carrinho_vazio"): lambda shop: Call("POST", "/api/pedidos", order(shop, {})),
    ("fazerPedido", "carrinho_ja_pedido"): ordered_again,
    ("fazerPedido", "estoque_insuficiente"):
        lambda shop: order_after(shop, lambda it: shop.admin.put(f"{it}/estoque", estoque("definir", 0))),
    ("fazerPedido", "valor_mudou"): lambda shop: Call("POST", "/api/pedidos", order(shop, valor_esperado=0.07)),
    ("fazerPedido", "item_indisponivel"): lambda shop: order_after(shop, shop.admin.delete),
    ("mudarStatus", "transicao_invalida"): lambda shop: Call("PUT", of_order(shop, "/status"), {"status": "entregue"}),
    ("cancelarPedido", "transicao_invalida"): begun,
    ("cancelarPedido", "chave_reutilizada"): cancelled_with_one_key,
}
# fmt: on
