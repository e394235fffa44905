"""A command from a Python function: its options are the arguments, in order, with their defaults.

An option that is not given is not passed, so that the function's own default holds. An argument
without a default stands on the command line by its place. Some arguments are *blocks*: a function
makes them, whose own arguments become options in their place.
"""

import inspect
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from bbpscape.cli.blocks import block_of, check_dimension, check_needed
from bbpscape.cli.docstrings import described
from bbpscape.cli.output import Output
from bbpscape.cli.values import Kind, kind_of, text_of
from bbpscape.core.checks import InvalidInput
from bbpscape.core.progress import progress
from bbpscape.model.parameters import PARAMETERS

# Arguments that only Python can give.
UNSEEN = ("executor", "preprocessings", "progress", "snapshots")
Function = Callable[..., Any]


@dataclass(frozen=True)
class Option:
    """One option: the argument it stands for, how its text is read, and what the help says."""

    name: str
    hint: Any
    default: Any
    help: str
    whole: bool = False

    @property
    def flag(self) -> bool:
        return self.hint is bool

    @property
    def kind(self) -> Kind:
        return kind_of(self.hint, self.whole)

    def typer(self) -> inspect.Parameter:
        """The argument of the command; texts are read later, each by its kind."""
        flags, empty = f"--{self.name.replace('_', '-')}", inspect.Parameter.empty
        hint: Any
        if self.flag:
            both = f"{flags}/--no-{flags[2:]}" if self.default else flags
            hint = Annotated[bool | None, typer.Option(both, help=self.help)]
        elif self.default is empty:
            hint = Annotated[str, typer.Argument(metavar=self.name.upper(), help=self.help)]
        else:
            shown = "" if self.default is None else f" [default: {text_of(self.default)}]"
            metavar, text = self.kind.metavar, self.help + shown
            hint = Annotated[list[str] | None, typer.Option(flags, metavar=metavar, help=text)]
        keyword = inspect.Parameter.KEYWORD_ONLY
        default = empty if self.default is empty else None
        return inspect.Parameter(self.name, keyword, default=default, annotation=hint)

    def read(self, given: Any) -> Any:
        """The value; an option of many values that is given again and again is one list."""
        if self.flag:
            return given
        texts = given if isinstance(given, list) else [given]
        if len(texts) > 1 and (not self.kind.many or any(":" in one for one in texts)):
            option = f"--{self.name.replace('_', '-')}"
            raise InvalidInput(f"{option} is given {len(texts)} times: give it once")
        return self.kind.read(self.name, ",".join(texts))


def arguments(function: Function) -> Iterator[tuple[inspect.Parameter, Function | None]]:
    """The arguments of ``function`` that options can give, each with its block if it is one."""
    hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    if inspect.isclass(function):
        hints = typing.get_type_hints(function.__init__, include_extras=True)
    for one in inspect.signature(function).parameters.values():
        if one.name not in UNSEEN:
            hint = hints.get(one.name, one.annotation)
            yield one.replace(annotation=hint), block_of(hint)


def options(function: Function, of: str = "") -> list[Option]:
    """The options of ``function``, a block ``of`` a command or itself one.

    Of two with one name the function's own stands. The help is what the docstring says, or the
    table of parameters where it says nothing, or the same of several arguments.
    """
    of = of or function.__name__
    _, said = described(function)
    shared = Counter(said.values())
    own = {one.name for one, block in arguments(function) if block is None}
    found = []
    for one, block in arguments(function):
        if block is not None:
            found += [option for option in options(block, of) if option.name not in own]
            continue
        entry = PARAMETERS.get(f"{of}.{one.name}") or PARAMETERS.get(one.name)
        text = said.get(one.name, "")
        if entry is not None and (not text or shared[text] > 1):
            text = entry.help
        whole = entry is not None and entry.integer
        found.append(Option(one.name, one.annotation, one.default, text, whole))
    return found


def call(function: Function, values: dict[str, Any], **others: Any) -> Any:
    """``function`` with the ``values`` that were given, those of its blocks among them."""
    named = list(arguments(function))
    own = {one.name: values[one.name] for one, block in named if not block and one.name in values}
    rest = {name: value for name, value in values.items() if name not in own}
    check_needed(rest)
    made = {one.name: call(block, rest) for one, block in named if block}
    check_dimension(function, own, made)
    return function(**own, **made, **others)


def command(function: Function, output: type[Output] = Output) -> Function:
    """The command of ``function``, for typer: read, call, print."""
    listed = options(function)
    named = {one.name: one for one in listed}

    def run(**texts: Any) -> None:
        target = output(**{name: texts.pop(name) for name in list(texts) if name not in named})
        target.check()
        given = {name: text for name, text in texts.items() if text is not None}
        values = {name: named[name].read(text) for name, text in given.items()}
        others = {}
        with progress(function.__name__.replace("_", " ")) as tell:
            if "progress" in inspect.signature(function).parameters:
                others["progress"] = tell
            result = call(function, values, **others)
        target.write(result)

    parameters = [*(one.typer() for one in listed), *output.options()]
    run.__name__, run.__doc__ = function.__name__, described(function)[0]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run
