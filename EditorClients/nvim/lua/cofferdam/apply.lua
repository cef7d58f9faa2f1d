--- The result of a session: looking at it, and taking it over into files and buffers.
local client = require('cofferdam.client')
local config = require('cofferdam.config')
local log = require('cofferdam.log')
local panel = require('cofferdam.panel')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local words = require('cofferdam.words')

local M = {}

local MAX_LISTED_FILES = 12
local MAX_LISTED_FINDINGS = 8

local function modified_buffers()
    local modified = {}
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
        if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].modified then
            modified[buffer] = true
        end
    end
    return modified
end

-- Writes a buffer that apply changed. Formatters that run before a write stay out: what was checked is what is written.
local function write(buffer)
    local ignored = vim.o.eventignore
    vim.o.eventignore = ignored == '' and 'BufWritePre' or ignored .. ',BufWritePre'
    local ok, problem = pcall(vim.api.nvim_buf_call, buffer, function()
        vim.cmd('silent write')
    end)
    vim.o.eventignore = ignored
    if not ok then
        log.warn('could not write', vim.api.nvim_buf_get_name(buffer), tostring(problem))
    end
    return ok
end

-- Reads a file again that was changed on disk, without the question that 'noautoread' would ask.
local function reload(buffer)
    local before = vim.o.autoread
    vim.bo[buffer].autoread = true
    pcall(vim.cmd, 'silent! checktime ' .. buffer)
    vim.api.nvim_buf_call(buffer, function()
        vim.cmd('setlocal autoread<')
    end)
    vim.o.autoread = before
end

--- Brings the buffers of these paths up to date with the disk, or the disk with them.
---@param untouched table<number, boolean> buffers with changes of the user's own: they are left alone
---@return string[] paths that are still unsaved
function M.settle(root, paths, untouched)
    local unsaved = {}
    for _, path in ipairs(paths) do
        local buffer = type(path) == 'string' and util.find_buffer(root .. '/' .. path)
        if buffer and vim.api.nvim_buf_is_loaded(buffer) then
            if not vim.bo[buffer].modified then
                reload(buffer)
            elseif config.current.write_applied ~= 'clean' or untouched[buffer] or not write(buffer) then
                unsaved[#unsaved + 1] = path
            end
        end
    end
    return unsaved
end

local function list_conflicts(root, conflicts)
    local items = {}
    for _, conflict in ipairs(conflicts) do
        conflict = util.table(conflict)
        items[#items + 1] = {
            filename = root .. '/' .. tostring(conflict.path or ''),
            lnum = 1,
            text = text_tools.line(conflict.reason or 'not applied'),
            type = 'E',
        }
    end
    vim.fn.setqflist({}, ' ', { title = 'Cofferdam: not applied', items = items })
end

--- Applies the result of a session, or only some of its paths.
---@param done function? called with the result of `agent/apply`, or nil and the problem
function M.apply(session, paths, done)
    local untouched = modified_buffers()
    local params = { sessionId = session.id, paths = paths and #paths > 0 and paths or nil }
    M.withdraw(session)
    client.call(session.root, 'agent/apply', params, function(problem, result)
        if problem then
            util.error('not applied: ' .. problem)
            if done then
                done(nil, problem)
            end
            return
        end
        local applied, conflicts = util.table(result.applied), util.table(result.conflicts)
        local unsaved = M.settle(session.root, applied, untouched)
        local report = util.plural(#applied, 'file') .. ' applied'
        if #unsaved > 0 then
            report = report .. (', %s unsaved (:wall)'):format(util.plural(#unsaved, 'buffer'))
        end
        if #conflicts > 0 then
            list_conflicts(session.root, conflicts)
            util.warn(('%s, %s not (:copen says why)'):format(report, util.plural(#conflicts, 'file')))
        else
            session.applied = #(paths or {}) == 0
            util.notify(report)
        end
        util.emit('Applied', { session_id = session.id, applied = applied, conflicts = conflicts, unsaved = unsaved })
        if done then
            done(result)
        end
    end)
end

local function diff_buffer(session)
    local name = 'cofferdam://diff/' .. session.id
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
        if vim.api.nvim_buf_get_name(buffer) == name and vim.api.nvim_buf_is_loaded(buffer) then
            return buffer
        end
    end
    local buffer = vim.api.nvim_create_buf(true, true)
    vim.api.nvim_buf_set_name(buffer, name)
    vim.bo[buffer].buftype = 'nofile'
    vim.bo[buffer].bufhidden = 'hide'
    vim.bo[buffer].swapfile = false
    vim.b[buffer].cofferdam_session = session.id
    vim.b[buffer].cofferdam_root = session.root
    return buffer
end

-- What a patch does not say by itself.
local function diff_notes(files)
    local notes = {}
    for _, file in ipairs(files) do
        file = util.table(file)
        local path = text_tools.line(file.path or '?')
        if file.sensitive then
            notes[#notes + 1] = ('# %s runs elsewhere once it is applied: look at it with care'):format(path)
        end
        if file.binary then
            notes[#notes + 1] = ('# %s is binary: %s'):format(path, tostring(file.change))
        end
    end
    return notes
end

--- Shows the changes of a session in a buffer of file type diff.
function M.diff(session, paths)
    local params = { sessionId = session.id, paths = paths and #paths > 0 and paths or nil }
    client.call(session.root, 'agent/diff', params, function(problem, result)
        if problem then
            util.error('no diff: ' .. problem)
            return
        end
        local files = util.table(result.files)
        if #files == 0 then
            util.notify('session ' .. session.id .. ' has changed nothing')
            return
        end
        local lines = diff_notes(files)
        for line in tostring(result.patch or ''):gmatch('([^\n]*)\n?') do
            lines[#lines + 1] = (line:gsub('%z', '^@'))
        end
        while lines[#lines] == '' do
            lines[#lines] = nil
        end
        local buffer = diff_buffer(session)
        vim.bo[buffer].modifiable = true
        vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
        vim.bo[buffer].modifiable = false
        vim.bo[buffer].modified = false
        if vim.bo[buffer].filetype ~= 'diff' then
            vim.bo[buffer].filetype = 'diff'
        end
        local window = vim.fn.win_findbuf(buffer)[1]
        if window then
            vim.api.nvim_set_current_win(window)
        else
            vim.cmd(config.current.diff.open_command)
            vim.api.nvim_win_set_buf(0, buffer)
        end
        util.emit('Diff', { session_id = session.id, files = files })
    end)
end

--- The offer for this session goes.
function M.withdraw(session)
    local owner = panel.owner()
    if owner and owner.offer == session.id then
        panel.close()
    end
    if M.waiting_offer and M.waiting_offer.session == session then
        M.waiting_offer = nil
    end
end

local function show_offer(session, event, sensitive)
    local verified = event.outcome == 'verified'
    local hint = panel.has_title and '' or '   (:Cofferdam focus)'
    local header = {
        {
            (verified and '✓ ' or '■ ') .. text_tools.line(session.title or session.id),
            verified and 'CofferdamGood' or 'CofferdamAsk',
        },
        { '  a apply   d diff   t transcript   q later' .. hint, 'CofferdamTool' },
        { '  ' .. words.outcome_words(event.outcome) .. ' · session ' .. session.id, 'CofferdamNote' },
        { '' },
    }
    local body = {}
    for index, finding in ipairs(session.findings) do
        if index > MAX_LISTED_FINDINGS then
            body[#body + 1] = ('‼ %d more'):format(#session.findings - MAX_LISTED_FINDINGS)
            break
        end
        body[#body + 1] = '‼ ' .. words.finding_line(finding)
    end
    for _, evidence in ipairs(util.table(event.evidence)) do
        body[#body + 1] = (words.evidence_line(evidence))
    end
    for index, path in ipairs(util.table(event.changedFiles)) do
        if index > MAX_LISTED_FILES then
            body[#body + 1] = ('… %d more'):format(#event.changedFiles - MAX_LISTED_FILES)
            break
        end
        local warning = sensitive[path] and '   (runs elsewhere: look at it with care)' or ''
        body[#body + 1] = '± ' .. text_tools.line(path) .. warning
    end
    panel.show({
        owner = { offer = session.id },
        title = 'Cofferdam · :Cofferdam focus',
        header = header,
        body = body,
        keys = {
            a = function()
                M.apply(session)
            end,
            d = function()
                panel.close()
                M.diff(session)
            end,
            t = function()
                panel.close()
                if session.transcript then
                    session.transcript:open(true)
                end
            end,
            q = panel.close,
        },
    })
end

--- Brings an offer back, with the cursor in it. False without one.
function M.focus()
    local owner = panel.owner()
    if owner and owner.offer then
        return panel.focus()
    end
    local offer = M.waiting_offer
    if offer then
        show_offer(offer.session, offer.event, offer.sensitive)
        return panel.focus()
    end
    return false
end

--- A turn that changed files has ended: applies by itself or offers to, as the user has set it.
function M.turn_ended(session, event)
    local files = util.table(event.changedFiles)
    if #files == 0 or config.current.apply == 'never' or event.outcome == 'answered' then
        return
    end
    -- Files that run elsewhere (hooks, workflows, editor tasks) are never taken over without a look.
    client.call(session.root, 'agent/diff', { sessionId = session.id }, function(problem, result)
        local sensitive, any = {}, problem ~= nil
        if problem then
            log.warn('no diff before apply:', problem)
        end
        for _, file in ipairs(util.table(util.table(result).files)) do
            if type(file) == 'table' and file.sensitive == true then
                sensitive[file.path or ''] = true
                any = true
            end
        end
        if config.current.apply == 'verified' and event.outcome == 'verified' and not any then
            M.apply(session)
            return
        end
        M.waiting_offer = { session = session, event = event, sensitive = sensitive }
        local owner = panel.owner()
        if not (owner and owner.approval) then
            show_offer(session, event, sensitive)
        end
        util.emit('ApplyOffered', { session_id = session.id, changed_files = files, outcome = event.outcome })
    end)
end

return M
