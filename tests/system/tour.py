"""A tour of the whole API: each operation of openapi.yaml with each status and each `codigo` that it names.

The clients are the caller's: test_contrato.py brings those of all tests, tests/openapi/walk.py some that ask a proxy.
"""
import uuid
from dataclasses import replace

from calls import GOOD, OTHER, REFUSED, SPOILT
from contract import METHODS

ONE_A_SECOND = {"limite_leituras": 1, "limite_escritas": 1, "limite_sessoes": 1, "limite_pedidos": 1}
FROM_REPLICA = (
    "listarProdutos",
    "lerProduto",
    "listarProdutosDaCategoria",
    "listarCategorias",
    "lerCategoria",
    "lerFoto",
)
AT_ONCE = 100  # requests, many more than a second's worth and the burst that is allowed


class Tour:
    """`client(token)` makes a client of `shop`. `met`: each (operationId, status, codigo) that came as it should;
    `headers`: the names, in lower case, of all that came with them."""

    def __init__(self, shop, client):
        self.shop, self.schemas = shop, shop.contract.schemas
        self.customer, self.administrator = client(None), client(shop.admin.token)
        self.clerk = client(shop.secret("pedidos.token"))  # a token without the right
        self.met, self.headers = set(), set()
        self.operations, self.others = {}, {}  # by operationId; the methods that its address lacks
        for item in shop.contract.document["paths"].values():
            for method in set(item) & set(METHODS):
                self.operations[item[method]["operationId"]] = item[method]
                self.others[item[method]["operationId"]] = [other for other in METHODS if other not in item]

    # What the document says

    def sender(self, operation):
        """Who may send it."""
        return self.customer if {} in (self.operations[operation]["security"] or [{}]) else self.administrator

    def responses(self, operation):
        """(status, response) of all."""
        for status, response in self.operations[operation]["responses"].items():
            yield str(status), self.schemas.resolve(response)

    def parameters(self, operation):
        """The names of its own."""
        return {self.schemas.resolve(one)["name"] for one in self.operations[operation].get("parameters", [])}

    @staticmethod
    def codigos(response):
        """Those that a response may have; None for one that is no problem."""
        content = response.get("content", {}).get("application/problem+json")
        if content is None:
            return [None]
        said = next(part["properties"]["codigo"] for part in content["schema"]["allOf"] if "properties" in part)
        return said["enum"] if "enum" in said else [said["const"]]

    def expected(self):
        """Every (operationId, status, codigo) that it names. What is in `default` may happen to any call."""
        for operation in self.operations:
            for status, response in self.responses(operation):
                for codigo in self.codigos(response):
                    if status != "default":
                        yield operation, status, codigo

    def headers_of(self, operation):
        """(status, name in lower case) of those that it names."""
        for status, response in self.responses(operation):
            for name in response.get("headers", {}):
                yield status, name.lower()

    def all_headers(self):
        """The names of those that it names for any operation."""
        return {name for operation in self.operations for _, name in self.headers_of(operation)}

    # The way

    def ask(self, operation, call, status, codigo=None, client=None):
        """Sends a request, and remembers what came."""
        answer = (client or self.sender(operation)).request(call.method, call.target, call.body, headers=call.headers)
        return self.remember(operation, answer, status, codigo)

    def remember(self, operation, answer, status, codigo):
        """What came, which must be what was expected."""
        assert answer.status == int(status), (operation, answer)
        if codigo:
            answer.problem(codigo)
        self.met.add((operation, status, codigo))
        names = {name.lower() for name in answer.headers}
        self.headers |= names
        described = {name for said, name in self.headers_of(operation) if said in (status, "default")}
        assert not names & self.all_headers() - described, (operation, answer, names & self.all_headers() - described)
        return answer

    def successes(self):
        """Each operation as it should be asked; what takes a key, twice with the same."""
        for operation, good in GOOD.items():
            status = next(status for status, _ in self.responses(operation) if status.startswith("2"))
            call = good(self.shop)
            if (status, "idempotency-replayed") in self.headers_of(operation):
                call = call.but(Idempotency_Key=str(uuid.uuid4()))
                first = self.ask(operation, call, status)
                again = self.ask(operation, call, status)
                assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == (None, "true")
                assert first.json["data"] == again.json["data"], (first, again)
            else:
                self.ask(operation, call, status)

    def refusals(self):
        """Each problem of each operation that one request can bring about."""
        for operation, status, codigo in sorted(self.expected(), key=str):
            if status.startswith("2") or status in ("429", "503"):
                continue
            client = {"401": self.customer, "403": self.clerk}.get(status)
            self.ask(operation, self.refused(operation, codigo), status, codigo, client)
        for operation, good in GOOD.items():
            call = replace(good(self.shop), method=self.others[operation][0].upper(), body=None)
            self.ask(operation, call, "405", "metodo_nao_permitido")
        compressed = GOOD["criarProduto"](self.shop).but(Content_Encoding="gzip")
        self.ask("criarProduto", compressed, "415", "tipo_nao_suportado")

    def refused(self, operation, codigo):
        """A request that ends so."""
        if (operation, codigo) in REFUSED:
            return REFUSED[operation, codigo](self.shop)
        call = GOOD[operation](self.shop)
        if codigo in ("nao_autenticado", "nao_autorizado"):
            return call.but("ativo=todos") if self.sender(operation) is self.customer else call
        if codigo == "parametro_invalido" and "Idempotency-Key" in self.parameters(operation):
            return call.but(Idempotency_Key="k" * 256)
        return self.with_used_key(operation, call) if codigo == "chave_reutilizada" else SPOILT[codigo](call)

    def with_used_key(self, operation, call):
        """Another call with the key of one that has been answered."""
        call = call.but(Idempotency_Key=str(uuid.uuid4()))
        self.ask(operation, call, "201" if "201" in dict(self.responses(operation)) else "200")
        return replace(call, body={**call.body, **OTHER[operation]}) if call.body else call.but("outra=1")

    def outages(self):
        """Each operation while no worker is there, and while the catalogue's primary is not."""
        calls = {operation: good(self.shop) for operation, good in GOOD.items()}
        with self.shop.stopped(*self.shop.workers()):
            self.ask("lerVida", calls.pop("lerVida"), "200")
            self.shop.health("unhealthy")  # nginx keeps an answer for a second, whatever the parameters
            for operation, call in calls.items():
                call = call.but(f"z={uuid.uuid4()}")  # nginx has not kept that
                self.ask(operation, call, "503", None if operation == "lerSaude" else "servico_indisponivel")
        with self.shop.stopped("pg-catalogo"):
            self.ask("mudarProduto", calls["mudarProduto"], "503", "somente_leitura")
            for operation in FROM_REPLICA:
                self.ask(operation, calls[operation].but(f"z={uuid.uuid4()}"), "200")

    def excess(self, client):
        """Each operation from an address that asks too much; the client is of a shop that allows ONE_A_SECOND."""
        for operation, good in GOOD.items():
            if (operation, "429", "muitas_requisicoes") not in set(self.expected()):
                continue
            call = good(self.shop)
            for _ in range(AT_ONCE):
                answer = client.request(call.method, call.target, call.body)
                if answer.status == 429:
                    break
            self.remember(operation, answer, "429", "muitas_requisicoes")

    def missed(self):
        """What the document names and the tour has not met."""
        return sorted(set(self.expected()) - self.met, key=str) + sorted(self.all_headers() - self.headers)
