const broken = {
  first: 1
  second: 2, // PLANTED(eslint) error Parsing error
};
