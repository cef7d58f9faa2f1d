--- The review: what a session changed in a buffer of file type diff, from which hunks and files are applied.
local apply = require('cofferdam.apply')
local client = require('cofferdam.client')
local config = require('cofferdam.config')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')

local M = {}

local namespace = vim.api.nvim_create_namespace('cofferdam_review')

local HELP = {
    { 'a', 'apply the hunk under the cursor, or the hunks of the selection' },
    { 'A', 'apply the file under the cursor' },
    { 'gA', 'apply everything' },
    { 'u', 'undo the newest apply' },
    { ']c [c', 'next, previous hunk' },
    { ']f [f', 'next, previous file' },
    { '<CR>', 'open the file at this line' },
    { 'R', 'read the changes again' },
    { 'q', 'close' },
}

-- What the lines of each review buffer stand for, by buffer.
local reviews = {}

local function review_buffer(session)
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
local function notes_of(file, path)
    local notes = {}
    if file.sensitive then
        notes[#notes + 1] = ('# %s runs elsewhere once it is applied: look at it with care'):format(path)
    end
    if file.binary then
        notes[#notes + 1] = ('# %s is binary: %s'):format(path, tostring(file.change))
    end
    return notes
end

-- Adds the lines of one file, and what they stand for: a file, and of it a hunk, the executable bit or neither.
local function lay_file(file, lines, places)
    local path = util.string(file.path) or '?'
    local hunks = util.table(file.hunks)
    local entry = { path = path, first = #lines + 1, hunks = {} }
    local function add(line, hunk)
        lines[#lines + 1] = (line:gsub('%z', '^@'))
        places[#lines] = { file = entry, hunk = hunk }
    end
    for _, note in ipairs(notes_of(file, text_tools.line(path))) do
        add(note)
    end
    local hunk, count, new_line
    for line in tostring(file.patch or ''):gmatch('([^\n]*)\n?') do
        if line:sub(1, 2) == '@@' then
            count = (count or 0) + 1
            local wire = util.table(hunks[count])
            hunk = { id = util.string(wire.id), line = #lines + 1 }
            entry.hunks[#entry.hunks + 1] = hunk
            new_line = tonumber(line:match('^@@ %-%d+,?%d* %+(%d+)')) or 1
            add(line, hunk)
        elseif not hunk and (line:match('^old mode ') or line:match('^new mode ')) and file.change == 'modified' then
            entry.mode = entry.mode or { id = 'mode', line = #lines + 1 }
            add(line, entry.mode)
        elseif line ~= '' or hunk then
            add(line, hunk)
            if hunk then
                places[#lines].target = new_line
                new_line = new_line + (line:match('^[ +]') and 1 or 0)
            end
        end
    end
    while #lines > entry.first and lines[#lines] == '' do
        lines[#lines], places[#lines] = nil, nil
    end
    -- A session of an older service names no hunks: then files are applied as a whole.
    if file.change ~= 'modified' or #hunks ~= #entry.hunks then
        entry.whole = true
    end
    return entry
end

local function show_marks(buffer)
    local review = reviews[buffer]
    vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
    local function mark(line)
        vim.api.nvim_buf_set_extmark(buffer, namespace, line - 1, 0, {
            virt_text = { { ' ✓ applied', 'CofferdamGood' } },
        })
    end
    for _, entry in ipairs(review.files) do
        local done = apply.is_applied(review.session, entry.path)
        if done == true then
            mark(entry.first)
        end
        for _, hunk in ipairs(entry.hunks) do
            if done == true or (done and hunk.id and done[hunk.id]) then
                mark(hunk.line)
            end
        end
        if entry.mode and type(done) == 'table' and done.mode then
            mark(entry.mode.line)
        end
    end
end

local function refresh_marks(session)
    for buffer, review in pairs(reviews) do
        if review.session == session and vim.api.nvim_buf_is_valid(buffer) then
            show_marks(buffer)
        end
    end
end

-- What is under the cursor, or in a range of lines: hunks by path, and whole files where there are none.
local function chosen(buffer, first, last)
    local hunks, order, paths, seen = {}, {}, {}, {}
    for line = first, last do
        local place = reviews[buffer].places[line]
        local entry = place and place.file
        -- A selection goes over the lines before a file's first hunk; the cursor there means the file.
        local means_file = entry and (entry.whole or (not place.hunk and first == last))
        if means_file then
            if not seen[entry] then
                seen[entry] = true
                paths[#paths + 1] = entry.path
            end
        elseif entry and place.hunk and place.hunk.id and not seen[place.hunk] then
            seen[place.hunk] = true
            if not hunks[entry.path] then
                hunks[entry.path] = {}
                order[#order + 1] = entry.path
            end
            table.insert(hunks[entry.path], place.hunk.id)
        end
    end
    local choices = {}
    for _, path in ipairs(order) do
        choices[#choices + 1] = { path = path, ids = hunks[path] }
    end
    return paths, choices
end

local function current(line)
    local buffer = vim.api.nvim_get_current_buf()
    local review = reviews[buffer]
    return buffer, review, review and review.places[line or vim.api.nvim_win_get_cursor(0)[1]]
end

--- Applies the hunk under the cursor, or those of a range of lines. On the lines before a file's first hunk: the file.
---@param range number[]? first and last line
---@param done function?
function M.apply_hunk(range, done)
    local line = vim.api.nvim_win_get_cursor(0)[1]
    local buffer, review = current()
    if not review then
        return util.error('this is no review: :Cofferdam diff')
    end
    local paths, hunks = chosen(buffer, range and range[1] or line, range and range[2] or line)
    if #paths == 0 and #hunks == 0 then
        return util.notify('there is no change here')
    end
    apply.apply(review.session, paths, done, hunks)
end

--- Applies the file under the cursor.
function M.apply_file(done)
    local _, review, place = current()
    if not place then
        return util.notify('there is no change here')
    end
    apply.apply(review.session, { place.file.path }, done)
end

-- The next line before or after the cursor that is in a list.
local function jump(lines, step)
    local line = vim.api.nvim_win_get_cursor(0)[1]
    local best
    for _, candidate in ipairs(lines) do
        if (candidate - line) * step > 0 and (not best or (best - candidate) * step > 0) then
            best = candidate
        end
    end
    if best then
        vim.cmd("normal! m'")
        vim.api.nvim_win_set_cursor(0, { best, 0 })
    end
end

local function jump_hunk(step)
    local _, review = current()
    local lines = {}
    for _, entry in ipairs(review.files) do
        if entry.mode or #entry.hunks == 0 then
            lines[#lines + 1] = entry.mode and entry.mode.line or entry.first
        end
        for _, hunk in ipairs(entry.hunks) do
            lines[#lines + 1] = hunk.line
        end
    end
    jump(lines, step)
end

local function jump_file(step)
    local _, review = current()
    jump(
        vim.tbl_map(function(entry)
            return entry.first
        end, review.files),
        step
    )
end

local function open_file()
    local _, review, place = current()
    if not place then
        return
    end
    local path = review.session.root .. '/' .. place.file.path
    if vim.fn.filereadable(path) == 0 then
        return util.notify(text_tools.line(place.file.path) .. ' is not in your folder yet')
    end
    util.open_untrusted(path)
    local last = vim.api.nvim_buf_line_count(0)
    vim.api.nvim_win_set_cursor(0, { math.max(1, math.min(place.target or 1, last)), 0 })
end

local function show_help()
    local lines = vim.tbl_map(function(entry)
        return ('%-8s%s'):format(entry[1], entry[2])
    end, HELP)
    vim.api.nvim_echo({ { table.concat(lines, '\n') } }, false, {})
end

local function set_keys(buffer)
    local function map(mode, key, body, description)
        vim.keymap.set(mode, key, body, {
            buffer = buffer,
            nowait = true,
            silent = true,
            desc = 'Cofferdam: ' .. description,
        })
    end
    map('n', 'a', function()
        M.apply_hunk()
    end, 'apply the hunk')
    map('x', 'a', function()
        local first, last = vim.fn.line('v'), vim.fn.line('.')
        vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<Esc>', true, false, true), 'nx', false)
        M.apply_hunk({ math.min(first, last), math.max(first, last) })
    end, 'apply the hunks of the selection')
    map('n', 'A', function()
        M.apply_file()
    end, 'apply the file')
    map('n', 'gA', function()
        apply.apply(reviews[buffer].session)
    end, 'apply everything')
    map('n', 'u', function()
        apply.undo(reviews[buffer].session.root, reviews[buffer].session.id)
    end, 'undo the newest apply')
    for key, step in pairs({ [']'] = 1, ['['] = -1 }) do
        map({ 'n', 'x' }, key .. 'c', function()
            jump_hunk(step)
        end, step == 1 and 'next hunk' or 'previous hunk')
        map({ 'n', 'x' }, key .. 'f', function()
            jump_file(step)
        end, step == 1 and 'next file' or 'previous file')
    end
    map('n', '<CR>', open_file, 'open the file')
    map('n', 'R', function()
        M.show(reviews[buffer].session, reviews[buffer].paths)
    end, 'read the changes again')
    map('n', 'q', '<Cmd>close<CR>', 'close')
    map('n', 'g?', show_help, 'help')
end

local function fill(buffer, session, paths, files)
    local lines = { '# a hunk · A file · gA all · u undo · ]c [c hunks · <CR> open · g? help', '' }
    local review = { session = session, paths = paths, files = {}, places = {} }
    for _, file in ipairs(files) do
        table.insert(review.files, lay_file(util.table(file), lines, review.places))
    end
    reviews[buffer] = review
    vim.bo[buffer].modifiable = true
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
    vim.bo[buffer].modifiable = false
    vim.bo[buffer].modified = false
    if vim.bo[buffer].filetype ~= 'diff' then
        vim.bo[buffer].filetype = 'diff'
    end
    set_keys(buffer)
    show_marks(buffer)
end

--- Shows the changes of a session in a buffer of file type diff.
function M.show(session, paths)
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
        local buffer = review_buffer(session)
        local window = vim.fn.win_findbuf(buffer)[1]
        local cursor = window and vim.api.nvim_win_get_cursor(window)
        fill(buffer, session, paths, files)
        if window then
            vim.api.nvim_set_current_win(window)
            pcall(vim.api.nvim_win_set_cursor, window, cursor)
        else
            vim.cmd(config.current.diff.open_command)
            vim.api.nvim_win_set_buf(0, buffer)
        end
        util.emit('Diff', { session_id = session.id, files = files })
    end)
end

apply.on_change = refresh_marks

return M
