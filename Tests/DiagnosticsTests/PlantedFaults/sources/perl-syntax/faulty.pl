use strict;
use warnings;

my $total = 1;
print $missing; # PLANTED(perl-syntax) error Global symbol "$missing"
my $total = 2; # PLANTED(perl-syntax) error masks earlier declaration
if ($total = 3) { print "never" } # PLANTED(perl-syntax) error Found = in conditional
print "end";
