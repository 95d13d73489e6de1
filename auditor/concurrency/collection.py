"""How seldom Python looks for cycles of objects, in processes that are this program's own."""

import gc

_OBJECTS = 50_000
"""New ones between two looks at the youngest; by default 700, or 2,000."""


def collect_seldom() -> None:
    """Let this process's cyclic garbage collector look at new objects less often.

    An audit has thousands of requests waiting, whose objects no look can free: by default each seventh second of its
    CPU goes there. It is for processes that do nothing else; where this package is a library, its user decides.
    https://docs.python.org/3/library/gc.html#gc.set_threshold
    """
    gc.set_threshold(_OBJECTS)
