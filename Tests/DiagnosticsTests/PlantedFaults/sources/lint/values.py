import os  # PLANTED(flake8,ruff) warning F401 PLANTED(ruff-ci) error F401 PLANTED(pylint) warning unused-import
from collections import abc


def mean(values: list[int], extra={}) -> int:  # PLANTED(ruff) warning B006 PLANTED(ruff-ci) error B006 PLANTED(pylint) warning dangerous-default-value
    total: str = sum(values)  # PLANTED(mypy) error assignment PLANTED(pyright) error reportAssignmentType PLANTED(ty) error invalid-assignment
    unused = abc  # PLANTED(flake8,ruff) warning F841 PLANTED(ruff-ci) error F841 PLANTED(pylint) warning unused-variable
    if extra == None:  # PLANTED(flake8,ruff) warning E711 PLANTED(ruff-ci) error E711 PLANTED(pylint) information singleton-comparison
        return undefined_name  # PLANTED(flake8,ruff) error F821 PLANTED(ruff-ci) error F821 PLANTED(pylint) error undefined-variable PLANTED(mypy) error name-defined PLANTED(pyright) error reportUndefinedVariable PLANTED(ty) error unresolved-reference
    return total  # PLANTED(mypy) error return-value PLANTED(pyright) error reportReturnType PLANTED(ty) error Return type does not match


class Shape:
    """A shape."""

    def area(self) -> int:
        """Its area."""
        return self.width  # PLANTED(pylint) error no-member PLANTED(mypy) error attr-defined PLANTED(pyright) error reportAttributeAccessIssue PLANTED(ty) error has no attribute
