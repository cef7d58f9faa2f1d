--- How CI and reviewers of a published session look in the transcript; see cofferdam.events.
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')

-- Failed jobs that are listed.
local MAX_LISTED_JOBS = 20

local show = {}

local WORDS = {
    none = { 'no CI yet', 'CofferdamNote' },
    running = { 'CI runs', 'CofferdamNote' },
    passed = { 'CI passed', 'CofferdamGood' },
    failed = { 'CI failed', 'CofferdamBad' },
}

function show.publicationUpdated(self, event)
    local name = event.number and ('#%s'):format(tostring(event.number)) or text_tools.line(event.branch or '?')
    local words = WORDS[event.ci] or WORDS.none
    self.writer:line(('· %s: %s'):format(name, words[1]), words[2])
    local listed = 0
    for _, job in ipairs(util.table(event.jobs)) do
        job = util.table(job)
        if job.state == 'failed' and listed < MAX_LISTED_JOBS then
            listed = listed + 1
            local page = job.url and ': ' .. text_tools.line(job.url) or ''
            self.writer:line('  ' .. text_tools.line(job.name or '?') .. page, 'CofferdamNote')
        end
    end
    if event.change and event.change ~= 'open' then
        self.writer:line(('· %s is %s'):format(name, text_tools.line(event.change)), 'CofferdamNote')
    end
    if event.reason then
        self.writer:line(
            ('· %s is no longer watched: %s'):format(name, text_tools.line(event.reason)),
            'CofferdamNote'
        )
    end
end

function show.commentReceived(self, event)
    local place = ''
    if event.path then
        place = (' on %s%s'):format(text_tools.line(event.path), event.line and ':' .. tostring(event.line) or '')
    end
    local use = event.prompted and '' or ' (not a prompt)'
    self.writer:line(
        ('? %s%s%s: %s'):format(text_tools.line(event.author or '?'), place, use, text_tools.line(event.body or '')),
        'CofferdamTool'
    )
end

return show
