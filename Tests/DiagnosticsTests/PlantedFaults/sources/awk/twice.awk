function f(a) {
  return a
}
function f(b) { # PLANTED(awk) error f
  return b
}
BEGIN { print f(1) }
