--- Steps of a session: forks from them, and the way back to them.
local client = require('cofferdam.client')
local util = require('cofferdam.util')

local M = {}

--- Begins a session with the files and the conversation of another one at a step.
function M.fork(session, step, prompt, done)
    client.call(session.root, 'agent/fork', {
        sessionId = session.id,
        step = step,
        prompt = prompt and prompt:match('%S') and prompt or nil,
    }, function(problem, result)
        if problem then
            util.error('not forked: ' .. problem)
        else
            util.notify(('%s: forked from %s'):format(result.sessionId, session.id))
            require('cofferdam').attach(result.sessionId)
        end
        if done then
            done(result and result.sessionId, problem)
        end
    end)
end

--- Sets a session back to a step, or forward again. What was applied stays in your files.
function M.restore(session, step, done)
    client.call(session.root, 'agent/restore', { sessionId = session.id, step = step }, function(problem)
        if problem then
            util.error('not set back: ' .. problem)
        else
            util.notify(('%s: back at step %d'):format(session.id, step))
        end
        if done then
            done(problem)
        end
    end)
end

return M
