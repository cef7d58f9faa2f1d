const assert = require("assert");
const { mean, check } = require("./sums.js");

describe("sums", () => {
  it("adds", () => {
    assert.strictEqual(mean([1, 2]), 1.5); // PLANTED(js-test) error adds
  });

  it("compares objects", () => {
    assert.deepStrictEqual({ a: 1, b: [2] }, { a: 1, b: [3] }); // PLANTED(js-test) error compares objects
  });

  describe("inside", () => {
    it("uses a helper", () => check(mean([1])));
    it("waits", async () => {
      await null;
      throw new TypeError("no answer"); // PLANTED(js-test) error waits
    });
  });

  it("passes", () => {});
  it.skip("later", () => {});
});
