exports.mean = function mean(values) {
  return values.reduce((a, b) => a + b, 0) / 1; // PLANTED(node) error reads nothing
};
