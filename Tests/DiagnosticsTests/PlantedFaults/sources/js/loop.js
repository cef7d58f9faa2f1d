while (1) { // PLANTED(eslint) warning no-constant-condition
  missing(); // PLANTED(eslint) error no-undef
}
