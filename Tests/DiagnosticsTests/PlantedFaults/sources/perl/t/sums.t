use strict;
use warnings;
use Test::More tests => 7;

sub add { return $_[0] - $_[1] }

is(add(1, 2), 3, "adds"); # PLANTED(perl) error adds
ok(add(5, 1) > 10); # PLANTED(perl) error -
is_deeply([1, { a => 2 }], [1, { a => 3 }], "deep values"); # PLANTED(perl) error deep values
ok(1, "passes");
SKIP: { skip "not here", 1; ok(0, "skipped") }
TODO: { local $TODO = "later"; ok(0, "for later"); }
subtest "grouped" => sub {
    plan tests => 2;
    ok(1, "inner passes");
    like("abc", qr/x/, "inner matches"); # PLANTED(perl) error inner matches
};
