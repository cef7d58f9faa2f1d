--- The sessions that this editor knows, and what happens in them: every `agent/progress` comes through here.
local apply = require('cofferdam.apply')
local approve = require('cofferdam.approve')
local client = require('cofferdam.client')
local config = require('cofferdam.config')
local log = require('cofferdam.log')
local problems = require('cofferdam.problems')
local reactions = require('cofferdam.reactions')
local transcripts = require('cofferdam.transcript')
local util = require('cofferdam.util')

local M = {}

---@class CofferdamSession
---@field id string
---@field root string workspace folder
---@field title string
---@field state string AgentProtocol.SessionState
---@field outcome string? of the last turn
---@field seq number the newest event seen
---@field replaying boolean history is being replayed: nothing is asked or announced
---@field attached boolean events come
---@field activity string? what goes on, in a few words
---@field checks table<string, table> what each check found last, see `problems`
---@field findings table[] why the last turn is not verified although its checks may have passed: GateFinding

local sessions = {} ---@type table<string, CofferdamSession>
local newest = nil ---@type CofferdamSession?

--- Events that were no events, for the health check.
M.malformed = 0

function M.get(id)
    return sessions[id]
end

function M.all()
    local list = vim.tbl_values(sessions)
    table.sort(list, function(a, b)
        return a.order > b.order
    end)
    return list
end

--- The session that a command without an id means: that of the current buffer, else the newest one.
function M.current()
    local own = vim.b.cofferdam_session
    -- Without a newest: the events of the first session may come before the answer that names it.
    return own and sessions[own] or newest or M.all()[1]
end

local order = 0
local function ensure(id, root)
    local session = sessions[id]
    if not session then
        order = order + 1
        session = {
            id = id,
            root = root,
            title = '',
            state = 'starting',
            seq = 0,
            order = order,
            replaying = false,
            attached = true,
            changed_files = {},
            checks = {},
            findings = {},
        }
        sessions[id] = session
    end
    if not session.transcript or not session.transcript:alive() then
        session.transcript = transcripts.new(session)
    end
    return session
end

-- The status line is drawn again, at most ten times a second.
local redraw_waits = false
local function redraw_status()
    if not redraw_waits then
        redraw_waits = true
        vim.defer_fn(function()
            redraw_waits = false
            vim.cmd('redrawstatus!')
        end, 100)
    end
end

local function caught_up(session)
    session.replaying = false
    for _, approval in pairs(session.asked or {}) do
        approve.requested(session, approval)
    end
    util.emit('Attached', { session_id = session.id, seq = session.seq })
    if session.outcome == 'verified' and not session.applied and #session.changed_files > 0 then
        util.notify(('%s is verified and not applied yet: :Cofferdam apply'):format(session.id))
    end
end

local function take(params, root)
    reactions.check(params)
    local session = sessions[params.sessionId]
    if not session then
        if not root then
            return
        end
        session = ensure(params.sessionId, root)
    end
    if params.seq <= session.seq then
        return
    end
    local ahead = params.seq > session.seq + 1 and params.event.type ~= 'gap'
    if ahead and session.replaying then
        -- It was on its way when the history was asked for, and comes again in its place.
        return
    end
    if ahead and session.seq > 0 then
        log.warn('session', session.id, 'lacks events', tostring(session.seq + 1), 'to', tostring(params.seq - 1))
    end
    session.seq = params.seq
    local event = params.event
    local body = reactions.react[event.type]
    -- Each on its own: a part of an event that cannot be shown must not hide that the turn has ended.
    local shown, problem = pcall(session.transcript.event, session.transcript, event, util.number(params.time), session)
    if body then
        body(session, event, not session.replaying)
    end
    if session.replaying and session.caught_up_at and session.seq >= session.caught_up_at then
        caught_up(session)
    end
    redraw_status()
    if not shown then
        error(problem, 0)
    end
end

client.on_progress = function(params, _, root)
    local ok, problem = pcall(take, params, root)
    if not ok then
        M.malformed = M.malformed + 1
        log.warn('event left out:', tostring(problem), params)
    end
end

client.on_lost = function(client_id, problem)
    local lost = 0
    for _, session in pairs(sessions) do
        if session.attached and not client.ready(session.root) then
            session.attached = false
            approve.forget(session)
            if session.state ~= 'stopped' and session.state ~= 'failed' then
                lost = lost + 1
                session.transcript:note('… ' .. problem .. '; the session goes on in the service: :Cofferdam attach')
            end
        end
    end
    -- After Neovim's own message about it, which says less.
    vim.defer_fn(function()
        util.error(lost > 0 and problem .. '; sessions go on in the service: :Cofferdam attach' or problem)
    end, 100)
    util.emit('ServerExit', { client_id = client_id, problem = problem, sessions = lost })
    redraw_status()
end

-- The answer to what starts a session has come.
local function started(root, prompt, problem, result, done)
    local id = util.string(util.table(result).sessionId)
    if problem or not id then
        problem = problem or 'the server answered without a session'
        util.error('not started: ' .. problem)
        if done then
            done(nil, problem)
        end
        return
    end
    local session = ensure(id, root)
    session.attached = true
    newest = session
    if session.title == '' then
        session.title = prompt:match('[^\n]*')
    end
    if config.current.transcript.auto_open then
        session.transcript:open(false)
    end
    util.emit('Started', { session_id = id, workspace_folder = root, prompt = prompt })
    redraw_status()
    if done then
        done(session)
    end
end

--- Starts a session.
---@param params table AgentStart.Params without the folder
---@param done function? called with the session, or nil and the problem
function M.start(root, params, done)
    params.workspaceFolder = root
    params.model = params.model or config.current.model
    client.call(root, 'agent/start', params, function(problem, result)
        started(root, params.prompt, problem, result, done)
    end)
end

--- Starts the session of a code action, such as "Cofferdam: fix this", like one of a command.
---@param command { command: string, arguments: table? }
function M.start_by_command(server, root, command)
    local params = { command = command.command, arguments = command.arguments }
    client.request(server, 'workspace/executeCommand', params, function(problem, result)
        started(root, util.string(command.title) or '', problem, result)
    end)
end

--- Attaches to a session: its history comes, then what goes on.
---@param again boolean? from the beginning, into a new transcript
function M.attach(root, id, again, done)
    local session = sessions[id]
    local fresh = not session or again or not session.transcript:alive()
    if fresh and session then
        session.seq = 0
        session.asked = {}
        session.checks = {}
        session.findings = {}
        session.title = ''
        approve.forget(session)
        session.transcript = nil
    end
    session = ensure(id, root)
    session.replaying = true
    session.caught_up_at = nil
    session.attached = true
    local params = { sessionId = id, afterSeq = session.seq }
    client.call(root, 'agent/attach', params, function(problem, result)
        if problem then
            session.replaying = false
            session.attached = false
            util.error(('not attached to %s: %s'):format(id, problem))
            if session.seq == 0 then
                sessions[id] = nil
                pcall(vim.api.nvim_buf_delete, session.transcript.buffer, { force = true })
            end
            if done then
                done(nil, problem)
            end
            return
        end
        local summary = util.table(result.session)
        newest = session
        session.title = util.string(summary.title) or session.title
        session.state = util.string(summary.state) or session.state
        session.outcome = util.string(summary.outcome) or session.outcome
        session.applied = summary.applied == true
        session.caught_up_at = util.number(result.seq) or session.seq
        -- The answer tells for sure what waits; the history only what was asked.
        session.asked = {}
        for _, approval in ipairs(util.table(summary.pendingApprovals)) do
            if type(approval) == 'table' and type(approval.approvalId) == 'string' then
                session.asked[approval.approvalId] = approval
            end
        end
        if session.seq >= session.caught_up_at then
            caught_up(session)
        end
        redraw_status()
        if done then
            done(session)
        end
    end)
    return session
end

--- Sessions that were attached when their server ended.
function M.lost()
    return vim.tbl_filter(function(session)
        return not session.attached and session.state ~= 'stopped' and session.state ~= 'failed'
    end, M.all())
end

--- Makes this the session that commands mean.
function M.select(session)
    newest = session
end

local busy = { queued = true, starting = true, running = true }
local state_words = {
    starting = 'starting',
    waiting = 'waiting',
    stopped = 'stopped',
    failed = 'failed',
}

--- For the status line: empty without a session.
function M.status()
    local waiting = #approve.pending()
    if waiting > 0 then
        return ('cofferdam: waits for you%s'):format(waiting > 1 and (' (%d)'):format(waiting) or '')
    end
    local session = M.current()
    if not session then
        return ''
    end
    local words
    if not session.attached then
        words = 'not attached'
    elseif session.state == 'running' then
        words = session.activity or 'running'
    elseif session.state == 'queued' then
        words = session.activity or 'queued'
    elseif session.state == 'idle' then
        words = session.outcome or 'ready'
    else
        words = state_words[session.state] or session.state
    end
    local counts = problems.status(session)
    if counts then
        words = ('%s · %s'):format(words, counts)
    end
    local running = 0
    for _, other in pairs(sessions) do
        if other ~= session and other.attached and busy[other.state] then
            running = running + 1
        end
    end
    return ('cofferdam: %s%s'):format(words, running > 0 and (' (+%d)'):format(running) or '')
end

--- For tests: forgets everything.
function M.reset()
    for _, session in pairs(sessions) do
        approve.forget(session)
        if session.transcript and session.transcript:alive() then
            pcall(vim.api.nvim_buf_delete, session.transcript.buffer, { force = true })
        end
    end
    sessions, newest, M.malformed = {}, nil, 0
    apply.waiting_offer = nil
    problems.reset()
    require('cofferdam.panel').close()
end

return M
