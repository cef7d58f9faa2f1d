--- What a session has found: the diagnostics of its checks and the findings of its gate, as counts for the status
--- line and as a quickfix list that stays true while the session goes on.
local client = require('cofferdam.client')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local words = require('cofferdam.words')

local M = {}

-- A quickfix list with more entries helps nobody.
local MAX_ITEMS = 2000
-- Notes that follow one diagnostic.
local MAX_NOTES = 10
local REFRESH_MILLISECONDS = 100

local types = { 'E', 'W', 'I', 'N' }
local type_of = { error = 'E', warning = 'W', information = 'I', hint = 'N' }

--- Takes in what a check has found, in place of what it found before.
function M.note(session, check, delta, diagnostics)
    local found = { delta = delta, fingerprints = {}, placeless = {} }
    for _, diagnostic in ipairs(diagnostics) do
        if type(diagnostic) == 'table' then
            local fingerprint = util.string(diagnostic.fingerprint)
            if fingerprint and fingerprint ~= '' then
                found.fingerprints[fingerprint] = true
            end
            -- Of no file, such as a linker's: no editor can show it in one.
            if (util.string(diagnostic.path) or '') == '' then
                table.insert(found.placeless, diagnostic)
            end
        end
    end
    session.checks[check] = found
    M.refresh()
end

--- How all checks of a session stand against the untouched tree; nil before the first one has run.
function M.delta(session)
    local sum
    for _, found in pairs(session.checks) do
        sum = sum or { total = 0, new = 0, fixed = 0, remaining = 0 }
        for key, value in pairs(found.delta) do
            sum[key] = sum[key] + value
        end
    end
    return sum
end

--- The same in words for the status line; nil when it is no news.
function M.status(session)
    if #session.findings > 0 and session.state == 'idle' then
        return util.plural(#session.findings, 'finding')
    end
    local delta = M.delta(session)
    local done = session.outcome == 'verified' or session.outcome == 'answered' or session.state == 'stopped'
    if not delta or done or delta.total + delta.fixed == 0 then
        return nil
    end
    return words.delta_words(delta)
end

local function label(diagnostic, lsp)
    local source = text_tools.line(util.string(diagnostic.source) or util.string(diagnostic.tool) or '')
    local code = diagnostic.code or lsp.code
    code = (type(code) == 'string' or type(code) == 'number') and text_tools.line(code) or ''
    local both = source .. (source ~= '' and code ~= '' and ' ' or '') .. code
    return both ~= '' and (' [%s]'):format(both) or ''
end

local function text_of(diagnostic, lsp)
    return util.one_line(text_tools.line(tostring(diagnostic.message or ''):gsub('\n', ' '))) .. label(diagnostic, lsp)
end

-- The places that explain a diagnostic, as entries of their own below it.
local function add_notes(items, related)
    for index, note in ipairs(util.table(related)) do
        if index > MAX_NOTES then
            return
        end
        note = util.table(note)
        local location = util.table(note.location)
        local start = util.table(util.table(location.range).start)
        local ok, path = pcall(vim.uri_to_fname, location.uri)
        if ok and util.number(start.line) then
            items[#items + 1] = {
                filename = path,
                lnum = start.line + 1,
                col = (util.number(start.character) or 0) + 1,
                type = 'I',
                text = '  note: ' .. util.one_line(text_tools.line(note.message)),
            }
        end
    end
end

-- Whether a published diagnostic is one of this session. Equal ones of several sessions are published once.
local function belongs(lsp, session)
    local data = util.table(lsp.data)
    if data.sessionId == nil or data.sessionId == session.id then
        return true
    end
    for _, found in pairs(session.checks) do
        if found.fingerprints[data.fingerprint] then
            return true
        end
    end
    return false
end

local function published(session)
    local ready = client.ready(session.root)
    if not ready then
        return {}
    end
    local list = vim.diagnostic.get(nil, { namespace = vim.lsp.diagnostic.get_namespace(ready.id) })
    list = vim.tbl_filter(function(diagnostic)
        return belongs(util.table(util.table(diagnostic.user_data).lsp), session)
    end, list)
    local names = {}
    for _, diagnostic in ipairs(list) do
        names[diagnostic.bufnr] = names[diagnostic.bufnr] or vim.api.nvim_buf_get_name(diagnostic.bufnr)
    end
    table.sort(list, function(a, b)
        if (a.severity or 1) ~= (b.severity or 1) then
            return (a.severity or 1) < (b.severity or 1)
        elseif a.bufnr ~= b.bufnr then
            return names[a.bufnr] < names[b.bufnr]
        elseif a.lnum ~= b.lnum then
            return a.lnum < b.lnum
        end
        return a.col < b.col
    end)
    return list
end

--- The entries of the quickfix list: what the gate found, then diagnostics with their notes, the worst first; in every
--- file of the workspace, open or not, at the places where the buffers have them.
function M.items(session)
    local items = {}
    for _, finding in ipairs(session.findings) do
        local path = util.string(finding.path)
        items[#items + 1] = {
            filename = path and path ~= '' and session.root .. '/' .. path or nil,
            lnum = path and (util.number(finding.line) or 1) or nil,
            type = 'E',
            text = ('not verified: %s [%s]'):format(
                text_tools.line(finding.message or '?'), text_tools.line(finding.rule or '?')
            ),
        }
    end
    for _, found in pairs(session.checks) do
        for _, diagnostic in ipairs(found.placeless) do
            items[#items + 1] = { type = type_of[diagnostic.severity] or 'E', text = text_of(diagnostic, {}) }
        end
    end
    for _, diagnostic in ipairs(published(session)) do
        local lsp = util.table(util.table(diagnostic.user_data).lsp)
        items[#items + 1] = {
            bufnr = diagnostic.bufnr,
            lnum = diagnostic.lnum + 1,
            col = diagnostic.col + 1,
            end_lnum = diagnostic.end_lnum and diagnostic.end_lnum + 1 or nil,
            end_col = diagnostic.end_col and diagnostic.end_col + 1 or nil,
            type = types[diagnostic.severity] or 'E',
            text = text_of(diagnostic, lsp),
        }
        add_notes(items, lsp.relatedInformation)
        if #items >= MAX_ITEMS then
            break
        end
    end
    return items
end

-- The list that was made last: { id, session }.
local shown

local function title_of(session)
    return 'Cofferdam: ' .. util.one_line(text_tools.line(session.title), 60)
end

--- Fills the quickfix list, and opens it. It is kept up to date until another list is made.
---@param options { open: boolean? }?
---@return number entries
function M.quickfix(session, options)
    local items = M.items(session)
    if #items == 0 then
        util.notify('no diagnostics in ' .. session.id)
        return 0
    end
    vim.fn.setqflist({}, ' ', { title = title_of(session), items = items })
    shown = { id = vim.fn.getqflist({ id = 0 }).id, session = session }
    if not options or options.open ~= false then
        vim.cmd('botright copen')
    end
    return #items
end

local function update()
    if not shown then
        return
    end
    local list = vim.fn.getqflist({ id = shown.id, idx = 0, items = 0 })
    if list.id ~= shown.id then
        shown = nil
        return
    end
    local items = M.items(shown.session)
    -- The entry that the user is at stays the current one.
    local current, at = list.items[list.idx], 1
    for index, item in ipairs(items) do
        if current and item.text == current.text and (item.bufnr or current.bufnr) == current.bufnr then
            at = index
            break
        end
    end
    vim.fn.setqflist({}, 'r', { id = shown.id, title = title_of(shown.session), items = items, idx = at })
end

local waits = false

--- Something has changed: the quickfix list follows, if it is still this one.
function M.refresh()
    if shown and not waits then
        waits = true
        vim.defer_fn(function()
            waits = false
            update()
        end, REFRESH_MILLISECONDS)
    end
end

--- For tests: forgets the list.
function M.reset()
    shown = nil
end

--- Watches for diagnostics that come, move and go.
function M.watch()
    vim.api.nvim_create_autocmd('DiagnosticChanged', {
        group = vim.api.nvim_create_augroup('cofferdam_problems', { clear = true }),
        callback = M.refresh,
    })
end

return M
