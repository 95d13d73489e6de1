"""One contender in its own process: `python -m tests.benchmarks.contender MODULE FUNCTION TASK`.

Prints what it took, as JSON. Imports are over when the clock starts: all contenders have them, and a run that is worth
measuring is longer.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.task import Task, Told

_KIB = 1024


def main() -> None:
    """Run the contender that the arguments name."""
    module, name, text = sys.argv[1:]
    fields = json.loads(text)
    task = Task(**{**fields, "directory": Path(fields["directory"])})
    contender: Callable[[Task], Told] = getattr(importlib.import_module(f"tests.benchmarks.{module}"), name)
    cpu, started = _cpu_seconds(), time.perf_counter()
    told = contender(task)
    wall = time.perf_counter() - started
    measured = {"wall": wall, "cpu": _cpu_seconds() - cpu, "peak_memory": _peak_memory()}
    sys.stdout.write(json.dumps({**measured, **asdict(told)}) + "\n")


def _cpu_seconds() -> float:
    """User and system time of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_memory() -> float:
    """MiB of the largest of this process and its children.

    Linux's own word for this process is preferred: `ru_maxrss` also remembers the process that it was forked from.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    status = Path("/proc/self/status")
    if not status.exists():
        unit = _KIB * _KIB if sys.platform == "darwin" else _KIB
        return max(children, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / unit
    (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return max(children, int(line.split()[1])) / _KIB


if __name__ == "__main__":
    main()
