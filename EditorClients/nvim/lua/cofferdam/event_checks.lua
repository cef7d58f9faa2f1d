--- How checks, their diagnostics and the end of a turn look in the transcript; see cofferdam.events.
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local words = require('cofferdam.words')

-- Diagnostics of one check that are listed; all of them are in vim.diagnostic.
local MAX_LISTED_DIAGNOSTICS = 10
-- Output of a check that is shorter is not worth a fold.
local MIN_FOLDED_LINES = 4
-- Findings of the gate that are listed; the quickfix list has them all.
local MAX_LISTED_FINDINGS = 30

local show = {}

function show.checkStarted(self, event)
    local name, command = text_tools.line(event.name or '?'), words.command_words(event.command)
    self:speak(event.itemId, '▶ Check ' .. name .. (command ~= name and ': ' .. command or ''), 'CofferdamTool')
    self.checking = event.itemId
end

function show.checkCompleted(self, event)
    local item = self:speak(event.itemId, '▶ Check', 'CofferdamTool')
    self:output_end(item)
    self.checking = nil
    local line, group = words.check_end(event.evidence)
    self.writer:line(line, group)
    self:close(event.itemId)
end

local function place_of(diagnostic)
    local place = text_tools.line(diagnostic.path or '')
    local range = util.table(diagnostic.range)
    if range.startLine then
        place = ('%s:%s:%s'):format(place, tostring(range.startLine), tostring(range.startColumn or 1))
    end
    return place ~= '' and place .. ': ' or ''
end

function show.diagnosticsUpdated(self, event)
    local list = util.table(event.diagnostics)
    local delta = words.delta(event)
    if delta.total == 0 and delta.fixed == 0 then
        return
    end
    -- They are in the output that stands above too: that is folded.
    if self.checking and self.items[self.checking] and #list > 0 then
        self:output_end(self.items[self.checking], MIN_FOLDED_LINES)
    end
    self.writer:line(
        ('⚑ %s: %s'):format(text_tools.line(event.check or '?'), words.delta_words(delta)),
        delta.total == 0 and 'CofferdamGood' or 'CofferdamTool'
    )
    for index, diagnostic in ipairs(list) do
        if index > MAX_LISTED_DIAGNOSTICS then
            local rest = delta.total - MAX_LISTED_DIAGNOSTICS
            self.writer:line(('  … %d more: :Cofferdam diagnostics'):format(rest), 'CofferdamNote')
            break
        end
        diagnostic = util.table(diagnostic)
        local message = text_tools.line((tostring(diagnostic.message or '')):match('[^\n]*'))
        self.writer:line(
            ('  %s%s: %s'):format(place_of(diagnostic), tostring(diagnostic.severity), message),
            diagnostic.severity == 'error' and 'CofferdamBad' or 'CofferdamOutput'
        )
    end
end

-- Why passed checks do not make it verified.
local function show_findings(self, findings)
    if #findings == 0 then
        return
    end
    self.writer:line('  Why this is not verified:', 'CofferdamAsk')
    for index, finding in ipairs(findings) do
        if index > MAX_LISTED_FINDINGS then
            local rest = #findings - MAX_LISTED_FINDINGS
            self.writer:line(('  … %d more: :Cofferdam diagnostics'):format(rest), 'CofferdamNote')
            break
        end
        self.writer:line('  ‼ ' .. words.finding_line(finding), 'CofferdamAsk')
    end
end

function show.turnCompleted(self, event, _, session)
    local good = event.outcome == 'verified' or event.outcome == 'answered'
    local outcome = words.outcome_words(event.outcome)
    if event.reason and event.reason ~= '' and event.reason ~= event.outcome then
        outcome = outcome .. ': ' .. text_tools.line(event.reason)
    end
    local sign, group = '■ ', 'CofferdamBad'
    if good then
        sign, group = '✓ ', 'CofferdamGood'
    end
    self.writer:line('\n' .. sign .. outcome, group)
    show_findings(self, util.table(event.gateFindings))
    local facts = { util.plural(event.steps or 0, 'step'), util.human_duration(event.durationMilliseconds) }
    if session and session.tokens then
        facts[#facts + 1] = util.human_count(session.tokens) .. ' tokens'
    end
    self.writer:line('  ' .. table.concat(facts, ' · '), 'CofferdamNote')
    for _, evidence in ipairs(util.table(event.evidence)) do
        local line, line_group = words.evidence_line(evidence)
        self.writer:line('  ' .. line, line_group)
    end
    for _, path in ipairs(util.table(event.changedFiles)) do
        self.writer:line('  ± ' .. text_tools.line(path), 'CofferdamTool')
    end
end

return show
