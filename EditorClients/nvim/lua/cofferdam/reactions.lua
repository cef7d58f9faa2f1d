--- What each event changes in a session, and what the user is told of it. How it looks is in `events`.
---
--- Each function gets the session, the event, and whether it is live: of history nothing is announced or asked.
local apply = require('cofferdam.apply')
local approve = require('cofferdam.approve')
local config = require('cofferdam.config')
local problems = require('cofferdam.problems')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local wording = require('cofferdam.words')

local M = {}

local react = {}

function react.sessionStatus(session, event, live)
    session.state = event.state
    session.reason = event.reason
    if event.state == 'stopped' or event.state == 'failed' then
        session.activity = nil
        approve.forget(session)
        if live and event.state == 'failed' then
            util.error(('session %s failed: %s'):format(session.id, text_tools.line(event.reason or 'no reason given')))
        end
    end
    if live then
        util.emit('Status', { session_id = session.id, state = event.state, reason = event.reason })
    end
end

function react.sessionQueued(session, event)
    session.activity = ('waiting: position %d'):format(event.position or 0)
end

function react.turnStarted(session, event, live)
    session.state = 'running'
    session.outcome = nil
    session.findings = {}
    session.applied = false
    session.activity = 'thinking'
    session.model = event.model
    if session.title == '' then
        session.title = (util.string(event.prompt) or ''):match('[^\n]*')
    end
    apply.withdraw(session)
    if live then
        util.emit('TurnStarted', { session_id = session.id, turn_id = event.turnId })
    end
end

function react.diagnosticsUpdated(session, event, live)
    local check = util.string(event.check) or '?'
    local delta = wording.delta(event)
    problems.note(session, check, delta, util.table(event.diagnostics))
    if live then
        util.emit('Diagnostics', vim.tbl_extend('force', { session_id = session.id, check = check }, delta))
    end
end

local outcome_level = { failed = vim.log.levels.ERROR, limit = vim.log.levels.WARN, unverified = vim.log.levels.WARN }

function react.turnCompleted(session, event, live)
    session.state = 'idle'
    session.outcome = event.outcome
    session.reason = event.reason
    session.activity = nil
    session.changed_files = vim.tbl_filter(util.string, util.table(event.changedFiles))
    session.last_turn = event
    session.findings = vim.tbl_filter(function(finding)
        return type(finding) == 'table'
    end, util.table(event.gateFindings))
    problems.refresh()
    if not live then
        return
    end
    local words = wording.outcome_words(event.outcome)
    if #session.changed_files > 0 then
        words = ('%s, %s changed'):format(words, util.plural(#session.changed_files, 'file'))
    end
    if #session.findings > 0 then
        words = ('%s; %s: :Cofferdam diagnostics'):format(words, util.plural(#session.findings, 'finding'))
    end
    if config.current.notify then
        util.notify(('%s (%s)'):format(words, session.id), outcome_level[event.outcome])
    end
    util.emit('Done', {
        session_id = session.id,
        outcome = event.outcome,
        reason = event.reason,
        changed_files = session.changed_files,
        evidence = util.table(event.evidence),
        gate_findings = session.findings,
    })
    apply.turn_ended(session, event)
end

function react.messageStarted(session)
    session.activity = 'answering'
end

function react.reasoningStarted(session)
    session.activity = 'thinking'
end

function react.toolCallStarted(session, event)
    session.activity = util.one_line(event.title or event.tool, 28)
end

function react.toolCallCompleted(session)
    session.activity = 'thinking'
end

function react.checkStarted(session, event)
    session.activity = 'checking ' .. util.one_line(event.name, 30)
end

function react.environmentPreparing(session, event)
    session.activity = event.activity == 'waiting' and 'waiting for another setup' or 'preparing the environment'
end

function react.setupStarted(session, event)
    session.activity = ('setup %s of %s'):format(tostring(event.step), tostring(event.steps))
end

function react.environmentPrepared(session)
    session.activity = 'starting'
end

function react.sessionResumed(session)
    session.activity = 'goes on'
end

function react.modelRetried(session)
    session.activity = 'model is asked again'
end

function react.modelSwitched(session, event)
    session.activity = ('%s goes on'):format(require('cofferdam.text').line(util.string(event.to) or '?'))
end

function react.usageUpdated(session, event)
    local usage = util.table(event.session)
    local total = 0
    for key, value in pairs(usage) do
        if (key == 'inputTokens' or key == 'outputTokens') and type(value) == 'number' then
            total = total + value
        end
    end
    session.tokens = total > 0 and total or nil
end

function react.approvalRequested(session, event, live)
    local approval = util.table(event.approval)
    assert(type(approval.approvalId) == 'string', 'an approval without an id')
    session.asked = session.asked or {}
    session.asked[approval.approvalId] = approval
    if live then
        approve.requested(session, approval)
    end
end

function react.approvalResolved(session, event)
    local resolution = util.table(event.resolution)
    assert(type(resolution.approvalId) == 'string', 'a resolution without an id')
    if session.asked then
        session.asked[resolution.approvalId] = nil
    end
    approve.resolved(session, resolution)
end

function react.resultApplied(session, event, live)
    if event.scope ~= 'part' and #util.table(event.conflicts) == 0 then
        session.applied = event.scope ~= 'undone'
    end
    if session.applied then
        apply.withdraw(session)
    end
    if live then
        -- Another editor may have written the files. Buffers that this one is about to write are modified: left alone.
        for _, path in ipairs(util.table(event.applied)) do
            local buffer = type(path) == 'string' and util.find_buffer(session.root .. '/' .. path)
            if buffer and vim.api.nvim_buf_is_loaded(buffer) and not vim.bo[buffer].modified then
                apply.settle(session.root, { path }, {})
            end
        end
    end
end

-- Which fields an event must have to be shown; the rest is taken when it is there.
local needs_item = {
    messageStarted = true,
    messageDelta = true,
    messageCompleted = true,
    reasoningStarted = true,
    reasoningDelta = true,
    reasoningCompleted = true,
    toolCallStarted = true,
    toolCallCompleted = true,
    outputDelta = true,
    checkStarted = true,
    checkCompleted = true,
    commandEnded = true,
    setupStarted = true,
    setupCompleted = true,
}
local needs_text = { messageDelta = true, messageCompleted = true, reasoningDelta = true, reasoningCompleted = true }

--- An error when this is no `agent/progress` that can be shown.
function M.check(params)
    assert(type(params) == 'table', 'no object')
    assert(type(params.sessionId) == 'string', 'no sessionId')
    assert(type(params.seq) == 'number', 'no seq')
    local event = params.event
    assert(type(event) == 'table' and type(event.type) == 'string', 'no event')
    assert(not needs_item[event.type] or type(event.itemId) == 'string', 'no itemId')
    assert(not needs_text[event.type] or type(event.text) == 'string', 'no text')
    if event.type == 'outputDelta' then
        assert(type(event.text) == 'string' or type(event.base64) == 'string', 'neither text nor base64')
    end
end

M.react = react

return M
