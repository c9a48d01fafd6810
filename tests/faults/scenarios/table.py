"""The table of faults: each is one function over an arena, with the layout that it needs."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.faults import layouts
from tests.faults.arena import Arena
from tests.faults.layouts import Layout

type Act = Callable[[Arena], Awaitable[None]]
type Make = Callable[[Path, Random], AbstractContextManager[Layout]]

RECOVERY_SECONDS = 10.0
ENGINES = ("postgresql", "redis-server")


@dataclass(frozen=True)
class Fault:
    """`act` lets it happen; its docstring says what it is."""

    name: str
    act: Act
    make: Make
    layout: str
    # Programs without which it cannot be made, by the names of `@pytest.mark.needs`.
    needs: tuple[str, ...] = ()
    needs_root: bool = False
    # Within which 95 of 100 clients must be served again.
    recovery_seconds: float = RECOVERY_SECONDS

    @property
    def story(self) -> str:
        return (self.act.__doc__ or "").strip().splitlines()[0]


FAULTS: dict[str, Fault] = {}


def fault(
    make: Make | None = None, *, layout: str = "embedded", needs: tuple[str, ...] = (), **demands: Any
) -> Callable[[Act], Act]:
    """Put a function into the table under its own name."""

    def enter(act: Act) -> Act:
        name = act.__name__.replace("_", "-")
        wanted = needs + (ENGINES if layout == "larger" else ())
        FAULTS[name] = Fault(name, act, make or MAKERS[layout](), layout, wanted, **demands)
        return act

    return enter


def embedded(**env: str) -> Make:
    """One process, with settings of its own."""

    def make(folder: Path, random: Random) -> AbstractContextManager[Layout]:
        return layouts.embedded(folder, random, env=env)

    return make


def larger(**env: str) -> Make:
    """Several processes on PostgreSQL and Redis, with settings of their own."""

    def make(folder: Path, random: Random) -> AbstractContextManager[Layout]:
        return layouts.larger(folder, random, env=env)

    return make


MAKERS: dict[str, Callable[[], Make]] = {"embedded": embedded, "larger": larger}


@contextmanager
def around(
    outer: AbstractContextManager[object], make: Make, folder: Path, random: Random
) -> Iterator[Layout]:
    """A layout inside something that must be there first and go last."""
    with outer, make(folder, random) as layout:
        yield layout
