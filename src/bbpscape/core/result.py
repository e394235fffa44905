"""The base of everything that is computed: a record, a table, a figure and a few lines of text."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

from bbpscape.core.checks import InvalidInput
from bbpscape.core.codec import decode_fields, encode_fields
from bbpscape.core.report import Report, Table, number
from bbpscape.core.status import CONVERGED, Status

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

C = TypeVar("C")
# Plots stand above results: the module that draws them is loaded by name when it is asked for.
DRAWN_BY = "bbpscape.plots"
# A kind is known once its module is; what the public names give is known when all are.
GIVEN_BY = "bbpscape"
_kinds: dict[str, type[Result]] = {}


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(dataclasses.field,))
def result(cls: type[C]) -> type[C]:
    """A frozen dataclass without field-wise equality, which arrays do not have, nor a long repr."""
    return dataclasses.dataclass(frozen=True, eq=False, repr=False)(cls)


class Result:
    """What every result offers; its class is decorated with ``result``.

    ``to_dict`` and ``from_dict`` are inverse to each other to the last bit. A subclass lists in
    ``derived`` the properties that its record also shows, and says what it is by ``headline`` and
    ``report``. Fields with the metadata ``BULKY`` are left out of a compact record.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=float("inf"), p_star=1, loss=bb.NormalizedSquare(3.0))
    >>> found = bb.threshold(model)
    >>> record = found.to_dict()
    >>> round(record["alpha_bbp"], 12)  # (a + 1)/2
    2.0
    >>> type(found).from_dict(record).alpha_bbp == found.alpha_bbp
    True
    """

    derived: ClassVar[tuple[str, ...]] = ()
    records_compactly: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _kinds[cls.__name__] = cls

    @property
    def status(self) -> Status:
        """Whether all of it can be trusted, what falls short, and what to try then."""
        return CONVERGED

    def to_dict(self, *, compact: bool = False) -> dict[str, Any]:
        """JSON values of all fields, and of what is derived from them; ``type`` names the class.

        NaN is null and ±∞ is "inf" or "-inf".

        Parameters
        ----------
        compact : bool
            Leave out bulky arrays; such a record cannot be read back.

        Returns
        -------
        dict
            Plain values.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.threshold(bb.TeacherStudent(1, 1)).to_dict()["type"]
        'Threshold'
        """
        return {"type": type(self).__name__, **encode_fields(self, compact)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The result that ``to_dict`` wrote down.

        A loss or activation of your own is known by its name: list it before, with
        ``bb.losses.LOSSES.add`` or ``ACTIVATIONS.add`` (networks.md).

        Parameters
        ----------
        values : mapping
            A record that is not compact.

        Returns
        -------
        Result
            Equal to the last bit.

        Raises
        ------
        InvalidInput
            If ``values`` are of another kind of result, or incomplete.

        Examples
        --------
        >>> import bbpscape as bb
        >>> found = bb.threshold(bb.TeacherStudent(1, 1))
        >>> type(found).from_dict(found.to_dict()).alpha_bbp == found.alpha_bbp
        True
        """
        name = values.get("type", cls.__name__) if isinstance(values, Mapping) else None
        kind = _kind_of(str(name))
        if kind is None or not issubclass(kind, cls):
            known = cls.__name__ if cls is not Result else "a result"
            raise InvalidInput(f"expected the record of {known}, got one of {name!r}")
        return decode_fields(kind, values)

    def columns(self) -> Mapping[str, Any]:
        """Columns of one length by name, what ``to_dataframe`` shows; one row of numbers here.

        Returns
        -------
        mapping
            Names to arrays.

        Examples
        --------
        >>> import bbpscape as bb
        >>> list(bb.overlap_curve(bb.TeacherStudent(1, 1), [1.0, 2.0]).columns())
        ['alpha', 'm2', 'eigenvalue']
        """
        return {name: [value] for name, value in _scalars(self).items()}

    def to_dataframe(self) -> pandas.DataFrame:
        """The numbers as a tidy table, one row an observation.

        Returns
        -------
        pandas.DataFrame
            The table.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.overlap_curve(bb.TeacherStudent(1, 1), [1.0, 2.0]).to_dataframe().shape
        (2, 3)
        """
        import pandas

        return pandas.DataFrame(dict(self.columns()))

    def headline(self) -> str:
        """One line: what this is the result of.

        Returns
        -------
        str
            Without a line break.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.threshold(bb.TeacherStudent(2, 1)).headline()
        'BBP transition, p = 2, p* = 1, a = 0.01'
        """
        return type(self).__name__

    def report(self) -> Report:
        """Tables and notes; the numbers one by one here.

        Returns
        -------
        Report
            What ``summary`` prints.

        Examples
        --------
        >>> import bbpscape as bb
        >>> [table.title for table in bb.threshold(bb.TeacherStudent(2, 1)).report().tables]
        ['BBP transition, p = 2, p* = 1, a = 0.01']
        """
        rows = [(name, _text(value)) for name, value in _scalars(self).items()]
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(self.headline(), ("quantity", "value"), rows)], notes)

    def summary(self) -> str:
        """The report as text, for a terminal.

        Returns
        -------
        str
            Lines of at most 80 columns.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.threshold(bb.TeacherStudent(2, 1)).summary().splitlines()[0]
        'BBP transition, p = 2, p* = 1, a = 0.01'
        """
        return self.report().text()

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw it in a figure of its own, or into ``ax``.

        A figure of its own is shown if it is the last value of a notebook's cell; pyplot
        need not be imported. The figure of ``ax`` is shown by whoever made it.

        Parameters
        ----------
        ax : Axes, optional
            Where the main panel is drawn.
        **options
            Those of the kind: ``bb.plots.plot``.

        Returns
        -------
        Figure or Axes
            The figure, or ``ax`` if it was given.

        Examples
        --------
        >>> import bbpscape as bb
        >>> figure = bb.overlap_curve(bb.TeacherStudent(1, 1), [1.0, 2.0]).plot()
        >>> type(figure).__name__
        'Picture'
        """
        draw: Callable[..., Figure] = importlib.import_module(DRAWN_BY).plot
        figure = draw(self, ax=ax, **options)
        return figure if ax is None else ax

    def __repr__(self) -> str:
        return f"<{self.headline()}>"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return self.report().html()


def _kind_of(name: str) -> type[Result] | None:
    if name not in _kinds:
        house = importlib.import_module(GIVEN_BY)
        for public in house.__all__:
            getattr(house, public)
    return _kinds.get(name)


def _scalars(value: Any) -> dict[str, Any]:
    names = [one.name for one in dataclasses.fields(value)]
    names += type(value).derived
    found = {name: getattr(value, name) for name in names}
    return {k: v for k, v in found.items() if isinstance(v, bool | int | float | str)}


def _text(value: object) -> str:
    if isinstance(value, float) and not isinstance(value, bool):
        return number(value, ".10g") if math.isfinite(value) else str(value)
    return str(value)
