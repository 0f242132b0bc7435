"""The plots of a rehearsal's page: inline SVG without network or scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
BAR = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotDot:
    """One measured value with its time and person; `is_bad` marks a failure."""

    at_s: float
    value: float
    who: str
    is_bad: bool = False


def scatter(dots: Sequence[PlotDot], *, title: str, unit: str, wanted: float | None = None) -> Markup:
    """Plots values over time, with a line for the requirement; empty without values."""
    if not dots:
        return Markup("")
    scale = _Scale.of([(dot.at_s, dot.value) for dot in dots], wanted)
    marks = Markup("").join(
        Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>').format(
            "bad" if dot.is_bad else "dot",
            scale.across(dot.at_s),
            scale.down(dot.value),
            f"{dot.who}: {dot.value:.4g} {unit} at {dot.at_s:.1f} s",
        )
        for dot in dots
    )
    return _framed(scale.frame(unit, wanted) + marks, title, HEIGHT)


def line(points: Sequence[tuple[float, float]], *, title: str, unit: str, most: float) -> Markup:
    """Plots one value over time, up to a known maximum."""
    if len(points) < 2:
        return Markup("")
    scale = _Scale(first_s=0.0, last_s=points[-1][0], most=most)
    path = " ".join(f"{scale.across(at_s):.1f},{scale.down(value):.1f}" for at_s, value in points)
    drawn = Markup('<polyline class="line" points="{}"/>').format(path)
    return _framed(scale.frame(unit, None) + drawn, title, HEIGHT)


def bars(counts: Sequence[tuple[str, int]], *, title: str) -> Markup:
    """Plots counts, one bar each."""
    if not counts:
        return Markup("")
    most, label = max(count for _, count in counts), 250
    drawn = Markup("").join(
        Markup(
            '<text x="{}" y="{:.0f}" text-anchor="end">{}</text>'
            '<rect class="bad" x="{}" y="{:.0f}" width="{:.1f}" height="16"/><text x="{:.1f}" y="{:.0f}">{}</text>'
        ).format(
            label - 8,
            row * BAR + 17,
            name,
            label,
            row * BAR + 5,
            width := count / most * (WIDTH - label - 50),
            label + width + 6,
            row * BAR + 17,
            count,
        )
        for row, (name, count) in enumerate(counts)
    )
    return _framed(drawn, title, len(counts) * BAR + 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    first_s: float
    last_s: float
    most: float

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]], wanted: float | None) -> _Scale:
        most = max([value for _, value in points] + ([wanted] if wanted else []))
        return cls(first_s=0.0, last_s=max(at_s for at_s, _ in points) or 1.0, most=round_up(most * 1.05))

    def across(self, at_s: float) -> float:
        return LEFT + (at_s - self.first_s) / (self.last_s - self.first_s) * (WIDTH - LEFT - RIGHT)

    def down(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.most * (HEIGHT - TOP - BOTTOM)

    def frame(self, unit: str, wanted: float | None) -> Markup:
        """Axes with a few numbers, and the line of the requirement."""
        drawn = Markup("")
        for share in (0.0, 0.5, 1.0):
            value, at_s = self.most * share, self.first_s + (self.last_s - self.first_s) * share
            drawn += Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
                '<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>'
            ).format(
                LEFT,
                WIDTH - RIGHT,
                self.down(value),
                self.down(value),
                LEFT - 6,
                self.down(value) + 4,
                f"{_short(value)} {unit}",
                self.across(at_s),
                HEIGHT - 10,
                {0.0: "start", 0.5: "middle", 1.0: "end"}[share],
                f"{at_s:.0f} s",
            )
        if wanted:
            drawn += Markup(
                '<line class="wanted" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{}" y="{:.1f}" text-anchor="end">required: {}</text>'
            ).format(
                LEFT,
                WIDTH - RIGHT,
                self.down(wanted),
                self.down(wanted),
                WIDTH - RIGHT - 4,
                self.down(wanted) - 5,
                f"{wanted:g} {unit}",
            )
        return drawn


def round_up(value: float) -> float:
    """The next round number, half of which is round too."""
    if value <= 0:
        return 1.0
    whole = 10.0 ** math.floor(math.log10(value))
    return next(step * whole for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * whole >= value)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _framed(drawn: Markup, title: str, height: int) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, escape(title), drawn
    )
