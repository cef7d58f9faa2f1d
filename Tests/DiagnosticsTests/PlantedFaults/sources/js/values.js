function mean(values) { // PLANTED(eslint) error no-unused-vars
  let total = 0 // PLANTED(eslint) warning prefer-const PLANTED(eslint) warning semi
  if (values == null) // PLANTED(eslint) warning eqeqeq
    return undefinedName; // PLANTED(eslint) error no-undef
  return total;
  values.pop(); // PLANTED(eslint) error no-unreachable
}
