--- The workspace of a buffer: the folder that a session works on. `:help cofferdam-workspace`.
local config = require('cofferdam.config')
local util = require('cofferdam.util')

local M = {}

local function normal(path)
    path = path:gsub('/+$', '')
    return path == '' and '/' or path
end

--- The folder that holds `path` and one of the root markers; nil without one.
function M.marked_root(path)
    local folder = normal(path)
    while true do
        for _, marker in ipairs(config.current.root_markers) do
            if vim.loop.fs_stat((folder == '/' and '' or folder) .. '/' .. marker) then
                return folder
            end
        end
        local parent = folder:match('^(.*)/[^/]+$')
        if not parent then
            return nil
        end
        if parent == '' then
            parent = '/'
        end
        if parent == folder then
            return nil
        end
        folder = parent
    end
end

--- The workspace folder of a buffer, or nil and the reason.
function M.root(buffer)
    buffer = buffer == 0 and vim.api.nvim_get_current_buf() or buffer
    local own = vim.b[buffer].cofferdam_root
    if own then
        return own
    end
    local path = util.buffer_path(buffer)
    local folder = path and vim.fn.fnamemodify(path, ':p:h') or vim.fn.getcwd()
    folder = vim.loop.fs_realpath(folder) or folder
    local root = M.marked_root(folder)
    if not root then
        -- A folder without a marker: the working directory where the file is in it.
        local cwd = vim.loop.fs_realpath(vim.fn.getcwd()) or vim.fn.getcwd()
        root = (folder == cwd or util.relative(folder, cwd)) and normal(cwd) or normal(folder)
    end
    local home = vim.loop.os_homedir()
    if root == '/' or (home and root == normal(vim.loop.fs_realpath(home) or home)) then
        return nil, ('%s is no workspace; a project folder needs one of: %s'):format(
            root, table.concat(config.current.root_markers, ', ')
        )
    end
    return root
end

return M
