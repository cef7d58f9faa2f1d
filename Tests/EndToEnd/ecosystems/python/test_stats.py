import stats


def test_mean():
    assert stats.mean([1, 2]) == 1.5


def test_median():
    assert stats.median([9, 1, 2]) == 2
