--- Pushing what a session changed; `agent/publish`.
local util = require('cofferdam.util')

local M = {}

local PATHS_SHOWN = 5

-- What the service wants the user's word for, as a question of one line.
local function question(needed)
    local paths, doubts = {}, {}
    for _, name in ipairs(needed) do
        local path = tostring(name):match('^path:(.*)$')
        if path then
            paths[#paths + 1] = util.one_line(path, 60)
        elseif name == 'unverified' then
            doubts[#doubts + 1] = 'no checks verify it'
        else
            doubts[#doubts + 1] = util.one_line(name, 60)
        end
    end
    if #paths > PATHS_SHOWN then
        local more = ('%d more'):format(#paths - PATHS_SHOWN)
        paths = vim.list_slice(paths, 1, PATHS_SHOWN)
        paths[#paths + 1] = more
    end
    if #paths > 0 then
        doubts[#doubts + 1] = 'it changes ' .. table.concat(paths, ', ')
    end
    return 'Publish? ' .. table.concat(doubts, '; ') .. ': '
end

local function tell(session, result)
    local what = ('%s: pushed %s to %s'):format(session.id, tostring(result.branch), tostring(result.remote))
    util.notify(result.url and what .. ': ' .. tostring(result.url) or what)
    for _, note in ipairs(util.table(result.notes)) do
        util.error(tostring(note))
    end
end

--- Publishes a session; asks the user what the service wants to have approved.
---@param session table
---@param options table `title`, `branch_only`
---@param done fun(result: table?, problem: string?)?
function M.run(session, options, done)
    local client = require('cofferdam.client')
    local function finish(result, problem)
        if done then
            done(result, problem)
        end
    end
    local function send(approved)
        client.call(session.root, 'agent/publish', {
            sessionId = session.id,
            kind = options.branch_only and 'branch' or 'changeRequest',
            title = options.title,
            approved = approved,
        }, function(problem, result)
            if problem then
                util.error('not published: ' .. problem)
                finish(nil, problem)
                return
            end
            local needed = util.table(result.needsApproval)
            if #needed == 0 then
                tell(session, result)
                finish(result)
            elseif approved then
                -- Something new came up meanwhile: the user begins again rather than say yes unseen.
                util.error('not published: the session has changed; publish once more')
                finish(nil, 'changed')
            else
                vim.ui.select({ 'publish it', 'leave it' }, { prompt = question(needed) }, function(_, index)
                    if index == 1 then
                        send(needed)
                    else
                        util.notify('nothing was published')
                        finish(nil, 'not approved')
                    end
                end)
            end
        end)
    end
    send(nil)
end

return M
