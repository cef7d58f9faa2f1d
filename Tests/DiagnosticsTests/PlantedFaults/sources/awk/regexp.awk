/a(b/ { print } # PLANTED(awk) error regular expression
