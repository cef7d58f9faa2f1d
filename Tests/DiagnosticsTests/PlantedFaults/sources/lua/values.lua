local M = {}
local unused = 1 -- PLANTED(luacheck) warning unused

function M.mean(values, extra) -- PLANTED(luacheck) warning extra
   total = 0 -- PLANTED(luacheck) warning total
   for _, value in ipairs(values) do
      local value = value + 1 -- PLANTED(luacheck) warning value
      total = total + value -- PLANTED(luacheck) warning total PLANTED(luacheck) warning total
   end
   do return missing_name(total) end -- PLANTED(luacheck) warning missing_name PLANTED(luacheck) warning total
end

return M
