--- The sessions of a workspace, in words, and the choice of one.
local M = {}

local function age(milliseconds)
    local seconds = math.max(os.time() - math.floor((tonumber(milliseconds) or 0) / 1000), 0)
    if seconds < 3600 then
        return ('%d min ago'):format(math.floor(seconds / 60))
    elseif seconds < 86400 then
        return ('%d h ago'):format(math.floor(seconds / 3600))
    end
    return ('%d d ago'):format(math.floor(seconds / 86400))
end

--- A session as one line of a list.
function M.describe(summary)
    local util = require('cofferdam.util')
    local state = tostring(summary.state)
    if (state == 'idle' or state == 'stopped') and util.string(summary.outcome) then
        state = summary.outcome
    end
    if #util.table(summary.pendingApprovals) > 0 then
        state = 'waits for you'
    end
    return ('%s  %-13s  %s  (%s%s)'):format(
        tostring(summary.sessionId),
        state,
        util.one_line(summary.title, 60),
        age(summary.updatedAt),
        summary.applied == true and ', applied' or ''
    )
end

--- The sessions on a folder, newest first.
---@param done fun(problem: string?, summaries: table[], root: string)
function M.sessions(root, done)
    require('cofferdam.client').call(root, 'agent/list', { workspaceFolder = root }, function(problem, result)
        done(problem, require('cofferdam.util').table((result or {}).sessions), root)
    end)
end

--- Lets the user choose a session of a folder.
---@param chosen fun(id: string)
function M.choose(root, chosen)
    local util = require('cofferdam.util')
    M.sessions(root, function(problem, summaries)
        if problem then
            util.error('no list: ' .. problem)
        elseif #summaries == 0 then
            util.notify('no sessions in this workspace')
        else
            vim.ui.select(summaries, {
                prompt = 'Session:',
                kind = 'cofferdam_session',
                format_item = M.describe,
            }, function(summary)
                if summary then
                    chosen(summary.sessionId)
                end
            end)
        end
    end)
end

return M
