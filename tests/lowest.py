"""`python tests/lowest.py`: the lowest versions that pyproject.toml admits, as constraints for pip."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

_REQUIREMENT = re.compile(
    r"(?P<name>[\w-]+)(?:\[.*\])?(?P<operator>>=|==)(?P<version>[\w.]+)(?:,[^;]*)?(?P<marker>;.*)?"
)


def lowest(requirements: Iterable[str]) -> Iterator[str]:
    """One constraint for each requirement that has a version."""
    for requirement in dict.fromkeys(requirements):
        found = _REQUIREMENT.fullmatch(requirement)
        if found is not None:
            yield f"{found['name']}=={found['version']}{found['marker'] or ''}"


if __name__ == "__main__":
    with (Path(__file__).parents[1] / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = project["optional-dependencies"].values()
    sys.stdout.writelines(f"{one}\n" for one in lowest([*project["dependencies"], *chain(*extras)]))
