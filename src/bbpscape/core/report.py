"""What a result says to a reader: titled tables and notes, as text or HTML."""

import html
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Rows of cells under ``columns``; the first column is text, the others numbers as text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        lines = [list(self.columns), *(list(row) for row in self.rows)]
        widths = [max(_width(line[i]) for line in lines) for i in range(len(self.columns))]
        head, *body = ("  ".join(_cells(line, widths)).rstrip() for line in lines)
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([*([self.title] if self.title else []), head, rule, *body])

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
        notes = "\n".join(f"note: {note}" for note in self.notes)
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


def with_error(
    value: float | None, error: float | None, spec: str = ".4g", error_spec: str = ""
) -> str:
    """'1.23 ± 0.04'; the value alone where there is no error, "" where there is no value.

    >>> with_error(1.2345, 0.0321, ".3f"), with_error(1.2345, None)
    ('1.234 ± 0.032', '1.234')
    """
    if not (shown := number(value, spec)):
        return ""
    return f"{shown} ± {spread}" if (spread := number(error, error_spec or spec)) else shown


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


def _cells(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for i, (cell, width) in enumerate(zip(line, widths, strict=True)):
        fill = " " * (width - _width(cell))
        yield fill + cell if i else cell + fill


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
