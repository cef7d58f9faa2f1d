def broken(:  # PLANTED(python-syntax) error SyntaxError
    pass
