"""Plots as SVG, for light and dark pages: no background, colours by the reader's scheme."""

import math
from typing import NamedTuple

WIDTH, HEIGHT = 760, 390
LEFT, RIGHT, TOP, BOTTOM = 78, 34, 86, 52
LEGEND = 44, 66
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.small { font-size: 12px }
.grid { stroke: #8c959f; stroke-opacity: .28 }
.axis { stroke: #6e7781 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.a { stroke: #0550ae } .b { stroke: #bc4c00 } .c { stroke: #1a7f37 } .d { stroke: #8250df } .e { stroke: #bf3989 }
.limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 2 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .axis { stroke: #8b949e }
  .a { stroke: #58a6ff } .b { stroke: #f0883e } .c { stroke: #3fb950 } .d { stroke: #bc8cff } .e { stroke: #ff7eb6 }
  .limit { stroke: #ff7b72 }
}"""
DASHES = ("", "9 4", "3 3", "12 3 3 3", "6 2")


class Axis(NamedTuple):
    """Label with unit, both ends, and the places that are marked with their texts."""

    label: str
    low: float
    high: float
    marks: tuple
    logarithmic: bool = False

    def place(self, value):
        """Where a value lies, from 0 to 1; what is outside lies at the edge."""
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


class Series(NamedTuple):
    """A line: its name and points; a point of None interrupts it."""

    name: str
    points: tuple


class Plot(NamedTuple):
    """One picture; `limit` is a level with its text."""

    title: str
    across: Axis
    up: Axis
    series: tuple
    limit: tuple = ()


def svg(plot):
    """The picture as a whole file."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_text(plot.title)}">',
        f"<style>{STYLE}\n</style>",
        f'<text class="title" x="16" y="20">{_text(plot.title)}</text>',
    ]
    for value, mark in plot.up.marks:
        y = _y(plot.up, value)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
        parts.append(f'<text class="small" x="{LEFT - 8}" y="{_number(y + 4)}" text-anchor="end">{_text(mark)}</text>')
    for value, mark in plot.across.marks:
        x = _x(plot.across, value)
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="small" x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_text(mark)}</text>')
    corner = f"{LEFT},{TOP} {LEFT},{HEIGHT - BOTTOM} {WIDTH - RIGHT},{HEIGHT - BOTTOM}"
    parts.append(f'<polyline class="axis" fill="none" points="{corner}"/>')
    middle = (LEFT + WIDTH - RIGHT) // 2, (TOP + HEIGHT - BOTTOM) // 2
    parts.append(f'<text x="{middle[0]}" y="{HEIGHT - 12}" text-anchor="middle">{_text(plot.across.label)}</text>')
    parts.append(f'<text x="16" y="{middle[1]}" text-anchor="middle" transform="rotate(-90 16 {middle[1]})">{_text(plot.up.label)}</text>')
    entries = []
    if plot.limit:
        level, name = plot.limit
        y = _y(plot.up, level)
        parts.append(f'<line class="limit" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
        entries.append(('class="limit"', name))
    for place, series in enumerate(plot.series):
        look = f'class="line {"abcde"[place]}"'
        if DASHES[place]:
            look += f' stroke-dasharray="{DASHES[place]}"'
        entries.append((look, series.name))
        for piece in _pieces(plot, series):
            if " " in piece:
                parts.append(f'<polyline {look} points="{piece}"/>')
            else:
                x, y = piece.split(",")
                parts.append(f'<circle class="line {"abcde"[place]}" cx="{x}" cy="{y}" r="4"/>')
    parts.extend(_legend(entries))
    return "\n".join(parts) + "\n</svg>\n"


def _legend(entries):
    """Names beside their lines, in as many rows as there are heights for."""
    rows, x, parts = list(LEGEND), LEFT, []
    for look, name in entries:
        length = 46 + round(6.7 * len(name))
        if x + length > WIDTH and len(rows) > 1:
            rows, x = rows[1:], LEFT
        parts.append(f'<line {look} x1="{x}" y1="{rows[0] - 4}" x2="{x + 26}" y2="{rows[0] - 4}"/>')
        parts.append(f'<text class="small" x="{x + 32}" y="{rows[0]}">{_text(name)}</text>')
        x += length
    return parts


def _pieces(plot, series):
    """The line between its interruptions, without points that change nothing; one alone is a dot."""
    piece, pieces = [], []
    for point in (*series.points, None):
        if point is not None and point[1] is not None:
            place = f"{_x(plot.across, point[0])},{_y(plot.up, point[1])}"
            level = place.split(",")[1]
            if len(piece) > 1 and piece[-1].endswith("," + level) and piece[-2].endswith("," + level):
                piece.pop()
            piece.append(place)
            continue
        if piece:
            pieces.append(" ".join(piece))
        piece = []
    return pieces


def _x(axis, value):
    return _number(LEFT + axis.place(value) * (WIDTH - RIGHT - LEFT))


def _y(axis, value):
    return _number(HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - BOTTOM - TOP))


def _number(value):
    value = round(float(value), 1)
    return int(value) if value == int(value) else value


def _text(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
