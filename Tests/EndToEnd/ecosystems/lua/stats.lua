--- Small statistics.
local M = {}

--- The arithmetic mean; 0 of nothing.
function M.mean(values)
    local total = 0
    for _, value in ipairs(values) do
        totl = total + value
    end
    return #values == 0 and 0 or total
end

return M
