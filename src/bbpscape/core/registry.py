"""Names for objects that users add: activations, losses, observables, preprocessings, starts."""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from bbpscape.core.checks import InvalidInput, did_you_mean

T = TypeVar("T")


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Registry(Mapping[str, T], Generic[T]):
    """Objects by name; ``add`` puts one in where it is implemented.

    >>> colours = Registry[str]("colour")
    >>> colours.add("red", "#f00")
    '#f00'
    >>> colours.get_known("blue")
    Traceback (most recent call last):
    ...
    bbpscape.core.checks.InvalidInput: colour must be one of red, got 'blue'
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._known: dict[str, T] = {}

    def add(self, name: str, value: T, *, replace: bool = False) -> T:
        """Register ``value`` and return it.

        Raises
        ------
        InvalidInput
            If another object has the name, unless ``replace``.
        """
        if not name or not isinstance(name, str):
            raise InvalidInput(f"the name of a {self.what} must be a text, got {name!r}")
        if not replace and name in self._known and self._known[name] != value:
            raise InvalidInput(
                f"there is a {self.what} {name!r} already: choose another name or use replace=True"
            )
        self._known[name] = value
        return value

    def get_known(self, name: object) -> T:
        """The object of this name, or InvalidInput with the names that there are."""
        if not isinstance(name, str) or name not in self._known:
            near = did_you_mean(name, self)
            raise InvalidInput(f"{self.what} must be one of {', '.join(self)}, got {name!r}{near}")
        return self._known[name]

    def __getitem__(self, name: str) -> T:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def check_listed(registry: Registry[Any], one: Named) -> None:
    """InvalidInput if the name of ``one`` is that of another object that is listed."""
    if registry.get(one.name, one) != one:
        raise InvalidInput(
            f"the {registry.what} {one.name!r} is not the one that is listed by this name: give it "
            "another"
        )
