"""A short form of the fault campaign; with COFFERDAM_LONG_TESTS all of it, and its table."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "FaultCampaign"))

import campaign  # noqa: E402
import scenarios  # noqa: E402

IS_LONG = os.environ.get("COFFERDAM_LONG_TESTS") == "1"
# Noticing a silence takes its time.
ONLY_LONG = {"connection_silent"}
ROWS = []


@pytest.mark.parametrize("name", scenarios.TITLES)
def test_nothing_lost_doubled_or_wrong(name):
    if name in ONLY_LONG and not IS_LONG:
        pytest.skip("only with COFFERDAM_LONG_TESTS=1")
    if name == "disk_full" and os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    row = campaign.run(name, quick=not IS_LONG)
    ROWS.append(row)
    assert row.is_clean, row


@pytest.fixture(scope="module", autouse=True)
def printed_table(request):
    yield
    manager = request.config.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled():
        print("\n" + campaign.table(ROWS))
