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

--- How many tests ran and how they ended; nil when no tests were counted.
function M.test_words(tests)
    tests = util.table(tests)
    if not util.number(tests.passed) then
        return nil
    end
    return ('%d passed, %d failed, %d skipped'):format(
        tests.passed, util.number(tests.failed) or 0, util.number(tests.skipped) or 0
    )
end

-- What the check's parser and its test runner counted.
local function add_counts(parts, evidence)
    parts[#parts + 1] = M.test_words(evidence.tests)
    for _, kind in ipairs({ 'error', 'warning' }) do
        local count = util.number(evidence[kind .. 's']) or 0
        if count > 0 then
            parts[#parts + 1] = util.plural(count, kind)
        end
    end
end

-- A result that is only known from an earlier session verifies nothing.
local function add_cached(parts, evidence)
    if evidence.fromCache == true then
        parts[#parts + 1] = 'not run: known from an earlier session'
    end
end

--- A command as it is read; a shell's script as it was written.
function M.command_words(command)
    command = util.table(command)
    if #command == 3 and command[1] == '/bin/sh' and command[2] == '-c' then
        return text_tools.line(command[3])
    end
    return table.concat(vim.tbl_map(text_tools.line, command), ' ')
end

--- The end of a check, right below its output: how it ended only where that is news.
function M.check_end(evidence)
    evidence = util.table(evidence)
    local passed = evidence.passed == true
    local sign, group = M.mark(passed)
    local result = util.table(evidence.result)
    local parts = { text_tools.line(evidence.name or '?') .. (passed and ' passed' or ' failed') }
    local as_usual = passed and result.status == 'exited' and result.exitCode == 0
    parts[#parts + 1] = as_usual and util.human_duration(result.durationMilliseconds) or M.command_end(result)
    add_counts(parts, evidence)
    add_cached(parts, evidence)
    return sign .. table.concat(parts, ' · '), group
end

-- Characters of a git object name that tell trees apart.
local SHORT_HASH = 8

local function tree_words(phrase, hash)
    return util.string(hash) and phrase:format(text_tools.line(hash:sub(1, SHORT_HASH))) or nil
end

--- The whole evidence of a check in one line: name, command, exit record, counts, when, and on which tree.
function M.evidence_line(evidence)
    evidence = util.table(evidence)
    local passed = evidence.passed == true
    local sign, group = M.mark(passed)
    local name, command = text_tools.line(evidence.name or '?'), M.command_words(evidence.command)
    local parts = { (command == '' or command == name) and name or ('%s: %s'):format(name, command) }
    parts[#parts + 1] = M.command_end(evidence.result)
    add_counts(parts, evidence)
    local began = util.number(evidence.startedAt)
    if began then
        parts[#parts + 1] = os.date('%H:%M:%S', math.floor(began / 1000))
    end
    parts[#parts + 1] = tree_words('tree %s', evidence.treeHash)
    parts[#parts + 1] = tree_words('ran on %s, with the same files', evidence.ranOn)
    if evidence.required == false then
        parts[#parts + 1] = 'not required'
    end
    if evidence.origin == 'organisation' then
        parts[#parts + 1] = "the organisation's"
    end
    add_cached(parts, evidence)
    return sign .. table.concat(parts, ' · '), group
end

--- Something about the change that keeps the gate shut, with its place where it has one.
function M.finding_line(finding)
    finding = util.table(finding)
    local place = util.string(finding.path) and text_tools.line(finding.path) or nil
    if place and util.number(finding.line) then
        place = ('%s:%d'):format(place, finding.line)
    end
    local message = ('%s [%s]'):format(text_tools.line(finding.message or '?'), text_tools.line(finding.rule or '?'))
    return place and place ~= '' and ('%s: %s'):format(place, message) or message
end

--- How a check's diagnostics stand against its first run on the untouched tree, as numbers.
---@param event table AgentProtocol.DiagnosticsUpdated
function M.delta(event)
    local total = util.number(event.total) or #util.table(event.diagnostics)
    local new = util.number(event.new) or total
    return {
        total = total,
        new = new,
        fixed = util.number(event.fixed) or 0,
        remaining = util.number(event.remaining) or math.max(total - new, 0),
    }
end

function M.delta_words(delta)
    return ('%d new, %d fixed, %d remaining'):format(delta.new, delta.fixed, delta.remaining)
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
