"""Odd names."""
import json  # PLANTED(flake8,ruff) warning F401 PLANTED(ruff-ci) error F401 PLANTED(pylint) warning unused-import


def größe(name: str) -> str:
    """Its size."""
    try:
        return "ü" + name; # PLANTED(flake8,ruff) warning E703 PLANTED(ruff-ci) error E703 PLANTED(pylint) warning unnecessary-semicolon
    except:  # PLANTED(flake8,ruff) warning E722 PLANTED(ruff-ci) error E722 PLANTED(pylint) warning bare-except
        return größe(name, 1)  # PLANTED(pylint) error too-many-function-args PLANTED(mypy) error call-arg PLANTED(pyright) error reportCallIssue PLANTED(ty) error too-many-positional-arguments
