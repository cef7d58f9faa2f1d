--- The tools' own fixes: what a compiler or linter in the sandbox said how to mend, as code actions of the server.
local client = require('cofferdam.client')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')

local M = {}

local FIX_ALL = 'source.fixAll.cofferdam'
local QUICK_FIX = 'quickfix'
-- LSP: beyond the end of a line is its end.
local LINE_END = 2147483647

-- Whole lines, from 1, as a range of LSP.
local function lines(first, last)
    return { start = { line = first - 1, character = 0 }, ['end'] = { line = last - 1, character = LINE_END } }
end

-- The edits of a code action by document: { uri, version, edits }.
local function documents(action)
    local edit, list = util.table(action.edit), {}
    for _, change in ipairs(util.table(edit.documentChanges)) do
        if type(change) == 'table' and change.textDocument and change.edits then
            list[#list + 1] = { uri = change.textDocument.uri, edits = change.edits }
        end
    end
    if #list == 0 then
        for uri, edits in pairs(util.table(edit.changes)) do
            list[#list + 1] = { uri = uri, edits = edits }
        end
    end
    return list
end

local function before(a, b)
    return a.line < b.line or (a.line == b.line and a.character < b.character)
end

local function overlap(a, b)
    local same = not before(a.start, b.start) and not before(b.start, a.start)
    return same or (before(a.start, b['end']) and before(b.start, a['end']))
end

local function overlaps(taken, document)
    for _, edit in ipairs(document.edits) do
        for _, other in ipairs(taken[document.uri] or {}) do
            if overlap(edit.range, other.range) then
                return true
            end
        end
    end
    return false
end

-- Makes the edits of these actions, each whole or not at all; of two at the same place the first. One step of undo.
local function make(server, actions)
    local taken, done = {}, 0
    for _, action in ipairs(actions) do
        local list, free = documents(action), true
        for _, document in ipairs(list) do
            free = free and not overlaps(taken, document)
        end
        if free and #list > 0 then
            done = done + 1
            for _, document in ipairs(list) do
                taken[document.uri] = vim.list_extend(taken[document.uri] or {}, document.edits)
            end
        end
    end
    vim.lsp.util.apply_workspace_edit({ changes = taken }, server.offset_encoding or 'utf-16')
    return done
end

-- Calls body(apply, actions) with the actions of this kind that are edits; apply(chosen) makes those.
local function ask(buffer, range, kind, done, body)
    local server = client.of_buffer(buffer)
    if not server then
        return util.warn('no session has checked this file: the tools have no fixes here')
    end
    local version = vim.api.nvim_buf_get_changedtick(buffer)
    client.request(server, 'textDocument/codeAction', {
        textDocument = { uri = vim.uri_from_bufnr(buffer) },
        range = range,
        context = { diagnostics = {}, only = { kind } },
    }, function(problem, result)
        if problem then
            return util.error('no fixes: ' .. problem)
        end
        local actions = vim.tbl_filter(function(action)
            return type(action) == 'table' and type(action.edit) == 'table'
        end, result)
        if #actions == 0 then
            return util.warn('the tools have no fixes here')
        end
        body(function(chosen)
            if not vim.api.nvim_buf_is_valid(buffer) or vim.api.nvim_buf_get_changedtick(buffer) ~= version then
                return util.warn('the text has changed meanwhile: ask again')
            end
            local count = make(server, chosen)
            util.notify(count == 1 and text_tools.line(chosen[1].title) or count .. ' fixes of the tools applied')
            if done then
                done(count)
            end
        end, actions)
    end)
end

--- Applies the tool's fix on the cursor's line; lets the user choose where there are several.
--- With a range of lines, all that are in it.
---@param range number[]? first and last line
---@param done fun(count: number)?
function M.fix(range, done)
    local buffer = vim.api.nvim_get_current_buf()
    local line = vim.api.nvim_win_get_cursor(0)[1]
    local wanted = range and lines(range[1], range[2]) or lines(line, line)
    ask(buffer, wanted, QUICK_FIX, done, function(apply, actions)
        if range or #actions == 1 then
            return apply(actions)
        end
        vim.ui.select(actions, {
            prompt = 'Fix:',
            kind = 'cofferdam_fix',
            format_item = function(action)
                return text_tools.line(action.title)
            end,
        }, function(action)
            if action then
                apply({ action })
            end
        end)
    end)
end

--- Applies all fixes of the tools in the file.
---@param done fun(count: number)?
function M.fix_all(done)
    local buffer = vim.api.nvim_get_current_buf()
    local whole = lines(1, vim.api.nvim_buf_line_count(buffer))
    ask(buffer, whole, FIX_ALL, done, function(apply, actions)
        apply({ actions[1] })
    end)
end

return M
