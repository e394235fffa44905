"""What the page asks for: a view computes results of the library, and sends them as they come."""

import importlib
from collections.abc import Callable
from typing import Any

# The module of each question, in which the function of its name answers. It is imported when it is
# asked for: what a simulation needs would hold up the first picture.
QUESTIONS = {
    "density": "spectrum",
    "table": "spectrum",
    "simulation": "simulation",
    "overlap": "overlap",
    "finite": "overlap",
    "phases": "phases",
    "descent": "descent",
    "picture": "descent",
    "words": "fields",
}


def answer_to(question: str) -> Callable[..., Any]:
    """The function that answers: of a state, and of what sends its messages.

    >>> answer_to("words").__name__
    'words'
    """
    module = importlib.import_module(f"{__name__}.{QUESTIONS[question]}")
    found: Callable[..., Any] = getattr(module, question)
    return found
