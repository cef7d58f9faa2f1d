--- Pictures that the next prompt takes along.
local M = {}

-- What the service takes of one; a longer file is not read.
local most_bytes = 3750000

local pending = {}

--- Reads a picture.
---@param path string
---@return table? image `PromptImage` of the protocol
---@return string? problem
local function read(path)
    local name = vim.fn.fnamemodify(path, ':t')
    local file, problem = io.open(vim.fn.fnamemodify(path, ':p'), 'rb')
    if not file then
        return nil, problem
    end
    local bytes
    bytes, problem = file:read(most_bytes + 1)
    file:close()
    if not bytes then
        return nil, ('%s: %s'):format(name, problem or 'it is empty')
    end
    if #bytes > most_bytes then
        return nil, ('%s has more than %d bytes; make a smaller copy'):format(name, most_bytes)
    end
    return { name = name, data = require('cofferdam.util').base64_encode(bytes) }
end

--- Adds a picture to the next prompt.
---@param path string
---@return string? problem
function M.add(path)
    local image, problem = read(path)
    if image then
        pending[#pending + 1] = image
    end
    return problem
end

--- Drops what was added.
function M.clear()
    pending = {}
end

---@return string[] names of the pictures that wait
function M.names()
    return vim.tbl_map(function(image)
        return image.name
    end, pending)
end

--- Takes the pictures that wait, and reads further ones.
---@param paths string[]?
---@return table[]? images nil when there are none
---@return string? problem nothing was taken then
function M.take(paths)
    local images = vim.list_slice(pending)
    for _, path in ipairs(paths or {}) do
        local image, problem = read(path)
        if not image then
            return nil, problem
        end
        images[#images + 1] = image
    end
    pending = {}
    return #images > 0 and images or nil
end

--- Puts back what could not be sent.
---@param images table[]?
function M.put_back(images)
    pending = vim.list_extend(vim.list_slice(images or {}), pending)
end

return M
