import not_installed_anywhere  # PLANTED(pytest,pytest-line) error not_installed_anywhere


def test_nothing():
    pass
