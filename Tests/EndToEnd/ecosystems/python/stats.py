"""Small statistics."""


def mean(values):
    """The arithmetic mean; 0 of nothing."""
    if not values
        return 0
    return sum(values) / len(values)


def median(values):
    """The middle value of an odd number of values."""
    return values[len(values) // 2]
