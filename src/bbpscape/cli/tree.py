"""The commands by name, each imported when it is called or its help is asked for."""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bbpscape.cli.derive import command
from bbpscape.cli.docstrings import synopsis
from bbpscape.cli.output import Output, Served
from bbpscape.core.checks import InvalidInput

# The module of each command; its function has the same name.
COMMANDS = {
    "threshold": "bbpscape.theory.threshold",
    "spectrum": "bbpscape.theory.spectrum",
    "overlap-curve": "bbpscape.theory.overlap_curve",
    "diagram": "bbpscape.theory.diagram",
    "finite-size": "bbpscape.theory.finite.scaling",
    "weak-recovery": "bbpscape.theory.weak_recovery",
    "bayes-optimal": "bbpscape.experiments.bayes_optimal",
    "simulate": "bbpscape.simulation.simulate",
    "cost": "bbpscape.simulation.eigen.cost_model",
    "compare": "bbpscape.experiments.compare",
    "methods": "bbpscape.experiments.methods",
    "descend": "bbpscape.experiments.descend",
    "recovery": "bbpscape.experiments.recovery",
    "hessian-along": "bbpscape.experiments.hessian_along",
    "photograph": "bbpscape.experiments.photograph",
    "online": "bbpscape.experiments.online",
}
# The modules of commands that serve a page.
PAGES = {"explore": "bbpscape.explore.explore"}
SINGLE = COMMANDS | PAGES
# The modules of groups of commands.
GROUPS = {
    "data": "bbpscape.cli.data",
    "study": "bbpscape.cli.study",
}
# What the others print.
OUTPUTS = dict.fromkeys(PAGES, Served)
LISTS = "NUMBERS and INTEGERS: a list as 1,2,4, or a range as start:stop:count[:log]."

Command = Any  # click's, which typer keeps to itself


def derived(name: str) -> Command:
    """The command made from the function of this name."""
    function = getattr(importlib.import_module(SINGLE[name]), name.replace("-", "_"))
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=Once, epilog=LISTS)(command(function, OUTPUTS.get(name, Output)))
    return get_command(app)


class Once(TyperCommand):
    """A command that refuses an option of one value that is given twice: which of them counts?"""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for one in order:
            several = getattr(one, "multiple", False) or getattr(one, "is_flag", False)
            times = order.count(one)
            if times > 1 and not several and one.param_type_name == "option":
                raise InvalidInput(f"{one.opts[0]} is given {times} times: give it once")
        return super().parse_args(ctx, args)


class Commands(Mapping[str, Command]):
    """Commands that are made when they are asked for."""

    def __getitem__(self, name: str) -> Command:
        if name in SINGLE:
            return derived(name)
        made: Any = get_command(importlib.import_module(GROUPS[name]).commands)
        made.name = name
        return made

    def __iter__(self) -> Iterator[str]:
        yield from (*SINGLE, *GROUPS)

    def __len__(self) -> int:
        return len(SINGLE) + len(GROUPS)


class Group(TyperGroup):
    """Commands whose first line the help shows whole."""

    def lines(self) -> dict[str, str]:
        return {name: (one.help or "").partition("\n")[0] for name, one in self.commands.items()}

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines().items()))


class Tree(Group):
    """All commands; the help lists them without importing one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = Commands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def lines(self) -> dict[str, str]:
        single = {name: synopsis(at, name.replace("-", "_")) for name, at in SINGLE.items()}
        return single | {name: synopsis(at) for name, at in GROUPS.items()}


def group(text: str) -> typer.Typer:
    """A group of commands, of which ``text`` says what they are for."""
    return typer.Typer(
        cls=Group,
        help=text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
