"""What a result says to a reader: titled tables and notes, as text or HTML."""

import html
import math
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

WIDTH = 80  # of a report in a terminal
LEAST_PLACES = 6  # beyond them an error is written with an exponent


@dataclass(frozen=True)
class Table:
    """Rows of cells under ``columns``; the first column is text, the others numbers as text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """Lines of at most ``WIDTH`` characters; what is wider goes on below, as parts of it."""
        lines = [list(self.columns), *(list(row) for row in self.rows)]
        widths = [max(_width(line[i]) for line in lines) for i in range(len(self.columns))]
        shown = wrapped(self.title) if self.title else []
        for i, part in enumerate(_parts(widths)):
            wide = [widths[j] for j in part]
            cells = ([line[j] for j in part] for line in lines)
            head, *body = ("  ".join(_cells(line, wide)).rstrip() for line in cells)
            rule = "─" * (sum(wide) + 2 * (len(wide) - 1))
            shown += [*([""] if i else []), head, rule, *body]
        return "\n".join(shown)

    def html(self) -> str:
        left, right = ' style="text-align:left"', ' style="text-align:right"'

        def row(cells: Sequence[str], tag: str) -> str:
            made = (
                f"<{tag}{right if i else left}>{html.escape(cell)}</{tag}>"
                for i, cell in enumerate(cells)
            )
            return f"<tr>{''.join(made)}</tr>"

        title = html.escape(self.title).replace("\n", "<br>")
        return (
            f"<table><caption{left}>{title}</caption><thead>{row(self.columns, 'th')}</thead>"
            f"<tbody>{''.join(row(cells, 'td') for cells in self.rows)}</tbody></table>"
        )


@dataclass(frozen=True)
class Report:
    """Tables, one after the other, and notes below them."""

    tables: Sequence[Table]
    notes: Sequence[str] = field(default=())

    def text(self) -> str:
        notes = "\n".join(line for note in self.notes for line in wrapped(f"note: {note}"))
        return "\n\n".join([*(table.text() for table in self.tables), *([notes] if notes else [])])

    def html(self) -> str:
        notes = "".join(f"<p>note: {html.escape(note)}</p>" for note in self.notes)
        return "".join(table.html() for table in self.tables) + notes


def number(value: float | None, spec: str = ".4g") -> str:
    """``value`` formatted, "" where there is none.

    >>> number(None), number(1.23456)
    ('', '1.235')
    """
    return "" if value is None or value != value else format(value, spec)


def with_error(value: float | None, error: float | None, spec: str = ".4g") -> str:
    """'1.234 ± 0.032', two digits of the error; the value alone where there is no error.

    >>> with_error(1.2345, 0.0321), with_error(-1523.2, 99.7), with_error(1.2345, None)
    ('1.234 ± 0.032', '-1523 ± 100', '1.234')
    """
    shown = number(value, spec)
    if not shown or value is None or error is None or error != error:
        return shown
    places = places_of(error)
    if places is None:
        return f"{shown} ± {error:.2g}"
    return f"{value:.{places}f} ± {error:.{places}f}"


def places_of(error: float) -> int | None:
    """The decimals of a value with this ``error``, two digits of it; None if they are too many.

    >>> places_of(0.0321), places_of(0.0996), places_of(1523.0), places_of(1e-9)
    (3, 2, 0, None)
    """
    if error <= 0 or not math.isfinite(error):
        return None
    exponent = int(f"{error:.1e}".partition("e")[2])
    return max(0, 1 - exponent) if exponent >= -LEAST_PLACES else None


def wrapped(text: str, width: int = 0) -> list[str]:
    """``text`` in lines of at most ``WIDTH`` characters."""
    return [
        line
        for one in text.split("\n")
        for line in textwrap.wrap(
            one, width or WIDTH, break_long_words=False, break_on_hyphens=False
        )
        or [""]
    ]


def named_m2(p_star: int | None, norm: str = "Frobenius", what: str = "m2") -> str:
    """``what``, with the norm of the overlap matrix where there are several: at p* > 1.

    >>> named_m2(1), named_m2(2), named_m2(2, "nuclear", "student m2")
    ('m2', 'm2 (Frobenius)', 'student m2 (nuclear)')
    """
    return what if p_star is None or p_star == 1 else f"{what} ({norm})"


def counted(count: int, what: str) -> str:
    """'1 draw', '2 draws'."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def duration(seconds: float) -> str:
    """Text such as "3 min": one or two digits, as many as an estimate has.

    >>> duration(0.4), duration(95.0), duration(5000.0), duration(2e6)
    ('under 1 s', '1.6 min', '1.4 h', '23 days')
    """
    if math.isnan(seconds):
        return "unknown"
    if seconds < 1:
        return "under 1 s"
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= (2 if unit == "days" else 1) * length:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds:.2g} s"


def _parts(widths: Sequence[int]) -> list[list[int]]:
    """Which columns stand beside each other: the first with as many of the others as fit."""
    parts, left = [[0]], WIDTH - widths[0]
    for i, width in enumerate(widths[1:], 1):
        if width + 2 > left and len(parts[-1]) > 1:
            parts.append([0])
            left = WIDTH - widths[0]
        parts[-1].append(i)
        left -= width + 2
    return parts


def _cells(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for i, (cell, width) in enumerate(zip(line, widths, strict=True)):
        fill = " " * (width - _width(cell))
        yield fill + cell if i else cell + fill


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
