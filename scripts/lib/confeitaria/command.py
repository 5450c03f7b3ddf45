"""A row of the table of commands (cli.py)."""
import os
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Command:
    """`text` is the --help below the usage line. `arguments(parser)` adds what the command takes besides --state and
    --help. `run(state, args)` does it, as the state's owner, and may return an exit status; it raises Refused.
    `state`: what must be there before: "running", "there", "new" for what makes one, or "none". `stages`: a release is
    made of the checkout and installed first. `lock`: no other command that has it runs on this state meanwhile. `here`:
    the parts without which it can do nothing on this host. `absent_is_well`: a state that is not there is no error.
    `root(state, args, installed, words)`: instead, where root calls; it returns the exit status. `installed`: the
    newest release in the state, or None. privilege.py runs `words` as the owner. `provide(state, args)`: installs
    what it needs, before it is the owner's."""

    name: str
    summary: str
    text: str
    run: Callable
    arguments: Callable = lambda parser: None
    state: str = "running"
    stages: bool = False
    lock: bool = False
    here: tuple = ()
    absent_is_well: bool = False
    root: Callable | None = None
    provide: Callable | None = None


def path_argument(text):
    """A path on the command line: absolute, from where the operator was when he typed it."""
    return os.path.normpath(os.path.join(os.environ["CONFEITARIA_CWD"], text))
