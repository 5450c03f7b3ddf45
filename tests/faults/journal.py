"""What was asked and what was answered, for the checks afterwards and for whoever looks for the cause of a failure."""
import collections
import http.client
import json
import threading
import time
from dataclasses import dataclass, field

from client import WAIT_SECONDS, Client
from generated import problems

# Problems that promise that nothing was changed; every other failure on the server's side leaves the result unknown.
UNCHANGED = ("servico_indisponivel", "somente_leitura", "sobrecarga", "manutencao", "sem_espaco", "muitas_requisicoes")


@dataclass
class Reply:
    """An answer as a client takes it. Status 0: there was none."""

    status: int
    codigo: str = ""
    data: object = None

    @property
    def ok(self):
        """It was done."""
        return 200 <= self.status < 300

    @property
    def definite(self):
        """It was done or refused; nothing is to be found out by asking again."""
        return 200 <= self.status < 500 and self.status != 429

    @property
    def unknown(self):
        """It may have been done."""
        return not self.definite and self.codigo not in UNCHANGED

    @property
    def refused(self):
        """It was not done, by the answer's own word."""
        return not self.ok and not self.unknown


@dataclass
class Cart:
    """A session, and the units of each product that are in it for certain, or perhaps."""

    session: str
    added: collections.Counter = field(default_factory=collections.Counter)
    perhaps: collections.Counter = field(default_factory=collections.Counter)


@dataclass
class Wish:
    """One order that a customer wanted, however often he asked for it."""

    cart: Cart
    chave: str
    replies: list = field(default_factory=list)

    @property
    def orders(self):
        """Every order that he was answered."""
        return [reply.data for reply in self.replies if reply.ok]


class Journal:
    """Append-only. In memory what the checks need, as JSON lines on disk everything."""

    def __init__(self, path, hang_seconds=WAIT_SECONDS):
        """An answer that takes `hang_seconds` is a violation."""
        self.path, self.hang_seconds, self.slowest = path, hang_seconds, 0.0
        self.file = path.open("w", encoding="utf-8")
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.counts = collections.Counter()
        self.carts, self.wishes, self.moves, self.adjustments = [], [], [], []
        self.violations = []

    def write(self, who, what, **fields):
        """One line."""
        line = {"s": round(time.monotonic() - self.began, 3), "quem": who, "o_que": what, **fields}
        with self.lock:
            self.file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def count(self, what):
        """One more of these."""
        with self.lock:
            self.counts[what] += 1

    def violation(self, text, *words):
        """Something that must never be, and the words by which its lines are found."""
        with self.lock:
            self.violations.append((text, words))

    def counted(self, prefix):
        """Those whose name begins so: rest of the name -> how many."""
        with self.lock:
            return {name[len(prefix) :]: n for name, n in sorted(self.counts.items()) if name.startswith(prefix)}

    def about(self, words, most=40):
        """The lines in which one of the words stands."""
        self.file.flush()
        with self.path.open(encoding="utf-8") as lines:
            found = [line.rstrip() for line in lines if any(word in line for word in words)]
        return found[:most]


class Caller:
    """A client whose every answer is judged and logged. Not for several threads."""

    def __init__(self, journal, name, port, token=None):
        self.journal, self.name = journal, name
        self.client = Client(port, token, timeout=journal.hang_seconds)

    def ask(self, method, target, body=None, chave=None):
        """One request; whatever happens to it, a Reply."""
        headers = {"Idempotency-Key": chave} if chave else {}
        begin = time.monotonic()
        try:
            reply = self.judge(self.client.request(method, target, body, headers))
        except TimeoutError:
            reply = Reply(0, "TimeoutError")
        except (OSError, http.client.HTTPException) as error:
            reply = Reply(0, type(error).__name__)
        took = time.monotonic() - begin
        self.journal.slowest = max(self.journal.slowest, took)
        if took >= self.journal.hang_seconds:
            self.journal.violation(f"{self.name}: {method} {target} took {took:.1f} s", target)
        self.note(reply, f"{method} {target}", body, chave, took)
        return reply

    def judge(self, answer):
        """A success in its envelope or a documented problem in its shape; anything else must never be."""
        try:
            if answer.status in (200, 201):
                return Reply(answer.status, data=answer.ok(answer.status))
            codigo = answer.json["codigo"]
            assert codigo in problems(), answer
            answer.problem(codigo)
            return Reply(answer.status, codigo)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            self.journal.violation(
                f"{self.name}: neither a success nor a documented problem: {answer!r} ({error})",
                answer.label.split()[1],
            )
            return Reply(answer.status, "undocumented")

    def note(self, reply, asked, body, chave, took):
        """Counts and logs it."""
        if not reply.definite:
            self.journal.count(f"failure {reply.status} {reply.codigo}")
        self.journal.count("requests")
        data = {} if asked.startswith("GET") else {"dados": reply.data}
        self.journal.write(
            self.name,
            asked,
            chave=chave,
            corpo=body,
            status=reply.status,
            codigo=reply.codigo,
            segundos=round(took, 3),
            **data,
        )
