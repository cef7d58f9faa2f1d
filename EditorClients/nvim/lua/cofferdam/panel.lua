--- The one question window: a float or a split that never takes the cursor by itself, so that a key typed into a
--- file cannot answer it.
local config = require('cofferdam.config')
local highlights = require('cofferdam.highlights')

local M = {}

local namespace = vim.api.nvim_create_namespace('cofferdam_panel')
local MAX_WIDTH = 100

--- Whether a float can have a title; without one the header must say how to get there.
M.has_title = vim.fn.has('nvim-0.9') == 1

--- Called when the cursor has left the panel, with the panel's owner when the user has closed it. Set by `approve`.
M.on_leave = nil

local open = nil ---@type { buffer: number, window: number, owner: any }?

local function is_open()
    return open and vim.api.nvim_buf_is_valid(open.buffer) and vim.api.nvim_win_is_valid(open.window)
end

--- The owner of the open panel, or nil.
function M.owner()
    return is_open() and open.owner or nil
end

function M.close()
    if open then
        local closing = open
        open = nil
        if vim.api.nvim_win_is_valid(closing.window) then
            pcall(vim.api.nvim_win_close, closing.window, true)
        end
        if vim.api.nvim_buf_is_valid(closing.buffer) then
            pcall(vim.api.nvim_buf_delete, closing.buffer, { force = true })
        end
    end
end

--- Whether the cursor is in the panel: then nothing may take its place under the user's fingers.
function M.focused()
    return is_open() and vim.api.nvim_get_current_win() == open.window
end

--- Takes the cursor into the panel. False when none is open.
function M.focus()
    if not is_open() then
        return false
    end
    vim.api.nvim_set_current_win(open.window)
    return true
end

local function window_height(lines, width)
    local height = 0
    for _, line in ipairs(lines) do
        height = height + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
    end
    return math.max(1, math.min(height, config.current.approvals.max_height, vim.o.lines - 6))
end

local function open_float(buffer, lines, title)
    local width = 40
    for _, line in ipairs(lines) do
        width = math.max(width, vim.fn.strdisplaywidth(line) + 1)
    end
    width = math.max(1, math.min(width, MAX_WIDTH, vim.o.columns - 4))
    local options = {
        relative = 'editor',
        -- At the top: the newest lines of a transcript, and most cursors, are further down.
        anchor = 'NE',
        row = vim.o.showtabline > 0 and 1 or 0,
        col = vim.o.columns,
        width = width,
        height = window_height(lines, width),
        style = 'minimal',
        border = 'rounded',
        zindex = 60,
        noautocmd = true,
    }
    if M.has_title then
        options.title = ' ' .. title .. ' '
    end
    return vim.api.nvim_open_win(buffer, false, options)
end

local function open_split(buffer, lines)
    local before = vim.api.nvim_get_current_win()
    vim.cmd(('noautocmd botright %dsplit'):format(window_height(lines, vim.o.columns)))
    local window = vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(window, buffer)
    vim.api.nvim_win_call(window, function()
        vim.cmd('setlocal nonumber norelativenumber signcolumn=no winfixheight nolist nospell')
    end)
    vim.api.nvim_set_current_win(before)
    return window
end

--- Shows a panel in place of the one that is open. It does not inherit the cursor: the next key could be meant for
--- the one before.
---@param panel { owner: any, title: string, header: {[1]:string,[2]:string?}[], body: string[], syntax: string?,
---  keys: table<string, function> }
function M.show(panel)
    M.close()
    highlights.define()
    local lines = {}
    for _, row in ipairs(panel.header) do
        lines[#lines + 1] = row[1]
    end
    vim.list_extend(lines, panel.body)

    local buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
    vim.bo[buffer].bufhidden = 'wipe'
    vim.bo[buffer].modifiable = false
    for index, row in ipairs(panel.header) do
        if row[2] and #row[1] > 0 then
            vim.api.nvim_buf_set_extmark(buffer, namespace, index - 1, 0, {
                end_row = index - 1,
                end_col = #row[1],
                hl_group = row[2],
                priority = 200,
            })
        end
    end
    for key, body in pairs(panel.keys) do
        vim.keymap.set('n', key, body, { buffer = buffer, nowait = true, silent = true })
    end

    local view = config.current.approvals.view
    local window = view == 'split' and open_split(buffer, lines) or open_float(buffer, lines, panel.title)
    open = { buffer = buffer, window = window, owner = panel.owner }
    vim.api.nvim_win_call(window, function()
        vim.cmd('setlocal wrap linebreak nocursorline')
    end)
    vim.b[buffer].cofferdam_body_syntax = panel.syntax
    if panel.syntax then
        -- Only the body is in that language; a quote in the header must not colour all of it.
        vim.api.nvim_buf_call(buffer, function()
            vim.cmd(('silent! syntax include @CofferdamBody syntax/%s.vim'):format(panel.syntax))
            vim.cmd(
                ([[syntax region CofferdamBody start=/\%%%dl/ end=/\%%$/ contains=@CofferdamBody keepend]]):format(
                    #panel.header + 1
                )
            )
        end)
    end
    vim.api.nvim_create_autocmd('WinLeave', {
        buffer = buffer,
        callback = function()
            vim.schedule(function()
                -- Still the open one, but its window is gone: the user has closed it.
                local closed = open and open.buffer == buffer and not is_open() and open.owner or nil
                if M.on_leave then
                    M.on_leave(closed)
                end
            end)
        end,
    })
    return buffer, window
end

return M
