"""The escape suite: every attack gets through on a plain shell and is stopped in the sandbox, as root and as a user.

The cases are data, in cases/CLASS.tsv; README.md says what the columns mean and lists them by class.
"""
import os
import re
import shutil

import pytest

from escape import table
from escape.campaign import Campaign, cases

ALL = [case for case in cases() if "program" not in case.needs]
#: What a plain shell is told where the kernel lacks the thing that is attacked.
LACKING = re.compile("unavailable|ENOSYS|EAFNOSUPPORT|EPROTONOSUPPORT")
#: What a terminal obeys: control characters but line feed and tab, and marks that turn the direction of text.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: A tenth more than is kept of a stream, and twice that for what the model is told at the end.
MOST_OUTPUT = 3 << 20
LEAST_CASES = 120

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed"),
    pytest.mark.skipif(
        os.geteuid() == 0 and not all(shutil.which(name) for name in ("nsenter", "setpriv", "ip")),
        reason="nsenter, setpriv (util-linux) and ip (iproute2) are needed"),
]


@pytest.fixture(scope="module", params=["root", "user"])
def campaign(request):
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    made = Campaign(request.param)
    try:
        made.prepare()
        made.run_outside()
        made.run_inside()
        yield made
    finally:
        made.close()


def bites(outcome, case) -> bool:
    if case.seen.startswith("ESC-"):
        return bool(OBEYED.search(outcome.outside))
    return "BITE" in (outcome.after_outside if case.after else outcome.outside)


@pytest.mark.parametrize("case", ALL, ids=[f"{case.kind}/{case.id}" for case in ALL])
def test_attack(campaign, case):
    objection = campaign.objection(case)
    if objection:
        pytest.skip(objection)
    outcome = campaign.outcomes[case.id]
    if not bites(outcome, case):
        lacking = LACKING.search(outcome.outside)
        if lacking:
            pytest.skip(f"this kernel lacks it: {lacking.group()}")
        pytest.fail(f"it does not bite on a plain shell: {outcome.outside}\n{outcome.after_outside}")
    report = f"{outcome.inside}\n{outcome.after_inside}"
    assert "BITE" not in report, report
    assert re.search(case.seen, outcome.inside), f"{case.seen!r} is not in {report!r}"
    assert not outcome.victim, outcome.victim
    assert not outcome.leaked, "a secret of the host was seen in the sandbox"


def test_the_table_is_that_of_the_cases():
    assert table.shown() == table.table(), "run table.py"


def test_enough_attacks_bite(campaign):
    biting = [case.id for case in campaign.running if bites(campaign.outcomes[case.id], case)]
    assert len(biting) >= LEAST_CASES, f"{len(biting)} of {len(ALL)}"


def test_what_the_user_is_shown_commands_no_terminal(campaign):
    for name, shown in campaign.shown.items():
        found = OBEYED.search(shown)
        assert not found, (name, shown[max(0, found.start() - 200):found.end() + 50])
    assert "ESC-TEST" in campaign.shown["attach"], "the output was shown at all"
    for name in ("ESC-BODY", "ESC-BIDI", "ESC-BINARY"):
        assert name in campaign.shown["diff"]


def test_the_result_was_applied_but_for_what_runs_outside(campaign):
    assert campaign.codes == {"attach": 0, "diff": 0, "apply": 6}, campaign.shown["apply"]
    assert "applied stats.c" in campaign.shown["apply"]
    assert "conflict .vscode/tasks.json: this file runs outside the sandbox" in campaign.shown["apply"]


def test_output_is_bounded(campaign):
    assert 0 < campaign.flood["output"] <= MOST_OUTPUT


def test_sandbox_and_service_outlive_the_attacks(campaign):
    assert campaign.service.poll() is None
    assert campaign.request("agent/list")["sessions"], "the service answers"
