local function add(a, b) return a - b end

describe("sums", function()
   it("adds", function()
      assert.are.equal(3, add(1, 2)) -- PLANTED(busted) error adds
   end)
   it("fails in a helper", function()
      local t = nil
      return t.field -- PLANTED(busted) error fails in a helper
   end)
   it("compares tables", function()
      assert.same({ 1, 2 }, { 1, 3 }) -- PLANTED(busted) error compares tables
   end)
   it("passes", function() assert.is_true(true) end)
   pending("later", function() end)
end)
