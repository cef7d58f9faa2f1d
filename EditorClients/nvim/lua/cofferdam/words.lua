--- Words for what a session says: how commands, checks, approvals and turns ended.
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')

local M = {}

--- What of its output was not kept, after how it ended.
local function losses(result)
    local text = ''
    for _, stream in ipairs({ 'stdout', 'stderr' }) do
        local lost = util.table(result[stream .. 'Truncated'])
        if lost.reason then
            local cause = lost.reason == 'outputLimit' and 'limit of output' or text_tools.line(lost.message or '?')
            text = text .. (' · %s not kept from byte %s (%s)'):format(stream, tostring(lost.from or '?'), cause)
        end
    end
    return text
end

--- How a command ended, in words; and whether it went well.
function M.command_end(result)
    result = util.table(result)
    local duration = ' · ' .. util.human_duration(result.durationMilliseconds) .. losses(result)
    local status = result.status
    if status == 'exited' then
        return ('exit %s%s'):format(tostring(result.exitCode or '?'), duration), result.exitCode == 0
    elseif status == 'signalled' then
        return ('ended by signal %s%s'):format(tostring(result.signal or '?'), duration), false
    elseif status == 'timedOut' then
        return 'timed out' .. duration, false
    elseif status == 'couldNotStart' then
        return 'could not start: ' .. text_tools.line(result.message or '?'), false
    elseif status == 'outOfMemory' then
        return 'out of memory' .. duration, false
    end
    return tostring(status or 'ended') .. duration, false
end

--- The sign and the highlight group of a good or a bad end.
function M.mark(good)
    if good then
        return '✓ ', 'CofferdamGood'
    end
    return '✗ ', 'CofferdamBad'
end

--- One line about what a check proved: how it ended only where that is news.
function M.evidence_line(evidence)
    evidence = util.table(evidence)
    local passed = evidence.passed == true
    local sign, group = M.mark(passed)
    local result = util.table(evidence.result)
    local parts = { text_tools.line(evidence.name or '?') .. (passed and ' passed' or ' failed') }
    local as_usual = passed and result.status == 'exited' and result.exitCode == 0
    parts[#parts + 1] = as_usual and util.human_duration(result.durationMilliseconds) or M.command_end(result)
    for _, kind in ipairs({ 'error', 'warning' }) do
        local count = evidence[kind .. 's'] or 0
        if count > 0 then
            parts[#parts + 1] = util.plural(count, kind)
        end
    end
    return sign .. table.concat(parts, ' · '), group
end

local decisions = {
    allowOnce = 'allowed once',
    allowSession = 'allowed for this session',
    allowEdited = 'allowed with changed arguments',
    reject = 'rejected',
}

--- How an approval ended, in words.
function M.resolution_words(resolution)
    resolution = util.table(resolution)
    if resolution.cause == 'timedOut' then
        return 'no answer in time: denied'
    elseif resolution.cause == 'withdrawn' then
        return 'withdrawn: the turn has ended'
    end
    local words = decisions[resolution.decision] or 'answered'
    if resolution.answeredBy then
        words = words .. ' by ' .. text_tools.line(resolution.answeredBy)
    end
    if resolution.feedback and resolution.feedback ~= '' then
        words = words .. ': ' .. text_tools.line(resolution.feedback)
    end
    return words
end

local outcome_words = {
    verified = 'verified',
    unverified = 'not verified',
    answered = 'answered',
    cancelled = 'cancelled',
    limit = 'stopped at a limit',
    failed = 'failed',
}

function M.outcome_words(outcome)
    return outcome_words[outcome] or tostring(outcome)
end

return M
