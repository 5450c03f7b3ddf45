"""Whether a system is well, as /health says and as a customer finds."""
import http.client
import json
import ssl

from . import maintenance, parts, redis, tls
from .say import Refused
from .state import WAIT_SECONDS, wait_for


def port(state):
    """The front door's port: of the generation that runs, which a changed setting does not change."""
    return state.running["port"]


def connect(state):
    """A connection to the front door. Its certificate is in another name than that of loopback."""
    seconds = state.running["prazo_segundos"]
    if not tls.on(state.running):
        return http.client.HTTPConnection("127.0.0.1", port(state), timeout=seconds)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", state.running["tls_porta"], timeout=seconds, context=context)


def ask(state, method, path, body=None):
    """Status and JSON of an answer of the front door; (0, {}) when there is none."""
    connection = connect(state)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read(2**20))
    except (OSError, http.client.HTTPException, ValueError):
        return 0, {}
    finally:
        connection.close()


def healthy(state):
    """Whether every part says that it is well."""
    status, answer = ask(state, "GET", "/health")
    return status == 200 and "unhealthy" not in answer.values()


def cart_filled(state):
    """Whether a customer can begin: opens a cart and puts a product into it. In an empty shop it is enough to hear that
    there is none, in maintenance that it is closed."""
    session = ask(state, "POST", "/api/carrinho/sessao", {})[1].get("data", {}).get("session_id", "-")
    products = ask(state, "GET", "/api/produtos?em_estoque=true&limite=1")[1].get("data") or []
    product = products[0]["id"] if products else 1
    status, answer = ask(state, "POST", f"/api/carrinho/{session}/adicionar", {"produto_id": product})
    if answer.get("codigo") == "manutencao" and maintenance.since(state):
        return True
    redis.cli(state, input=f"DEL carrinho:{session}\n", user="carrinho")
    return status == 200 or (not products and answer.get("codigo") == "produto_nao_encontrado")


def wait_healthy(state):
    """Waits until it is well; else says what it answers, and how the logs end. Without nginx nobody can be asked here:
    the stores were waited for."""
    if not parts.here(state, ["nginx"]):
        return
    if wait_for(lambda: healthy(state)) and wait_for(lambda: cart_filled(state)):
        return
    answer = ask(state, "GET", "/health")[1] or "no answer"
    lines = [f"/health: {answer}"]
    for log in sorted(state.log.glob("*.log")):
        lines += [f"{log.name}: {line}" for line in log.read_text(errors="replace").splitlines()[-3:]]
    raise Refused(
        f"the system did not become healthy within {WAIT_SECONDS} seconds. What it answers, and the ends of the logs:",
        *lines,
    )
