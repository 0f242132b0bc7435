"""Line charts of a call over time, as inline SVG: they print, can be mailed, and need no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

WIDTH, HEIGHT, PAD = 240, 54, 4

SERIES = {
    "frames_per_s": ("frames", "/s"),
    "video_kbps": ("picture", "kbit/s"),
    "audio_kbps": ("sound", "kbit/s"),
    "round_trip_ms": ("round trip", "ms"),
    "lost": ("packets lost", ""),
}
"""Field of figures.json -> (title, unit) of its chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A line chart with its title, unit, last and highest value."""

    title: str
    unit: str
    last: str
    highest: str
    svg: Markup


def charts_of(samples: Sequence[Mapping[str, Any]], failed_at_s: float | None = None) -> list[Chart]:
    """Return the charts of figures over time; none for fewer than two points. `failed_at_s` is marked."""
    charts = []
    for name, (title, unit) in SERIES.items():
        points = [(float(row["at_s"]), float(row[name])) for row in samples if _is_number(row, name)]
        if len(points) >= 2 and (name != "lost" or any(value for _, value in points)):
            highest = max(value for _, value in points)
            svg = _line(points, highest, failed_at_s)
            charts.append(Chart(title=title, unit=unit, last=f"{points[-1][1]:.4g}", highest=f"{highest:.4g}", svg=svg))
    return charts


def _is_number(row: Mapping[str, Any], name: str) -> bool:
    return all(isinstance(row.get(key), int | float) for key in ("at_s", name))


def _line(points: Sequence[tuple[float, float]], highest: float, failed_at_s: float | None) -> Markup:
    first, last = points[0][0], max(points[-1][0], points[0][0] + 0.001)

    def x_of(at_s: float) -> float:
        return PAD + (at_s - first) / (last - first) * (WIDTH - 2 * PAD)

    def y_of(value: float) -> float:
        return HEIGHT - PAD - (value / highest if highest > 0 else 0) * (HEIGHT - 2 * PAD)

    line = " ".join(f"{x_of(at_s):.1f},{y_of(value):.1f}" for at_s, value in points)
    area = f"{PAD},{HEIGHT - PAD} {line} {x_of(points[-1][0]):.1f},{HEIGHT - PAD}"
    mark = ""
    if failed_at_s is not None and first <= failed_at_s <= last:
        x = f"{x_of(failed_at_s):.1f}"
        mark = f'<line class="mark" x1="{x}" x2="{x}" y1="0" y2="{HEIGHT}"/>'
    return Markup(  # noqa: S704  # numbers alone
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-hidden="true">'
        f'<polygon class="area" points="{area}"/><polyline class="line" points="{line}"/>{mark}</svg>'
    )
