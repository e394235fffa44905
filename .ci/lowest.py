"""Print the lowest versions that pyproject.toml allows of what the tests need, one a line."""

import re
import tomllib
from pathlib import Path

# Tools that check the sources, which the tests do not import, and what drives the browser: the page
# is the same whatever the versions.
LEFT_OUT = {"mypy", "playwright", "pre-commit", "ruff"}

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for wanted in [*project["dependencies"], *extras["data"], *extras["dev"]]:
    name, version = re.fullmatch(r"([\w-]+)>=([\w.]+)", wanted).groups()
    if name not in LEFT_OUT:
        print(f"{name}=={version}")
