--- How each event of a session looks in its transcript.
---
--- Each function gets the transcript, the event, its time (milliseconds since 1970, or nil) and the session. What comes
--- from the wire is text to show, never to trust: it goes through `text`.
local config = require('cofferdam.config')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local words = require('cofferdam.words')

-- Lines of a failed tool's text.
local MAX_FAILURE_LINES = 8

local function show_patch(self, patch)
    local shown, limit, started = 0, config.current.transcript.max_patch_lines, false
    local run, run_group = {}, nil
    local function put()
        if #run > 0 then
            self.writer:append(table.concat(run, '\n') .. '\n', run_group)
            run = {}
        end
    end
    for line in patch:gmatch('([^\n]*)\n?') do
        started = started or line:sub(1, 2) == '@@'
        if started and line ~= '' then
            if shown >= limit then
                put()
                self.writer:line('… more: :Cofferdam diff', 'CofferdamNote')
                return
            end
            shown = shown + 1
            local first = line:sub(1, 1)
            local group = first == '+' and 'CofferdamAdded'
                or first == '-' and 'CofferdamRemoved'
                or first == '@' and 'CofferdamNote'
                or 'CofferdamOutput'
            if group ~= run_group then
                put()
                run_group = group
            end
            run[#run + 1] = text_tools.line(line)
        end
    end
    put()
end

local show = {}

function show.sessionStatus(self, event)
    if event.state == 'failed' or event.state == 'stopped' then
        local reason = event.reason and (': ' .. text_tools.line(event.reason)) or ''
        self.writer:line('\n■ session ' .. event.state .. reason, event.state == 'failed' and 'CofferdamBad' or nil)
    elseif event.state == 'starting' then
        self.writer:line('· ' .. text_tools.line(event.reason or 'the sandbox starts'), 'CofferdamNote')
    end
end

function show.sessionQueued(self, event)
    self.writer:line(('· waits for other sessions to end: position %d'):format(event.position or 0), 'CofferdamNote')
end

local function show_images(self, event)
    for _, image in ipairs(event.images or {}) do
        local name = text_tools.line(image.name or image.mediaType or '?')
        self.writer:line(('  with %s (%d × %d)'):format(name, image.width or 0, image.height or 0), 'CofferdamNote')
    end
end

function show.turnStarted(self, event, time)
    self.refused = false
    local lines = text_tools.lines(event.prompt or '')
    self.writer:fresh()
    self.writer:append('\n')
    for index, line in ipairs(lines) do
        self.writer:line((index == 1 and '❯ ' or '  ') .. line, 'CofferdamPrompt')
    end
    show_images(self, event)
    local clock = time and os.date('%H:%M', math.floor(time / 1000)) or ''
    self.writer:line(('  %s · %s'):format(text_tools.line(event.model or '?'), clock), 'CofferdamNote')
end

function show.promptReceived(self, event)
    local how = event.delivery == 'steer' and 'for the running turn' or 'for the next turn'
    for index, line in ipairs(text_tools.lines(event.text or '')) do
        self.writer:line((index == 1 and '❯ ' or '  ') .. line, 'CofferdamPrompt')
    end
    show_images(self, event)
    self.writer:line('  ' .. how, 'CofferdamNote')
end

function show.messageStarted(self, event)
    self.writer:fresh()
    self.writer:append('\n')
    self:speak(event.itemId)
end

function show.messageDelta(self, event)
    self:stream(self:speak(event.itemId), event.text)
end

function show.messageCompleted(self, event)
    self:settle(self:speak(event.itemId), event.text)
    self:close(event.itemId)
end

function show.reasoningStarted(self, event)
    self:fold_from(self:speak(event.itemId, '∴ Thinking', 'CofferdamNote'))
end

function show.reasoningDelta(self, event)
    self:stream(self:speak(event.itemId, '∴ Thinking', 'CofferdamNote'), event.text, 'CofferdamReasoning')
end

function show.reasoningCompleted(self, event)
    local item = self:speak(event.itemId, '∴ Thinking', 'CofferdamNote')
    self:settle(item, event.text, 'CofferdamReasoning')
    self:fold_to_here(item, 2)
    self:close(event.itemId)
end

local budgets = {
    turn = "this turn's",
    session = "the session's",
    userDay = "your day's",
    userMonth = "your month's",
    organisationDay = "the organisation's day's",
    organisationMonth = "the organisation's month's",
}

function show.budgetWarned(self, event)
    local used, limit = tonumber(event.used) or 0, tonumber(event.limit) or 0
    local percent = limit > 0 and math.floor(used * 100 / limit) or 100
    local what = event.kind == 'cost' and 'money' or text_tools.line(event.kind or '?')
    local whose = budgets[event.scope] or text_tools.line(event.scope or '?')
    self.writer:line(('! %d %% of %s %s are used'):format(percent, whose, what), 'CofferdamNote')
end

function show.modelSwitched(self, event)
    local void = #util.table(event.voidItemIds) > 0 and '; the unfinished text above is void' or ''
    self.writer:line(
        ('⇄ %s goes on for %s: %s%s'):format(
            text_tools.line(event.to or '?'),
            text_tools.line(event.from or '?'),
            text_tools.line(event.reason or '?'),
            void
        ),
        'CofferdamNote'
    )
    for _, id in ipairs(util.table(event.voidItemIds)) do
        if type(id) == 'string' and self.items[id] then
            self:close(id)
        end
    end
end

function show.modelRetried(self, event)
    local void = #util.table(event.voidItemIds) > 0 and '; the unfinished text above is void' or ''
    self.writer:line(('↻ model asked again: %s%s'):format(text_tools.line(event.reason or '?'), void), 'CofferdamNote')
    for _, id in ipairs(util.table(event.voidItemIds)) do
        if type(id) == 'string' and self.items[id] then
            self:close(id)
        end
    end
end

function show.sessionResumed(self, event)
    self.writer:line(('↻ goes on: %s'):format(text_tools.line(event.reason or '?')), 'CofferdamNote')
    for _, id in ipairs(util.table(event.voidItemIds)) do
        if type(id) == 'string' and self.items[id] then
            self:close(id)
        end
    end
end

function show.commandEnded(self, event)
    if self.items[event.itemId] then
        self:output_end(self.items[event.itemId])
        self:close(event.itemId)
    end
    local ending = words.command_end(util.table(event.command))
    local name = text_tools.line(event.commandId or 'command')
    self.writer:line(('■ %s in the background: %s'):format(name, ending), 'CofferdamNote')
end

function show.toolCallStarted(self, event)
    local title = text_tools.line(event.title or event.tool or 'tool')
    self:speak(event.itemId, '▶ ' .. title, 'CofferdamTool').title = title
end

function show.toolCallCompleted(self, event)
    local before = self.speaking
    local item = self.items[event.itemId]
    -- Another one spoke or speaks too: this one's name goes into its last line.
    local is_alone = before == event.itemId
    for other, open in pairs(self.items) do
        is_alone = is_alone and (other == event.itemId or not open.title)
    end
    local name = item and item.bytes == 0 and not is_alone and item.title or nil
    item = name and item or self:speak(event.itemId, '▶ tool', 'CofferdamTool')
    local silent = item.bytes == 0
    self:output_end(item)
    local ending, good = nil, event.status == 'completed'
    if type(event.command) == 'table' then
        ending, good = words.command_end(event.command)
        if event.status ~= 'completed' then
            ending, good = event.status .. ' · ' .. ending, false
        end
    end
    if event.status == 'denied' and self.refused then
        -- Who refused it, and why, was said when they did.
        self.refused = false
        return self:close(event.itemId)
    end
    local lines = text_tools.lines(event.text or '')
    local sign, group = words.mark(good)
    sign = name and sign .. name .. ' · ' or sign
    if ending then
        self.writer:line(sign .. ending, group)
    elseif good then
        self.writer:line(sign .. (#lines > 1 and util.plural(#lines, 'line') or util.one_line(lines[1], 120)), group)
    else
        self.writer:line(sign .. tostring(event.status), group)
    end
    local only_repeats = #lines == 1 and lines[1]:lower():gsub('%.$', '') == event.status
    if not good and (silent or not ending) and not only_repeats then
        for index, line in ipairs(lines) do
            if index > MAX_FAILURE_LINES then
                local rest = util.plural(#lines - MAX_FAILURE_LINES, 'line')
                self.writer:line(('  … %s more'):format(rest), 'CofferdamNote')
                break
            end
            self.writer:line('  ' .. line, 'CofferdamOutput')
        end
    end
    self:close(event.itemId)
    if name then
        -- The next line is of another one, and says so.
        self.speaking = nil
    end
end

function show.outputDelta(self, event)
    self:output(self:speak(event.itemId, '▶ output', 'CofferdamTool'), event)
end

function show.fileChanged(self, event)
    self.writer:line(('± %s %s'):format(text_tools.line(event.path or '?'), tostring(event.change)), 'CofferdamTool')
    show_patch(self, event.patch or '')
end

local preparing = {
    unpacking = 'unpacking the environment %s',
    waiting = 'waiting for another session that prepares the environment %s',
    setup = 'setting up the environment %s',
}

function show.environmentPreparing(self, event)
    local says = preparing[event.activity] or 'preparing the environment %s'
    self.writer:line('… ' .. says:format(text_tools.line(event.environment or '?')), 'CofferdamNote')
end

function show.setupStarted(self, event)
    local place = ('%s of %s'):format(tostring(event.step), tostring(event.steps))
    local title = ('▶ Setup %s: %s'):format(place, words.command_words(event.command))
    self:speak(event.itemId, title, 'CofferdamTool')
end

function show.setupCompleted(self, event)
    local item = self:speak(event.itemId, '▶ Setup', 'CofferdamTool')
    self:output_end(item)
    local result = util.table(event.result)
    if result.status ~= 'exited' or result.exitCode ~= 0 then
        self.writer:line('✗ Setup failed: ' .. words.command_end(result), 'CofferdamBad')
    end
    self:close(event.itemId)
end

local prepared = {
    ran = ', set up',
    reused = ', set up by an earlier session',
    waited = ', set up by another session',
}

function show.environmentPrepared(self, event)
    local name = text_tools.line(event.environment or '?')
    self.writer:line(('· Environment %s%s'):format(name, prepared[event.setup] or ''), 'CofferdamNote')
    for _, note in ipairs(util.table(event.notes)) do
        self.writer:line('! ' .. text_tools.line(note), 'CofferdamNote')
    end
end

function show.approvalRequested(self, event)
    local approval = util.table(event.approval)
    local title = text_tools.line(approval.title or approval.tool or '?')
    if type(approval.approvalId) == 'string' then
        self.asked[approval.approvalId] = title
    end
    self.writer:line('\n? Waiting for you: ' .. title, 'CofferdamAsk')
    if approval.command then
        for _, line in ipairs(text_tools.lines(approval.command)) do
            self.writer:line('  ' .. line, 'CofferdamOutput')
        end
    end
    if approval.reason then
        self.writer:line('  ' .. text_tools.line(approval.reason), 'CofferdamNote')
    end
end

function show.approvalResolved(self, event)
    local resolution = util.table(event.resolution)
    local allowed = resolution.decision ~= nil and resolution.decision ~= 'reject'
    local sign, group = words.mark(allowed)
    self.refused = self.refused or not allowed
    local title = self.asked[resolution.approvalId]
    self.writer:line(sign .. (title and title .. ' · ' or '') .. words.resolution_words(resolution), group)
    if title then
        self.asked[resolution.approvalId] = nil
    end
end

function show.resultApplied(self, event)
    local applied, conflicts = util.table(event.applied), util.table(event.conflicts)
    local sign, group = words.mark(#conflicts == 0)
    local rest = #conflicts > 0 and (', %d not,'):format(#conflicts) or ''
    local who = text_tools.line(event.client or '?')
    local verb = event.scope == 'undone' and 'undone' or 'applied'
    self.writer:line(('%s%s %s%s by %s'):format(sign, util.plural(#applied, 'file'), verb, rest, who), group)
    for _, conflict in ipairs(conflicts) do
        conflict = util.table(conflict)
        self.writer:line(
            ('  ✗ %s: %s'):format(text_tools.line(conflict.path or '?'), text_tools.line(conflict.reason or '?')),
            'CofferdamBad'
        )
    end
end

--- What the sandbox may reach: shown when it changes.
function show.egressRulesChanged(self, event)
    local rules = {}
    for _, rule in ipairs(util.table(event.rules)) do
        rules[#rules + 1] = text_tools.line(util.table(rule).rule or '?')
    end
    local denied = {}
    for _, rule in ipairs(util.table(event.denied)) do
        denied[#denied + 1] = text_tools.line(rule)
    end
    local reach = #rules > 0 and table.concat(rules, ', ') or 'nothing'
    local except = #denied > 0 and (', but not ' .. table.concat(denied, ', ')) or ''
    local who = event.phase == 'setup' and 'setup steps' or 'the agent'
    self.writer:line(
        ('⇅ network: %s may reach %s%s (set by %s)'):format(who, reach, except, text_tools.line(event.by or '?')),
        'CofferdamNote'
    )
end

--- Only what was refused; what passed would be noise here.
function show.egressDecided(self, event)
    if event.verdict ~= 'deny' then
        return
    end
    local target = 'a request'
    if type(event.host) == 'string' and event.host ~= '' then
        local scheme = (event.scheme or '') ~= '' and event.scheme .. '://' or ''
        target = ('%s%s:%s%s'):format(scheme, event.host, tostring(event.port), event.path or '')
    end
    local times = event.count and (' (%s times)'):format(tostring(event.count)) or ''
    self.writer:line(
        ('⛔ network: %s refused: %s%s'):format(text_tools.line(target), text_tools.line(event.reason or '?'), times),
        'CofferdamNote'
    )
end

function show.gap(self, event)
    self.writer:line(
        ('… events %s to %s are lost: %s'):format(
            tostring(event.from), tostring(event.to), text_tools.line(event.reason or '?')
        ),
        'CofferdamBad'
    )
end

for _, room in ipairs({ 'event_checks', 'event_steps', 'event_publication' }) do
    for name, body in pairs(require('cofferdam.' .. room)) do
        show[name] = body
    end
end

return show
