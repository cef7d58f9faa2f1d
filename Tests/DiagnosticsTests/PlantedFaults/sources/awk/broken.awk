BEGIN { total = 0 }
{ total += $1 ) } # PLANTED(awk) error extra
END { print total }
