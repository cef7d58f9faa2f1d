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

-- The line of a file where the first conflict begins.
local function marker_line(path)
    local buffer = util.find_buffer(path)
    local lines = buffer and vim.api.nvim_buf_is_loaded(buffer) and vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
    if not lines then
        lines = vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
    end
    for number, line in ipairs(lines) do
        if line:sub(1, 8) == '<<<<<<< ' then
            return number
        end
    end
    return 1
end

local function list_conflicts(root, conflicts)
    local items = {}
    for _, conflict in ipairs(conflicts) do
        conflict = util.table(conflict)
        local path = root .. '/' .. tostring(conflict.path or '')
        items[#items + 1] = {
            filename = path,
            lnum = marker_line(path),
            text = text_tools.line(conflict.reason or 'not applied'),
            type = 'E',
        }
    end
    vim.fn.setqflist({}, ' ', { title = 'Cofferdam: not applied', items = items })
end

-- Brings buffers up to date after an apply or an undo, and tells.
local function report(root, done_paths, conflicts, untouched, verb)
    local unsaved = M.settle(root, done_paths, untouched)
    local text = util.plural(#done_paths, 'file') .. ' ' .. verb
    if #unsaved > 0 then
        text = text .. (', %s unsaved (:wall)'):format(util.plural(#unsaved, 'buffer'))
    end
    if #conflicts > 0 then
        list_conflicts(root, conflicts)
        util.warn(('%s, %s not (:copen says why)'):format(text, util.plural(#conflicts, 'file')))
    else
        util.notify(text)
    end
    return unsaved
end

-- What this editor applied of a session, the newest last: undo takes the last away.
local function remember(session, paths, hunks, applied)
    local operation = {}
    local ids = {}
    for _, choice in ipairs(hunks or {}) do
        ids[choice.path] = choice.ids
    end
    for _, path in ipairs(applied) do
        operation[path] = ids[path] and not vim.tbl_contains(paths or {}, path) and ids[path] or true
    end
    session.applies = session.applies or {}
    table.insert(session.applies, operation)
end

--- What of a file was applied: true for all of it, else a table of ids, or nil.
function M.is_applied(session, path)
    local ids
    for _, operation in ipairs(session.applies or {}) do
        if operation[path] == true then
            return true
        end
        for _, id in ipairs(operation[path] or {}) do
            ids = ids or {}
            ids[id] = true
        end
    end
    return ids
end

--- Called with a session when what was applied of it has changed.
M.on_change = function() end

--- Applies the result of a session, or only some of its paths or hunks.
---@param done function? called with the result of `agent/apply`, or nil and the problem
---@param hunks { path: string, ids: string[] }[]?
function M.apply(session, paths, done, hunks)
    local untouched = modified_buffers()
    hunks = hunks and #hunks > 0 and hunks or nil
    local params = { sessionId = session.id, paths = paths and #paths > 0 and paths or nil, hunks = hunks }
    local is_whole = not params.paths and not hunks
    if is_whole then
        M.withdraw(session)
    end
    client.call(session.root, 'agent/apply', params, function(problem, result)
        if problem then
            util.error('not applied: ' .. problem)
            if done then
                done(nil, problem)
            end
            return
        end
        local applied, conflicts = util.table(result.applied), util.table(result.conflicts)
        local unsaved = report(session.root, applied, conflicts, untouched, 'applied')
        if #applied > 0 then
            remember(session, paths, hunks, applied)
        end
        if #conflicts == 0 then
            session.applied = is_whole
        end
        M.on_change(session)
        util.emit('Applied', { session_id = session.id, applied = applied, conflicts = conflicts, unsaved = unsaved })
        if done then
            done(result)
        end
    end)
end

--- Takes the newest apply in a workspace back, also one of an earlier run of the editor or of the command line.
---@param id string? only of this session
---@param done function? called with the result of `agent/undo`, or nil and the problem
function M.undo(root, id, done)
    local untouched = modified_buffers()
    client.call(root, 'agent/undo', { sessionId = id, workspaceFolder = root }, function(problem, result)
        if problem then
            util.error('not undone: ' .. problem)
            if done then
                done(nil, problem)
            end
            return
        end
        local undone, conflicts = util.table(result.undone), util.table(result.conflicts)
        local unsaved = report(root, undone, conflicts, untouched, 'undone')
        local session = require('cofferdam.sessions').get(util.string(result.sessionId))
        if session then
            table.remove(session.applies or {})
            session.applied = false
            M.on_change(session)
        end
        util.emit('Undone', {
            session_id = result.sessionId,
            undone = undone,
            conflicts = conflicts,
            unsaved = unsaved,
            left = util.number(result.left) or 0,
        })
        if done then
            done(result)
        end
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
                require('cofferdam.review').show(session)
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
