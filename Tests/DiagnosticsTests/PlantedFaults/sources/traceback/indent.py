def broken():
    first = 1
      second = 2  # PLANTED(python-syntax) error IndentationError
