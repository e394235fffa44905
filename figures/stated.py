"""What figures/README.md states in numbers, each from the data of its figure: ``statements()``.

The page has to hold every text as it is written here.
"""

from collections.abc import Callable, Iterator

from figures import stated_beyond as beyond
from figures import stated_paper as paper
from figures.kit import HERE, Data
from figures.stated_descents import descent
from figures.stated_meeting import meeting


def read(number: int) -> Data:
    return Data.read(HERE / f"figure{number:02d}" / "data.json")


def statements() -> Iterator[tuple[int, str]]:
    """(number of the figure, text)."""
    for number, tell in TOLD.items():
        for text in tell(read(number)):
            yield number, text


TOLD: dict[int, Callable[[Data], Iterator[str]]] = {
    1: paper.figure01,
    2: paper.figure02,
    3: meeting,
    4: paper.figure04,
    5: paper.figure05,
    6: paper.figure06,
    7: paper.figure07,
    8: paper.figure08,
    9: descent("continuous, a = 0.01"),
    10: descent("discontinuous, a = 2"),
    11: beyond.figure11,
    12: beyond.figure12,
    13: beyond.figure13,
    14: beyond.figure14,
    15: beyond.figure15,
    16: beyond.figure16,
    17: beyond.figure17,
}
