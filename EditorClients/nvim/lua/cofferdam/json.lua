--- JSON for people: a few lines instead of one, keys in order.
local M = {}

local function is_list(value)
    if next(value) == nil then
        -- vim.json.decode marks `{}`; what is not marked and empty is `[]`.
        return getmetatable(value) ~= getmetatable(vim.empty_dict())
    end
    return value[1] ~= nil
end

local function write(value, indent, out)
    if type(value) ~= 'table' then
        out[#out + 1] = vim.json.encode(value)
        return
    end
    local list = is_list(value)
    if next(value) == nil then
        out[#out + 1] = list and '[]' or '{}'
        return
    end
    local inner = indent .. '  '
    local keys = {}
    if list then
        for index = 1, #value do
            keys[index] = index
        end
    else
        for key in pairs(value) do
            keys[#keys + 1] = key
        end
        table.sort(keys, function(a, b)
            return tostring(a) < tostring(b)
        end)
    end
    out[#out + 1] = list and '[\n' or '{\n'
    for index, key in ipairs(keys) do
        out[#out + 1] = inner
        if not list then
            out[#out + 1] = vim.json.encode(tostring(key)) .. ': '
        end
        write(value[key], inner, out)
        out[#out + 1] = index < #keys and ',\n' or '\n'
    end
    out[#out + 1] = indent .. (list and ']' or '}')
end

function M.pretty(value)
    local out = {}
    write(value, '', out)
    return (table.concat(out):gsub('\\/', '/'))
end

return M
