"""Study files: TOML, of which nothing is evaluated."""

import os
import tomllib
from pathlib import Path
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_input_path
from bbpscape.study.axes import OWN
from bbpscape.study.objects import FILE

MOST_BYTES = 1_000_000


def read_keys(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The keys of a study file.

    Raises
    ------
    InvalidInput
        If the file cannot be read or is no TOML.
    """
    target = Path(path)
    if target.suffix != ".toml":
        raise InvalidInput(f"a study file must end in .toml, got {str(path)!r}")
    check_input_path("a study", target)
    try:
        if target.stat().st_size > MOST_BYTES:
            raise InvalidInput(f"a study file must be at most {MOST_BYTES} bytes, {path} is larger")
        text = target.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} could not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{str(path)!r} must be text in UTF-8") from None
    return _beside(parse_keys(text), target.parent)


def _beside(keys: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The keys with the files of inputs where they are: named as seen from the study file."""

    def found(value: Any) -> Any:
        if isinstance(value, list):
            return [found(one) for one in value]
        if isinstance(value, dict) and FILE in value:
            return value | {FILE: found(value[FILE])}
        return str(folder / value) if isinstance(value, str) else value

    def table(given: Any) -> Any:
        named = isinstance(given, dict) and OWN in given
        return given | {OWN: found(given[OWN])} if named else given

    tables = {name: table(one) for name, one in keys.items() if name in ("model", "axes")}
    if isinstance(zipped := keys.get("zipped"), list):
        tables |= {"zipped": [table(one) for one in zipped]}
    return keys | tables


def parse_keys(text: str) -> dict[str, Any]:
    """The keys in TOML text; see ``read_keys``."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the study is no TOML: {' '.join(str(error).split())}") from None
