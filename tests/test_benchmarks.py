"""The benchmarks compare what is comparable: each contender finds the truth, with the calls that it is said to make."""

import os
import re
from pathlib import Path

import pytest

from auditor.demo import Scenario
from tests.benchmarks.__main__ import FLOOR, LIVE, MARKED, README, contenders
from tests.benchmarks.measuring import Contender, measure

pytestmark = pytest.mark.long

ROOT = str(Path(__file__).parent.parent)
SMALL = Scenario(accounts=6, users=2, largest_account=2, denied_every=None)
"""With the accounts that hold special cases, vanishing users among them."""


@pytest.fixture(autouse=True)
def own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that are started import this folder's code."""
    inherited = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([ROOT, inherited] if inherited else [ROOT]))
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("contender", contenders(sample=2), ids=lambda contender: f"{contender.function}")
def test_contenders_find_the_truth(contender: Contender) -> None:
    """All rows are right, and the product and its floor make no call that a row does not need."""
    measurement = measure(contender, SMALL)
    assert measurement.exact is (None if contender.sample else True)
    assert 0 == measurement.counts.throttled
    assert measurement.wall > 0
    if contender in (LIVE, FLOOR):
        assert measurement.facts.necessary_calls == measurement.calls
    elif contender.module != "product":
        assert measurement.facts.calls_for_all_users == measurement.calls


def test_the_readme_has_a_place_for_the_table() -> None:
    """`--write` finds the one place that it replaces, and a table in it."""
    (shown,) = re.findall(MARKED, README.read_text(encoding="utf-8"))
    assert "| **auditor, live** |" in shown
