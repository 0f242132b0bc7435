"""A call over time as small pictures of lines: inline SVG, which prints, mails and needs nobody's script."""

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
"""What is drawn of figures.json, with the words and the unit beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One line: what it shows, its last and its highest value, and the picture."""

    title: str
    unit: str
    last: str
    most: str
    svg: Markup


def charts_of(samples: Sequence[Mapping[str, Any]], failed_at_s: float | None = None) -> list[Chart]:
    """The lines that figures over time amount to; none for fewer than two points. `failed_at_s` is marked."""
    charts = []
    for name, (title, unit) in SERIES.items():
        points = [(float(row["at_s"]), float(row[name])) for row in samples if _is_number(row, name)]
        if len(points) >= 2 and (name != "lost" or any(value for _, value in points)):
            most = max(value for _, value in points)
            svg = _line(points, most, failed_at_s)
            charts.append(Chart(title=title, unit=unit, last=f"{points[-1][1]:.4g}", most=f"{most:.4g}", svg=svg))
    return charts


def _is_number(row: Mapping[str, Any], name: str) -> bool:
    return all(isinstance(row.get(key), int | float) for key in ("at_s", name))


def _line(points: Sequence[tuple[float, float]], most: float, failed_at_s: float | None) -> Markup:
    first, last = points[0][0], max(points[-1][0], points[0][0] + 0.001)

    def across(at_s: float) -> float:
        return PAD + (at_s - first) / (last - first) * (WIDTH - 2 * PAD)

    def down(value: float) -> float:
        return HEIGHT - PAD - (value / most if most > 0 else 0) * (HEIGHT - 2 * PAD)

    line = " ".join(f"{across(at_s):.1f},{down(value):.1f}" for at_s, value in points)
    area = f"{PAD},{HEIGHT - PAD} {line} {across(points[-1][0]):.1f},{HEIGHT - PAD}"
    mark = ""
    if failed_at_s is not None and first <= failed_at_s <= last:
        x = f"{across(failed_at_s):.1f}"
        mark = f'<line class="mark" x1="{x}" x2="{x}" y1="0" y2="{HEIGHT}"/>'
    return Markup(  # noqa: S704  # numbers alone
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-hidden="true">'
        f'<polygon class="area" points="{area}"/><polyline class="line" points="{line}"/>{mark}</svg>'
    )
