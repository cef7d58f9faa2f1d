exports.mean = (values) => values.reduce((a, b) => a + b, 0);
exports.check = (value) => {
  if (value < 10) throw new RangeError("too small"); // PLANTED(js-test) error uses a helper
};
