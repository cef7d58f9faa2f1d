--- The client's own log file. The server writes to Neovim's lsp.log and to the service's log.
local config = require('cofferdam.config')

local M = {}

local order = { debug = 1, info = 2, warn = 3, error = 4 }
-- Then the file starts anew; one old file is kept.
local MAX_BYTES = 2 * 1024 * 1024

function M.path()
    return vim.fn.stdpath('cache') .. '/cofferdam.log'
end

local path
local function write(level, ...)
    if order[level] < order[config.current.log_level] then
        return
    end
    local words = {}
    for index = 1, select('#', ...) do
        local value = select(index, ...)
        words[index] = type(value) == 'string' and value or vim.inspect(value, { newline = ' ', indent = '' })
    end
    -- stdpath() and mkdir() may not be called in a luv callback.
    vim.schedule(function()
        if not path then
            path = M.path()
            vim.fn.mkdir(vim.fn.fnamemodify(path, ':h'), 'p')
        end
        local stat = vim.loop.fs_stat(path)
        if stat and stat.size > MAX_BYTES then
            vim.loop.fs_rename(path, path .. '.old')
        end
        local file = io.open(path, 'a')
        if file then
            local text = table.concat(words, ' '):gsub('[%z\1-\31\127]', ' ')
            file:write(os.date('%Y-%m-%dT%H:%M:%S '), level, ' ', text:sub(1, 4000), '\n')
            file:close()
        end
    end)
end

function M.debug(...)
    write('debug', ...)
end
function M.info(...)
    write('info', ...)
end
function M.warn(...)
    write('warn', ...)
end
function M.error(...)
    write('error', ...)
end

return M
