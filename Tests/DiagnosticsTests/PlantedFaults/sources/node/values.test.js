const test = require("node:test");
const assert = require("node:assert");
const { mean } = require("./values.js");

test("adds", () => {
  assert.strictEqual(mean([1, 2]), 1.5); // PLANTED(node) error adds
});

test("compares objects", () => {
  assert.deepStrictEqual({ a: 1, b: [2] }, { a: 1, b: [3] }); // PLANTED(node) error compares objects
});

test("outer", async (t) => {
  await t.test("inner fails", () => {
    throw new TypeError("inner trouble"); // PLANTED(node) error inner fails
  });
  await t.test("inner passes", () => {});
});

test("reads nothing", () => {
  mean(null);
});

test("passes", () => {});
test("skipped", { skip: "not here" }, () => {});
test("for later", { todo: true }, () => {
  assert.ok(false);
});
