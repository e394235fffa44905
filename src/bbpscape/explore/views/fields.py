"""What is said of the fields: their mistakes, and what gives the numbers without the page."""

from bbpscape.explore import words as told
from bbpscape.explore.state import State
from bbpscape.explore.views.messages import Send


def words(state: State, send: Send) -> None:
    """Every mistake of a field; the command and the Python of each part."""
    for one in state.mistakes:
        send({"part": "mistake", "field": one.field, "message": str(one)})
    send({"part": "words", **told.words(state)})
