"""The rows of the table, in its order."""

from bench.plan import Row
from bench.rows.clock import clock
from bench.rows.console import console
from bench.rows.history import history
from bench.rows.idle import idle
from bench.rows.latency import latency
from bench.rows.messages import messages
from bench.rows.pages import pages
from bench.rows.processes import processes
from bench.rows.start import start
from bench.rows.storm import storm

_IN_ORDER = (messages, latency, processes, idle, storm, pages, console, history, clock, start)
ROWS: dict[str, Row] = {row.__name__: row for row in _IN_ORDER}
