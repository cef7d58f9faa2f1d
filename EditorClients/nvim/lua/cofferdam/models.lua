--- Models of the service: their names for completion, and which one a session's next prompt asks for.
local M = {}

-- Names by root, as the service told them last.
local known = {}
-- What the user chose, by session, until a prompt carries it.
local chosen = {}
-- A completion must not hold the editor up for longer.
local PATIENCE = 1000

--- Asks the service for the names, the default first.
---@param root string
---@param done fun(problem: string?, names: string[]?)
function M.fetch(root, done)
    local util = require('cofferdam.util')
    require('cofferdam.client').call(root, 'agent/models', vim.empty_dict(), function(problem, result)
        if problem then
            return done(problem)
        end
        known[root] = vim.tbl_filter(function(name)
            return type(name) == 'string'
        end, util.table(result.names))
        done(nil, known[root])
    end)
end

--- The names for completion; the service is asked the first time.
---@param root string
---@return string[]
function M.names(root)
    if not known[root] then
        local answered = false
        M.fetch(root, function()
            answered = true
        end)
        vim.wait(PATIENCE, function()
            return answered
        end, 20)
    end
    return known[root] or {}
end

--- The session's next prompt asks for this model, and the session keeps it.
function M.choose(session, name)
    chosen[session.id] = name
end

--- What the user chose for the session since its last prompt.
---@return string?
function M.take(session)
    local name = chosen[session.id]
    chosen[session.id] = nil
    return name
end

return M
