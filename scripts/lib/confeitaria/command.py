"""A row of the table of commands (cli.py)."""
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Command:
    """`text` is the --help below the usage line. `arguments(parser)` adds what the command takes besides --state and --help.
    `run(state, args)` does it, as the state's owner, and may return an exit status; it raises Refused.
    `state`: what must be there before: "running", "there", or "new" for what makes one.
    `lock`: no other command that has it runs on this state meanwhile.
    `root(state, args)`: what only root can do before, where root calls; the rest is done as the owner."""

    name: str
    summary: str
    text: str
    run: Callable
    arguments: Callable = lambda parser: None
    state: str = "running"
    lock: bool = False
    root: Callable | None = None
