"""What the tests of administrators' changes share."""
import json
import uuid


def key_of(name="chave"):
    """A header with a new key."""
    return {"Idempotency-Key": f"{name}-{uuid.uuid4()}"}


def path_of(product, more=""):
    """Where a product is."""
    return f"/api/produtos/{product['id']}{more}"


def rows_of(shop, product):
    """How many lines the product's ledger has."""
    return int(shop.value(f"SELECT count(*) FROM movimentos WHERE produto_id = {product['id']}"))


def given(answer, **changes):
    """What an answer gave, as a client sends it back."""
    return {**json.loads(answer.text)["data"], **changes}


def sale(shop, product):
    """Somebody buys one."""
    return shop.order({product["id"]: 1})
