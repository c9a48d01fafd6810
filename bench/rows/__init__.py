"""The rows of the table, in its order."""

from bench.plan import Row
from bench.rows.messages import messages

ROWS: dict[str, Row] = {row.__name__: row for row in (messages,)}
