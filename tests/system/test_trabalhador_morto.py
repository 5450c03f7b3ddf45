"""A worker that dies with a request in hand: a read is asked of another one, a write is not."""
import os
import signal
import threading
from pathlib import Path

import pytest

from processes import nginx_workers, taken
from shop import POOLS, Shop, eventually


def together(*calls):
    """Begins each call in a thread of its own; gives what waits for their results."""
    results = [None] * len(calls)

    def run(at):
        results[at] = calls[at]()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()

    def wait():
        for thread in threads:
            thread.join()
        return results

    return wait


def with_a_death(shop, *calls):
    """Every worker of carrinho has a call in hand and waits for Redis when one of them dies; the answers."""
    redis, workers = shop.processes()["redis"], shop.workers("carrinho")
    assert len(calls) == len(workers)
    path = shop.run / "carrinho.sock"
    assert eventually(lambda: not any(taken(pid, path) for pid in workers.values()))
    os.kill(redis, signal.SIGSTOP)
    try:
        wait = together(*calls)
        assert eventually(lambda: all(taken(pid, path) for pid in workers.values()), every=0.01)
        os.kill(next(iter(workers.values())), signal.SIGKILL)
    finally:
        os.kill(redis, signal.SIGCONT)
    answers = wait()
    assert eventually(lambda: len(shop.workers("carrinho")) == len(workers))
    return answers


def test_a_read_is_answered_all_the_same(shop):
    """By another worker of the pool."""
    session = shop.cart({7: 1})

    def read():
        return shop.client().get(f"/api/carrinho/{session}")

    for answer in with_a_death(shop, read, read):
        assert answer.ok()["session_id"] == session


def test_a_write_is_not_sent_twice(shop):
    """The one in hand is a 502, since nobody knows what came of it."""
    sessions = [shop.cart({7: 1}) for _ in range(2)]
    answers = with_a_death(
        shop,
        *[
            lambda session=session: shop.client().post(f"/api/carrinho/{session}/adicionar", {"produto_id": 7})
            for session in sessions
        ],
    )
    assert sorted(answer.status for answer in answers) == [200, 502]
    for answer, session in zip(answers, sessions):
        units = shop.client().get(f"/api/carrinho/{session}").data["itens"][0]["quantidade"]
        assert units == 2 if answer.status == 200 else answer.problem("servico_fora") and units <= 2


def test_nobody_there_is_a_refusal(shop):
    """No worker at all: 503, since nothing was sent."""
    session, names = shop.cart({7: 1}), list(shop.workers("carrinho"))
    with shop.stopped(*names):
        for method, target in (
            ("GET", f"/api/carrinho/{session}"),
            ("POST", "/api/carrinho/sessao"),
            ("DELETE", f"/api/carrinho/{session}"),
        ):
            shop.client().request(method, target).problem("servico_indisponivel")
    assert eventually(lambda: shop.client().get(f"/api/carrinho/{session}").status == 200)


@pytest.mark.slow
def test_a_pool_has_room_again_when_nginx_was_killed():
    """What a killed worker of nginx had in hand is not counted as the pool's for ever."""
    with Shop("--set", "limite_fila=4", workers=[f"{pool}=1" for pool in POOLS]) as shop:
        worker = shop.workers("carrinho")["carrinho:carrinho_00"]
        nginx = shop.processes()["nginx"]
        for _ in range(4):
            os.kill(worker, signal.SIGSTOP)
            try:
                wait = together(*[lambda: cut_off(shop)] * 4)
                # A worker of nginx may have two of the four in hand; they may all be one's.
                assert eventually(lambda: connections_to(shop.run / "carrinho.sock") >= 2)
                for pid in nginx_workers(nginx):
                    os.kill(pid, signal.SIGKILL)
                wait()
            finally:
                os.kill(worker, signal.SIGCONT)
            assert eventually(lambda: len(nginx_workers(nginx)) == 2)
        assert eventually(lambda: shop.client().post("/api/carrinho/sessao").status == 201)
        assert [shop.client().post("/api/carrinho/sessao").status for _ in range(8)] == [201] * 8


def connections_to(path):
    """How many have been made to a socket, taken by its server or not: each has the listener's path."""
    return (
        sum(line.endswith(f" {path}") for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()) - 1
    )


def cut_off(shop):
    """A request whose connection does not live to see an answer."""
    try:
        return shop.client(checked=False).post("/api/carrinho/sessao")
    except OSError as error:
        return error
