"""A customer within the machine: buys one of what there is most of, through port 80, and ends at the first failure.

Usage: customer.py TIMES, where 0 is until there is a file /run/stop. The machine's own python3 runs it."""
import http.client
import json
import os
import sys
import time
import uuid

CUSTOMER = {"nome": "Maria", "email": "maria@exemplo.com.br", "telefone": "11 99999-0000"}


def call(method, path, body=None, **headers):
    """One request; what came. Each answer must be right at once, but that customers of one address come too fast."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=120)
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status == 429:
        time.sleep(int(answer.headers["Retry-After"]))
        return call(method, path, body, **headers)
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
    return json.loads(content)["data"]


def buy(product):
    """A cart, an item, an order; the number of the order."""
    session = call("POST", "/api/carrinho/sessao")["session_id"]
    call("POST", f"/api/carrinho/{session}/adicionar", {"produto_id": product, "quantidade": 1})
    order = {"session_id": session, "cliente": CUSTOMER, "entrega": {"tipo": "retirada"}}
    return call("POST", "/api/pedidos", order, **{"Idempotency-Key": str(uuid.uuid4())})["numero"]


def main():
    """Says the numbers of its orders, and what failed."""
    times, bought = int(sys.argv[1]), 0
    product = max(call("GET", "/api/produtos"), key=lambda product: product["estoque"])["id"]
    while bought < times or (times == 0 and not os.path.exists("/run/stop")):
        print("order", buy(product), flush=True)
        bought += 1


main()
