"""Changing a secret: killed at any step, what the workers show is taken all the time, and running it again ends it."""
import itertools
import os
from types import SimpleNamespace

import pytest

from confeitaria import tokens
from confeitaria.commands import secret as command


class Killed(BaseException):
    """The command was killed."""


class Stores:
    """What a store takes and what a worker shows; the step at which the command is killed, before or after it."""

    def __init__(self, state, name):
        self.state, self.name = state, name
        self.steps_left = None
        self.worker = state.secret(name)
        self.publish(state, name)

    def publish(self, state, name):
        """Takes what the files say."""
        self.taken = set(tokens.secret_hashes(state, name))

    def renew(self, state, _parts):
        """A worker reads its secret when it begins."""
        self.worker = state.secret(self.name)

    def well(self):
        """Whether a command, a worker that begins now, and one that began before are let in."""
        shown = {self.state.secret(self.name)} | ({self.worker} if self.name in command.READERS else set())
        return {tokens.hash_of(secret) for secret in shown} <= self.taken

    def step(self, function):
        """The function, as a step of the command."""

        def stepped(*args):
            for moment in ("before", "after"):
                if moment == "after":
                    function(*args)
                assert self.well()
                if self.steps_left == 0:
                    raise Killed
                if self.steps_left is not None:
                    self.steps_left -= 1

        return stepped


@pytest.fixture(name="stores", params=["redis_carrinho", "conciliador.token", "redis_operador"])
def fixture_stores(state, monkeypatch, request):
    """A state with secrets, and one of them that is to be changed; the stores and the workers are ours."""
    state.data.mkdir(exist_ok=True)
    tokens.secrets_make(state)
    stores = Stores(state, request.param)
    monkeypatch.setattr(command, "publish", stores.step(stores.publish))
    monkeypatch.setattr(command.renew, "renew", stores.step(stores.renew), raising=False)
    monkeypatch.setattr(command, "replace", stores.step(command.replace))
    monkeypatch.setattr(command, "os", SimpleNamespace(replace=stores.step(os.replace)))
    monkeypatch.setattr(command, "verify", lambda *_: None)
    return stores


def ended(stores, steps):
    """Changes the secret; false when it was killed after so many steps."""
    stores.steps_left = steps
    try:
        command.change(stores.state, stores.name)
        return True
    except Killed:
        return False


@pytest.mark.parametrize("again", [0, 1, 3, 6])
def test_killed_at_each_step(stores, again):
    """And killed a second time, so many steps later. In the end the new secret alone is taken."""
    for steps in itertools.count():
        state, name, old = stores.state, stores.name, stores.state.secret(stores.name)
        whole = [ended(stores, left) for left in (steps, again)]
        stores.steps_left = None
        command.change(state, name)
        assert stores.well() and stores.taken == {tokens.hash_of(state.secret(name))} and state.secret(name) != old
        assert {path.name for path in state.secrets.iterdir()} == set(tokens.SECRETS)
        if whole[0]:
            break
        assert steps < 40
