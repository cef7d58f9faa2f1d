def mean(values):
    return sum(values) / max(values)


def parse(text):
    return int(text)  # PLANTED(pytest,pytest-line) error x y
