"""A round of the clock, in the test's own thread."""

from datetime import datetime

from facturando_support import clock


def do_round(now: datetime) -> None:
    """What `clock.run_clock` does every second, act by act."""
    for act in clock.round_acts():
        clock.run_act(act, now)
