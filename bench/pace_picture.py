"""A picture of one run as a standalone SVG: mails in a sliding minute against the allowance, in all and by host."""

import html
import math
from collections.abc import Sequence

from bench.pace_figures import WINDOW, sliding
from bench.pace_seen import Seen

_WIDTH, _HEIGHT = 900, 420  # of the whole picture, in pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 130, 48, 44  # margins around the plot: numbers, the legend, the title, the seconds
_ROOM = 1.1  # of the larger one of allowance and highest count: the line of the allowance must not be the edge
_STEPS = 300  # points of a line: one for some two pixels
_TICKS = 5  # numbers on each axis
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b2a800")  # told apart by colour-blind eyes
_TOTAL = "#222222"
_ALLOWANCE = "#c00000"


def draw(seen: Seen) -> str:
    """The picture's text. A run without mails has axes and nothing else."""
    allowance, times = seen.load.setup.allowance, seen.times
    hosts = sorted({dot.host for dot in seen.dots})
    lines = [("all hosts", _TOTAL, times)]
    for number, host in enumerate(hosts):
        own = [dot.at for dot in seen.dots if dot.host == host]
        lines.append((f"host {host}" if host else "unknown host", _COLOURS[number % len(_COLOURS)], own))
    plot = _Plot(times, allowance)
    hosts_text = f"{seen.load.setup.hosts} host{'s' if seen.load.setup.hosts > 1 else ''}"
    title = f"{seen.load.name}: {hosts_text}, mails in a sliding minute; {seen.use:.1%} of the allowance used"
    parts = [
        _text(_LEFT, _TOP - 22, title, size=15),
        *plot.axes(),
        *plot.rule(allowance),
        *(part for place, line in enumerate(lines) for part in plot.line(place, *line)),
    ]
    body = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">'
    return f'{head}\n<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'


class _Plot:
    """Seconds since the first mail from left to right, mails in the minute before from the bottom up."""

    def __init__(self, times: Sequence[float], allowance: int) -> None:
        self._first = times[0] if times else 0.0
        self._seconds = max(1.0, times[-1] - self._first) if times else WINDOW
        self._most = _ROOM * max(allowance, *(sliding(times, at) for at in times), 1)

    def axes(self) -> list[str]:
        """Both, with their numbers."""
        across = [self._seconds * tick / _TICKS for tick in range(_TICKS + 1)]
        up = [self._most * tick / _TICKS for tick in range(_TICKS + 1)]
        frame = f'<path d="M{_LEFT},{_TOP} V{_HEIGHT - _BOTTOM} H{_WIDTH - _RIGHT}" fill="none" stroke="#888888"/>'
        seconds = [_text(self._x(at), _HEIGHT - _BOTTOM + 18, f"{at:.0f}", anchor="middle") for at in across]
        counts = [_text(_LEFT - 8, self._y(count) + 4, f"{count:.0f}", anchor="end") for count in up]
        return [frame, *seconds, *counts, _text(_WIDTH - _RIGHT, _HEIGHT - 8, "seconds since the first mail", anchor="end")]

    def rule(self, allowance: int) -> list[str]:
        """The allowance."""
        y, right = self._y(allowance), _WIDTH - _RIGHT
        line = f'<path d="M{_LEFT},{y:.1f} H{right}" stroke="{_ALLOWANCE}" stroke-dasharray="6 4"/>'
        return [line, _text(right + 8, y + 4, f"allowance {allowance}", colour=_ALLOWANCE)]

    def line(self, place: int, name: str, colour: str, times: Sequence[float]) -> list[str]:
        """One line, and its name in the legend at this place."""
        step = self._seconds / _STEPS
        seconds = [number * step for number in range(_STEPS + 1)]
        points = " ".join(f"{self._x(at):.1f},{self._y(sliding(times, self._first + at)):.1f}" for at in seconds)
        width = 2.5 if place == 0 else 1.5
        drawn = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        y = self._legend(place)
        return [drawn, _text(_WIDTH - _RIGHT + 8, y, f"{name} ({len(times)})", colour=colour)]

    def _legend(self, place: int) -> float:
        """Below the word at the allowance."""
        return math.floor(self._y(0) - 18 * (12 - place)) if place < 12 else self._y(0)

    def _x(self, seconds: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / self._seconds

    def _y(self, count: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * count / self._most


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", colour: str = "#222222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{colour}">{html.escape(words)}</text>'
