"""A plot of how cost grows with work: both axes logarithmic and labelled, a target as a line."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 400, 70, 50, 40, 200
COLOURS = ("#0f5ea8", "#b3261e", "#1b7f4b", "#8a5a00", "#5b3fa0")

type Points = Sequence[tuple[float, float]]


def plot(path: Path, title: str, x: str, y: str, series: Mapping[str, Points], target: float) -> None:
    """Write one SVG; every series maps work to cost, both above zero."""
    everything = [point for points in series.values() for point in points]
    across = _Scale([at for at, _ in everything], LEFT, WIDTH - RIGHT)
    up = _Scale([cost for _, cost in everything] + [target], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(LEFT, 22, title, size=15),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, anchor="middle"),
        f'<g transform="translate(16 {HEIGHT / 2}) rotate(-90)">{_text(0, 0, y, anchor="middle")}</g>',
        *_grid(across, up),
        f'<path d="M{LEFT} {up(target):.1f}H{WIDTH - RIGHT}" stroke="#555" stroke-dasharray="6 4"/>',
        _text(WIDTH - RIGHT + 8, up(target) + 4, f"target {target:g}"),
    ]
    for number, (name, points) in enumerate(series.items()):
        parts += _line(name, [(across(at), up(cost)) for at, cost in points], number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>\n"]))


class _Scale:
    """From a figure to a place, over whole decades."""

    def __init__(self, figures: Sequence[float], begin: float, end: float) -> None:
        self.least = math.floor(math.log10(min(figures)))
        self.most = max(math.ceil(math.log10(max(figures))), self.least + 1)
        self.begin, self.end = begin, end

    def __call__(self, figure: float) -> float:
        share = (math.log10(figure) - self.least) / (self.most - self.least)
        return self.begin + share * (self.end - self.begin)

    @property
    def decades(self) -> list[float]:
        return [10.0**power for power in range(self.least, self.most + 1)]


def _grid(across: _Scale, up: _Scale) -> list[str]:
    lines = []
    for figure in across.decades:
        lines.append(f'<path d="M{across(figure):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        lines.append(_text(across(figure), HEIGHT - BOTTOM + 18, f"{figure:,g}", anchor="middle"))
    for figure in up.decades:
        lines.append(f'<path d="M{LEFT} {up(figure):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        lines.append(_text(LEFT - 8, up(figure) + 4, f"{figure:,g}", anchor="end"))
    return lines


def _line(name: str, places: Points, number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    label = _text(WIDTH - RIGHT + 8, TOP + 16 + 18 * number, name, colour=colour)
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots, label]


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = "#222"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
        f"{escape(words)}</text>"
    )
