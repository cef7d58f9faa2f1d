sub broken {
    my ($first) = @_;
    return $first + ; # PLANTED(perl-syntax) error syntax error
}
