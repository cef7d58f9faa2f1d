--- Words for what a session says: how commands, checks, approvals and turns ended.
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')

local M = {}

--- How a command ended, in words; and whether it went well.
function M.command_end(result)
    result = util.table(result)
    local duration = ' · ' .. util.human_duration(result.durationMilliseconds)
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

--- One line about what a check proved.
function M.evidence_line(evidence)
    evidence = util.table(evidence)
    local words = M.command_end(evidence.result)
    local sign, group = M.mark(evidence.passed == true)
    return ('%s%s %s · %s · %s, %s'):format(
        sign,
        text_tools.line(evidence.name or '?'),
        evidence.passed and 'passed' or 'failed',
        words,
        util.plural(evidence.errors or 0, 'error'),
        util.plural(evidence.warnings or 0, 'warning')
    ),
        group
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
    verified = 'verified: every required check passed',
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
