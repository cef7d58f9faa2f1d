--- Approvals: what waits for the user, the window that shows exactly what would be done, and the answer.
---
--- The answer goes out as this client's own `agent/approve` request (see client.lua for why). The first answer of any
--- client wins; the service's `approvalResolved` withdraws the question here.
local client = require('cofferdam.client')
local config = require('cofferdam.config')
local json = require('cofferdam.json')
local panel = require('cofferdam.panel')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local words = require('cofferdam.words')

local M = {}

---@class CofferdamPending
---@field session table
---@field approval table
---@field seen boolean the window has shown it
---@field later boolean the user has put it off
---@field answering boolean

local pending = {} ---@type CofferdamPending[]

--- What waits, oldest first.
function M.pending()
    return pending
end

local function find(approval_id, session_id)
    for index, entry in ipairs(pending) do
        if entry.approval.approvalId == approval_id and entry.session.id == session_id then
            return index, entry
        end
    end
end

--- The exact thing that would be done, as lines, and its language.
function M.body(approval)
    if util.string(approval.diff) then
        return text_tools.lines(approval.diff), 'diff'
    elseif util.string(approval.command) then
        return text_tools.lines(approval.command), 'sh'
    end
    return text_tools.lines(json.pretty(approval.arguments or vim.empty_dict())), 'json'
end

local function show(entry)
    local approval = entry.approval
    local position = find(approval.approvalId, entry.session.id) or 1
    local body, syntax = M.body(approval)
    local header = {
        { '? ' .. text_tools.line(approval.title or approval.tool or 'action'), 'CofferdamAsk' },
        { '  a allow once   s allow for this session   r reject   e edit   q later', 'CofferdamTool' },
    }
    local facts = { 'session ' .. entry.session.id }
    if not panel.has_title or config.current.approvals.view == 'split' then
        table.insert(facts, 1, 'get here with :Cofferdam focus')
    end
    if #pending > 1 then
        table.insert(facts, 1, ('%d of %d'):format(position, #pending))
    end
    if util.number(approval.expiresAt) then
        local clock = os.date('%H:%M', math.floor(approval.expiresAt / 1000))
        facts[#facts + 1] = ('denied at %s without an answer'):format(clock)
    end
    if util.string(approval.reason) and approval.reason ~= '' then
        header[#header + 1] = { '  ' .. text_tools.line(approval.reason), 'CofferdamNote' }
    end
    header[#header + 1] = { '  ' .. table.concat(facts, ' · '), 'CofferdamNote' }
    header[#header + 1] = { '' }
    entry.seen = true
    panel.show({
        owner = entry,
        title = 'Cofferdam waits for you · :Cofferdam focus',
        header = header,
        body = body,
        syntax = syntax,
        keys = {
            a = function()
                M.answer(entry, 'allowOnce')
            end,
            s = function()
                M.answer(entry, 'allowSession')
            end,
            r = function()
                M.reject(entry)
            end,
            e = function()
                M.edit(entry)
            end,
            q = function()
                M.later(entry)
            end,
        },
    })
end

--- Shows the first question that is not put off, or closes the window.
function M.refresh()
    local owner = panel.owner()
    if owner and owner.offer and panel.focused() then
        -- The user is about to answer the offer: a key meant for it must not meet a question. `on_leave` comes back.
        return
    end
    for _, entry in ipairs(pending) do
        if not entry.later and not entry.answering then
            if owner ~= entry then
                show(entry)
            end
            return
        end
    end
    if owner and owner.approval then
        panel.close()
    end
end

panel.on_leave = function(closed)
    if closed and closed.approval then
        closed.later = true
    end
    M.refresh()
end

--- A question has come.
function M.requested(session, approval)
    if find(approval.approvalId, session.id) then
        return
    end
    local entry = { session = session, approval = approval, seen = false, later = false, answering = false }
    table.insert(pending, entry)
    if config.current.notify then
        util.warn(('waits for you: %s'):format(util.one_line(approval.title or approval.tool or 'an action')))
    end
    util.emit('Approval', { session_id = session.id, approval = approval })
    M.refresh()
end

--- A question is answered, timed out or withdrawn, by whomever.
function M.resolved(session, resolution)
    local index, entry = find(resolution.approvalId, session.id)
    if not index then
        return
    end
    table.remove(pending, index)
    if panel.owner() == entry then
        panel.close()
    end
    util.emit('ApprovalResolved', { session_id = session.id, resolution = resolution })
    M.refresh()
end

--- Nothing of this session waits any more, as far as this client can tell.
function M.forget(session)
    for index = #pending, 1, -1 do
        if pending[index].session.id == session.id then
            if panel.owner() == pending[index] then
                panel.close()
            end
            table.remove(pending, index)
        end
    end
    M.refresh()
end

--- Sends an answer.
---@param decision 'allowOnce'|'allowSession'|'allowEdited'|'reject'
function M.answer(entry, decision, extra)
    if entry.answering then
        return
    end
    if not find(entry.approval.approvalId, entry.session.id) then
        util.warn('this question is no longer open')
        return
    end
    entry.answering = true
    if panel.owner() == entry then
        panel.close()
    end
    local params = vim.tbl_extend('force', {
        sessionId = entry.session.id,
        approvalId = entry.approval.approvalId,
        decision = decision,
    }, extra or {})
    client.call(entry.session.root, 'agent/approve', params, function(problem, result)
        entry.answering = false
        if problem then
            util.error('the answer was not taken: ' .. problem)
            M.refresh()
            return
        end
        local resolution = util.table(result.resolution)
        if result.accepted == false then
            util.warn('too late: ' .. words.resolution_words(resolution))
        end
        -- The event says the same, but it may have been before, or be of another connection.
        resolution.approvalId = entry.approval.approvalId
        M.resolved(entry.session, resolution)
    end)
    M.refresh()
end

--- Rejects; asks for the feedback when none is given.
function M.reject(entry, feedback)
    if feedback and feedback ~= '' then
        return M.answer(entry, 'reject', { feedback = feedback })
    end
    vim.ui.input({ prompt = 'Rejected. What shall it do instead? (may stay empty) ' }, function(text)
        if text == nil then
            return
        end
        M.answer(entry, 'reject', text ~= '' and { feedback = text } or nil)
    end)
end

--- Leaves the question open; `:Cofferdam focus` brings it back.
function M.later(entry)
    entry.later = true
    if panel.owner() == entry then
        panel.close()
    end
    M.refresh()
end

--- Opens the arguments for editing; writing the buffer allows the action with them.
function M.edit(entry)
    entry.later = true
    panel.close()
    vim.cmd('botright split')
    local buffer = vim.api.nvim_create_buf(false, false)
    vim.api.nvim_win_set_buf(0, buffer)
    local name = ('cofferdam://arguments/%s/%s'):format(entry.session.id, entry.approval.approvalId)
    vim.api.nvim_buf_set_name(buffer, name)
    vim.bo[buffer].buftype = 'acwrite'
    vim.bo[buffer].bufhidden = 'wipe'
    vim.bo[buffer].swapfile = false
    local text = json.pretty(entry.approval.arguments or vim.empty_dict())
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, '\n', { plain = true }))
    vim.bo[buffer].filetype = 'json'
    vim.bo[buffer].modified = false
    vim.api.nvim_win_set_height(0, math.min(vim.api.nvim_buf_line_count(buffer) + 1, 15))
    vim.api.nvim_create_autocmd('BufWriteCmd', {
        buffer = buffer,
        callback = function()
            local written = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
            local ok, arguments = pcall(vim.json.decode, written)
            if not ok or type(arguments) ~= 'table' then
                util.error('no JSON object: ' .. tostring(arguments))
                return
            end
            vim.bo[buffer].modified = false
            M.answer(entry, 'allowEdited', { arguments = arguments })
            vim.schedule(function()
                if vim.api.nvim_buf_is_valid(buffer) then
                    vim.api.nvim_buf_delete(buffer, { force = true })
                end
            end)
        end,
    })
    util.notify('change the arguments, then :write allows it; :quit! leaves it open')
end

--- Brings the first question back, and takes the cursor to it. False when nothing waits.
function M.focus()
    local entry = pending[1]
    if not entry then
        return false
    end
    for _, other in ipairs(pending) do
        other.later = false
    end
    local owner = panel.owner()
    if not (owner and owner.approval) then
        show(entry)
    end
    return panel.focus()
end

--- Calls `body(entry)` with the question that is meant: the shown one, the only one, or a chosen one. One that the
--- user has not seen yet is shown, not answered.
function M.choose(body)
    if #pending == 0 then
        util.notify('nothing waits for you')
        return
    end
    local owner = panel.owner()
    if owner and owner.approval then
        return body(owner)
    end
    local function take(entry)
        if not entry then
            return
        elseif not entry.seen then
            entry.later = false
            show(entry)
            util.warn('look at it first')
            return
        end
        body(entry)
    end
    if #pending == 1 then
        return take(pending[1])
    end
    vim.ui.select(pending, {
        prompt = 'Which one?',
        kind = 'cofferdam_approval',
        format_item = function(entry)
            local title = text_tools.line(entry.approval.title or entry.approval.tool)
            return ('%s (%s)'):format(title, entry.session.id)
        end,
    }, take)
end

return M
