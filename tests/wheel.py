"""`python tests/wheel.py FOLDER`: build the wheel, install it in an empty environment, and use it there."""

import os
import shlex
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = Path(__file__).with_name("typed_example.py")
PIP = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
PYTHONS_OWN = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
SOME_WERE_REFUSED = 3


def left_out(names: Iterable[str], *, of: Path) -> list[str]:
    """The package's files that are not in a wheel of these names."""
    files = (path for path in (of / "auditor").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted({path.relative_to(of).as_posix() for path in files}.difference(names))


def build(folder: Path) -> Path:
    """The wheel, which has every file of the package."""
    run([sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)])
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        missing = left_out(archive.namelist(), of=ROOT)
    if missing:
        sys.exit(f"{wheel.name} lacks {', '.join(missing)}.")
    return wheel


def install(wheel: Path, *, into: Path) -> Path:
    """The folder of the commands of a new environment, which has the wheel and what it depends on."""
    venv.create(into, with_pip=True)
    run([str(into / "bin" / "python"), *PIP, "install", str(wheel)])
    return into / "bin"


def use(commands: Path, *, folder: Path) -> None:
    """Ask for the version, audit the local organization, and check and run the typed example."""
    auditor, python = str(commands / "auditor"), str(commands / "python")
    example = folder / EXAMPLE.name
    example.write_bytes(EXAMPLE.read_bytes())
    run([auditor, "--version"], within=folder)
    run([auditor, "demo", "--accounts", "12", "--quiet"], within=folder, expected=SOME_WERE_REFUSED)
    mypy = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--python-executable", python]
    run([*mypy, example.name], within=folder)
    with organization(auditor, folder=folder) as exports:
        (folder / "organization.sh").write_text(exports, encoding="utf-8")
        run(["sh", "-c", f". ./organization.sh; exec {shlex.join([python, example.name])}"], within=folder)


@contextmanager
def organization(auditor: str, *, folder: Path) -> Iterator[str]:
    """What a shell is told to reach a local organization with, which answers for the time of the block."""
    command = [auditor, "demo", "--serve", "--accounts", "5"]
    with subprocess.Popen(
        command, cwd=folder, env=plain(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as server:
        assert server.stdout is not None
        try:
            yield told(server.stdout)
        finally:
            server.terminate()


def told(lines: Iterable[str]) -> str:
    """All lines up to the one that says how to audit."""
    exports = ""
    for line in lines:
        exports += line
        if "auditor audit" in line:
            break
    return exports


def plain() -> dict[str, str]:
    """The environment, without what would show Python other packages than the installed ones."""
    return {name: value for name, value in os.environ.items() if name not in PYTHONS_OWN}


def run(command: Sequence[str], *, within: Path = ROOT, expected: int = 0) -> None:
    """Run a command, and end this one where it ends in another way than expected."""
    sys.stderr.write(f"+ {shlex.join(command)}\n")
    code = subprocess.run(command, cwd=within, env=plain(), check=False).returncode
    if code != expected:
        sys.exit(f"That ended with {code}, and {expected} was expected.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        use(install(build(Path(sys.argv[1])), into=temporary / "environment"), folder=temporary)
