--- Diagnostics for the agent to fix, of whatever server or linter.
local context = require('cofferdam.context')
local sessions = require('cofferdam.sessions')
local util = require('cofferdam.util')

local M = {}

local function diagnostics_of(root, scope)
    local buffer = vim.api.nvim_get_current_buf()
    if scope == 'buffer' then
        return context.diagnostics(buffer, root)
    elseif scope == 'workspace' then
        return context.workspace_diagnostics(root)
    elseif type(scope) == 'table' and scope.range then
        return context.diagnostics(buffer, root, scope.range)
    end
    return context.diagnostics_at_cursor(root)
end

local function prompt_for(diagnostics, scope)
    local first = diagnostics[1]
    if #diagnostics == 1 then
        local place = ('%s:%d'):format(first.path, first.range.startLine)
        return ('Fix this %s at %s: %s'):format(first.severity, place, first.message)
    elseif scope == 'workspace' then
        return ('Fix these %d diagnostics.'):format(#diagnostics)
    end
    return ('Fix these %d diagnostics in %s.'):format(#diagnostics, first.path)
end

--- Starts a session that fixes them; see `cofferdam.fix()`.
---@param scope { range: number[]? }|'buffer'|'workspace'|nil
function M.start(root, scope, done)
    local diagnostics = diagnostics_of(root, scope)
    if #diagnostics == 0 then
        util.warn('no diagnostics here')
        return
    end
    sessions.start(root, { prompt = prompt_for(diagnostics, scope), context = { diagnostics = diagnostics } }, done)
end

return M
