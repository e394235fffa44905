"""What the page shows, as the query of its address says it: a model, sizes, and a view's choices.

Every value is a text until it is read by its row of the table of parameters; a mistake belongs to
the field that holds it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from bbpscape.core.checks import InvalidInput, choice, integer
from bbpscape.core.grids import parse_number
from bbpscape.model.activations import activation
from bbpscape.model.losses import loss
from bbpscape.model.parameters import INPUTS, MODEL, PARAMETERS, Parameter
from bbpscape.model.teacher import teacher
from bbpscape.model.teacher_student import TeacherStudent

# What the page starts with where the table has no value of its own.
START = {"alpha": 3.0, "N": 300, "draws": 10, "seed": 0}
FIELDS = (*MODEL, *INPUTS, *(PARAMETERS[name] for name in START))
# What messages call a field that they do not begin with.
WORDS = {
    " loss ": "loss",
    "overlap": "overlap",
    "noise must": "label_noise",
    "the teacher '": "teacher",
}
EXPRESSIONS: dict[str, Callable[[str], Any]] = {
    "activation": activation,
    "loss": loss,
    "teacher": teacher,
}
# Choices of single views: the axes of the diagram, the pixels of the photograph, steps of descent.
AXES = ("a,alpha", "p,alpha", "a,p")
CHOICES = {"axes": AXES[0], "side": "32", "steps": "400"}
SIDES, MOST_STEPS = (8, 64), 20_000
LONGEST = 4000  # characters of a query


class Mistake(InvalidInput):
    """A value that is not allowed, and the field that it is in."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class State:
    """The texts of the fields that are not at their default; what they stand for is read late."""

    texts: Mapping[str, str]

    @classmethod
    def read(cls, query: str) -> "State":
        """The state of a query; what is no field is left alone.

        >>> State.read("p=3&a=0.5&view=story").model.label()
        'p = 3, p* = 1, a = 0.5'
        """
        if len(query) > LONGEST:
            raise Mistake("", f"the address must have at most {LONGEST} characters")
        known = {one.name for one in FIELDS} | set(CHOICES)
        return cls({name: text for name, text in parse_qsl(query) if name in known})

    @classmethod
    def of(cls, model: TeacherStudent, **sizes: Any) -> "State":
        """The state that shows ``model``, which the address must be able to say."""
        texts: dict[str, str] = {}
        for name, value in {**model.to_dict(), **sizes}.items():
            if name not in PARAMETERS:
                raise InvalidInput(f"the page has no field for {name}")
            if value != default(PARAMETERS[name]):
                texts[name] = text_of(value)
        found = cls(texts)
        if found.model != model:
            raise InvalidInput("the address of the page cannot say what this model is")
        return found

    @property
    def query(self) -> str:
        return urlencode(self.texts)

    def value(self, name: str) -> Any:
        """The checked value of a field."""
        one = PARAMETERS[name]
        if name not in self.texts:
            return default(one)
        return _in_field(name, lambda: value_of(one, self.texts[name]))

    @property
    def mistakes(self) -> list[Mistake]:
        """Of every field that holds one."""
        found = []
        for one in FIELDS:
            try:
                self._made(one.name, self.value(one.name))
            except Mistake as error:
                found.append(error)
        return found

    def _made(self, name: str, value: Any) -> None:
        """Refuse an expression that cannot be read."""
        if name in EXPRESSIONS and value is not None:
            _in_field(name, partial(EXPRESSIONS[name], value))

    @property
    def axes(self) -> tuple[str, str]:
        """Those of the diagram, x first."""
        text = self.texts.get("axes", CHOICES["axes"])
        x, y = _in_field("axes", lambda: choice("axes", text, AXES)).split(",")
        return x, y

    def count(self, name: str, low: int, high: int) -> int:
        """A choice that is an integer."""
        text = self.texts.get(name, CHOICES[name])
        return _in_field(
            name, lambda: integer(name, parse_number(name, text, whole=True), low, high)
        )

    @property
    def side(self) -> int:
        """Pixels of the photograph."""
        return self.count("side", *SIDES)

    @property
    def dimension(self) -> dict[str, int]:
        """{"N": N} where the law of the inputs belongs to a dimension, else empty."""
        N = self.model.inputs.dimension(self.value("N"))
        return {} if N is None else {"N": N}

    @cached_property
    def model(self) -> TeacherStudent:
        """Numbers that the loss lacks are unused: their fields stay as they are."""
        values = {one.name: self.value(one.name) for one in (*MODEL, *INPUTS)}
        given = {name: value for name, value in values.items() if value is not None}
        for name, value in given.items():
            self._made(name, value)
        try:
            return TeacherStudent.from_dict(given)
        except InvalidInput as error:
            field = field_of(str(error))
            # The student's activation where no teacher is given.
            own = field == "teacher" and "teacher" not in given
            raise Mistake("activation" if own else field, str(error)) from None

    @property
    def sizes(self) -> dict[str, Any]:
        """α, N, draws and seed."""
        return {name: self.value(name) for name in START}


def _in_field(name: str, read: Callable[[], Any]) -> Any:
    """What ``read`` returns; what it refuses is a mistake in the field ``name``."""
    try:
        return read()
    except InvalidInput as error:
        raise Mistake(name, str(error)) from None


def default(one: Parameter) -> Any:
    return START.get(one.name, one.default)


def value_of(one: Parameter, text: str) -> Any:
    """The value that ``text`` stands for, as on the command line."""
    if not text and one.default is None:
        return None
    if one.kind is bool:
        return choice(one.name, text, ("true", "false")) == "true"
    if one.name == "covariance" and text.endswith(".npy"):
        raise InvalidInput("covariance must be a name or eigenvalues: the page reads no files")
    value: Any = text
    if one.read is not None:
        value = one.read(one.name, text)
    elif one.kind in (int, float):
        value = parse_number(one.name, text, whole=one.integer)
    # Rows of numbers are looked at by the model, which knows how many there must be.
    return value if isinstance(value, tuple) else one.check(one.name, value)


def text_of(value: Any) -> str:
    """The text that is read as ``value``, to the last bit.

    >>> text_of(((0.2, 0.1), (0, 0.3))), text_of(0.01), text_of(True), text_of(3.0)
    ('0.2,0.1;0,0.3', '0.01', 'true', '3')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        nested = bool(value) and isinstance(value[0], list | tuple)
        return (";" if nested else ",").join(map(text_of, value))
    return str(value).removesuffix(".0")


def field_of(message: str) -> str:
    """The field that a message is about, "" where it names none.

    >>> field_of("second_layer must have 2 numbers"), field_of("noise must be from 0 to 1")
    ('second_layer', 'label_noise')
    >>> field_of("no transition")
    ''
    """
    names = "|".join(one.name for one in FIELDS)
    found = re.match(rf"({names})\b", message)
    told = (name for word, name in WORDS.items() if word in message)
    return found[1] if found else next(told, "")
