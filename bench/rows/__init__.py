"""The rows of the table, in its order."""

from bench.plan import Row
from bench.rows.idle import idle
from bench.rows.latency import latency
from bench.rows.messages import messages
from bench.rows.processes import processes
from bench.rows.storm import storm

ROWS: dict[str, Row] = {row.__name__: row for row in (messages, latency, processes, idle, storm)}
