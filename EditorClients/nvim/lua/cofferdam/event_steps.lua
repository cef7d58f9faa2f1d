--- How the steps of a session, its forks and its ways back look in the transcript; see cofferdam.events.
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')

local show = {}

--- A step without changes is left out: the one before has the same files.
function show.snapshotTaken(self, event)
    local changed = tonumber(event.changedFiles) or 0
    if changed > 0 then
        local files = changed == 1 and '1 file' or ('%d files'):format(changed)
        local doubt = event.consistent == false and '; something was writing meanwhile' or ''
        self.writer:line(('· step %s: %s changed%s'):format(tostring(event.step), files, doubt), 'CofferdamNote')
    end
    local removed = util.table(event.removedSteps)
    if #removed > 0 then
        local steps = table.concat(vim.tbl_map(tostring, removed), ', ')
        self.writer:line('· given up for room: steps ' .. steps, 'CofferdamNote')
    end
end

function show.snapshotFailed(self, event)
    self.writer:line(
        ('! step %s was not kept: %s'):format(tostring(event.step), text_tools.line(event.reason or '?')),
        'CofferdamBad'
    )
end

function show.commitFailed(self, event)
    self.writer:line(
        ('! step %s has no commit: %s'):format(tostring(event.step), text_tools.line(event.reason or '?')),
        'CofferdamBad'
    )
end

function show.sessionRestored(self, event)
    self.writer:fresh()
    self.writer:line(('\n■ back at step %s'):format(tostring(event.step)), 'CofferdamNote')
end

function show.sessionForked(self, event)
    self.writer:line(
        ('· forked from %s at step %s'):format(text_tools.line(event.from or '?'), tostring(event.step)),
        'CofferdamNote'
    )
end

function show.sessionPublished(self, event)
    local where = event.url or event.remote
    local what = event.branch and ('published as ' .. text_tools.line(event.branch)) or 'handed out as a file'
    self.writer:line(
        ('· %s%s'):format(what, where and ': ' .. text_tools.line(where) or ''),
        'CofferdamNote'
    )
end

return show
