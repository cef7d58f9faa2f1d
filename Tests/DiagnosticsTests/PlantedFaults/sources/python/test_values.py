import pytest

from pkg.values import mean, parse


def test_mean():
    assert mean([1, 2]) == 2  # PLANTED(pytest) error test_mean PLANTED(pytest-line) error -


def test_text():
    text = """first
    second"""
    assert text == "first\n    third"  # PLANTED(pytest) error test_text PLANTED(pytest-line) error -


@pytest.mark.parametrize("text", ["1", "x y"])
def test_parse(text):
    assert parse(text) == 1


def test_raises():
    with pytest.raises(KeyError):  # PLANTED(pytest) error test_raises PLANTED(pytest-line) error -
        mean([1])


class TestGroup:
    def test_inside(self):
        helper([1, 2, 3])

    def test_passes(self):
        assert mean([2, 0]) == 1

    @pytest.mark.skip(reason="not here")
    def test_skipped(self):
        pass

    @pytest.mark.xfail(reason="known")
    def test_known(self):
        assert mean([1, 3]) == 2


def helper(values):
    assert len(values) == 2, "two values"  # PLANTED(pytest) error test_inside PLANTED(pytest-line) error -


@pytest.fixture
def broken():
    raise RuntimeError("no database")  # PLANTED(pytest) error test_fixture PLANTED@file(pytest-line) error test_fixture


def test_fixture(broken):
    pass
