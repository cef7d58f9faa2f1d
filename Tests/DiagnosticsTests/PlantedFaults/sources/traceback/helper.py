def run(values):
    try:
        return values["b"]  # PLANTED(python-run) error KeyError
    except KeyError as error:
        raise ValueError("no b") from error  # PLANTED(python-run) error ValueError
