"""The bench judges as it says, and its client reads frames however they are cut."""

import asyncio

import pytest

from bench.figures import Line, spread, table
from bench.rows import ROWS
from bench.rows.latency import percentile
from bench.svg import plot
from bench.wire import Wire
from tests.servers import ROOT


def line(*judged: float, bound: str = "<=", target: float = 10) -> Line:
    return Line(row="row", what="what", judged=judged, unit="ms", bound=bound, target=target)


def test_the_middle_of_the_rounds_decides():
    assert line(1, 10, 99).is_good
    assert not line(1, 10.1, 11).is_good
    assert line(0.1, 0.8, 0.9, bound=">=", target=0.8).is_good
    assert not line(0.1, 0.79, 0.9, bound=">=", target=0.8).is_good


def test_a_spread_is_the_least_the_middle_and_the_most():
    assert spread([3.14159, 1, 200]) == "1/3.14/200"
    assert spread([4, 4]) == "4"
    assert spread([]) == "-"


def test_the_table_says_what_falls_short():
    assert [shown.split()[-1] for shown in table([line(1), line(11)]).splitlines()[1:3]] == ["ok", "SHORT"]


def test_a_percentile_is_one_of_the_figures():
    assert [percentile(range(1, 101), share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile([7], 0.5) == 7


def test_a_plot_has_both_axes_a_target_and_a_line(tmp_path):
    plot(tmp_path / "plot.svg", "Title", "rows", "ms", {"one <act>": [(10, 1), (1000, 30)]}, 20)

    drawn = (tmp_path / "plot.svg").read_text()
    for words in (">rows<", ">ms<", ">target 20<", ">one &lt;act&gt;<"):
        assert words in drawn


@pytest.mark.parametrize("size", [5, 200, 70_000])
async def test_frames_are_read_however_they_are_cut(size):
    heard: list[bytes] = []
    wire = Wire(b"", heard.append)
    payload = b"x" * size
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65_536 else b""
    length = length or b"\x7f" + size.to_bytes(8)
    stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + (b"\x81" + length + payload) * 2

    for start in range(0, len(stream), 33):
        wire.data_received(stream[start : start + 33])
        await asyncio.sleep(0)

    assert heard == [payload, payload]
    assert (wire.frames, wire.bytes) == (2, 2 * size)


def test_the_table_of_rows_is_the_one_that_is_measured():
    told = (ROOT / "bench/README.md").read_text().split("\n## The rows\n")[1].split("\n## ")[0]

    assert [row.split("`")[1] for row in told.splitlines() if row.startswith("| `")] == list(ROWS)
