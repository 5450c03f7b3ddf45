"""A worker that dies with a request in hand: a read is asked of another one, a write is not."""
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from shop import POOLS, Shop, eventually, open_files


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
    at_rest = {pid: open_files([pid]) for pid in workers.values()}
    os.kill(redis, signal.SIGSTOP)
    try:
        wait = together(*calls)
        assert eventually(lambda: all(open_files([pid]) > count for pid, count in at_rest.items()), every=0.01)
        os.kill(next(iter(workers.values())), signal.SIGKILL)
    finally:
        os.kill(redis, signal.SIGCONT)
    answers = wait()
    assert eventually(lambda: len(shop.workers("carrinho")) == len(workers), 10)
    return answers


def test_a_read_is_answered_all_the_same(shop):
    """By another worker of the pool."""
    session = shop.cart({7: 1})
    read = lambda: shop.client().get(f"/api/carrinho/{session}")  # noqa: E731
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
    shop.supervisor("stop", *names)
    try:
        for method, target in (
            ("GET", f"/api/carrinho/{session}"),
            ("POST", "/api/carrinho/sessao"),
            ("DELETE", f"/api/carrinho/{session}"),
        ):
            shop.client().request(method, target).problem("servico_indisponivel")
    finally:
        shop.supervisor("start", *names)
    assert eventually(lambda: shop.client().get(f"/api/carrinho/{session}").status == 200, 10)


def nginx_workers(shop):
    """The processes of nginx that serve; another one keeps its cache."""
    master = shop.processes()["nginx"]
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="utf-8").split()
    return [int(pid) for pid in children if "worker" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")]


@pytest.mark.slow
def test_a_pool_has_room_again_when_nginx_was_killed():
    """What a killed worker of nginx had in hand is not counted as the pool's for ever."""
    with Shop("--set", "limite_fila=4", workers=[f"{pool}=1" for pool in POOLS]) as shop:
        worker = shop.workers("carrinho")["carrinho:carrinho_00"]
        for _ in range(4):
            os.kill(worker, signal.SIGSTOP)
            try:
                wait = together(*[lambda: cut_off(shop)] * 4)
                time.sleep(0.5)  # until they are in the pool's queue
                for pid in nginx_workers(shop):
                    os.kill(pid, signal.SIGKILL)
                wait()
            finally:
                os.kill(worker, signal.SIGCONT)
            assert eventually(lambda: len(nginx_workers(shop)) == 2)
        assert eventually(lambda: shop.client().post("/api/carrinho/sessao").status == 201)
        assert [shop.client().post("/api/carrinho/sessao").status for _ in range(8)] == [201] * 8


def cut_off(shop):
    """A request whose connection does not live to see an answer."""
    try:
        return shop.client(checked=False).post("/api/carrinho/sessao")
    except OSError as error:
        return error
