--- The live transcript of a session: events in, text out. It only ever appends.
local config = require('cofferdam.config')
local events = require('cofferdam.events')
local highlights = require('cofferdam.highlights')
local text_tools = require('cofferdam.text')
local util = require('cofferdam.util')
local writers = require('cofferdam.writer')

local M = {}

---@class CofferdamTranscript
local Transcript = {}
Transcript.__index = Transcript

function M.buffer_name(session_id)
    return 'cofferdam://session/' .. session_id
end

local function make_buffer(session)
    highlights.define()
    local name = M.buffer_name(session.id)
    for _, old in ipairs(vim.api.nvim_list_bufs()) do
        if vim.api.nvim_buf_get_name(old) == name then
            pcall(vim.api.nvim_buf_delete, old, { force = true })
        end
    end
    local buffer = vim.api.nvim_create_buf(true, true)
    vim.api.nvim_buf_set_name(buffer, name)
    vim.bo[buffer].buftype = 'nofile'
    vim.bo[buffer].bufhidden = 'hide'
    vim.bo[buffer].swapfile = false
    vim.bo[buffer].undolevels = -1
    vim.bo[buffer].modifiable = false
    vim.bo[buffer].filetype = 'cofferdam'
    vim.b[buffer].cofferdam_session = session.id
    vim.b[buffer].cofferdam_root = session.root
    for _, key in ipairs({ '<CR>', 'gf', 'gF' }) do
        vim.keymap.set('n', key, function()
            require('cofferdam.places').go()
        end, { buffer = buffer, silent = true, desc = 'Cofferdam: go to the place that this line names' })
    end
    return buffer
end

function M.new(session)
    local settings = config.current.transcript
    local buffer = make_buffer(session)
    return setmetatable({
        buffer = buffer,
        writer = writers.new(buffer, {
            flush_milliseconds = settings.flush_milliseconds,
            max_line_bytes = settings.max_line_bytes,
        }),
        items = {},
        -- Titles of approvals by id.
        asked = {},
        -- The item whose text was written last.
        speaking = nil,
    }, Transcript)
end

function Transcript:alive()
    return self.writer:alive()
end

--- Everything that waits goes into the buffer now.
function Transcript:flush()
    self.writer:flush()
end

-- The section of an item begins, or goes on after another item has spoken.
function Transcript:speak(id, heading, group)
    local writer = self.writer
    local item = self.items[id]
    if not item then
        item = { chunks = {}, bytes = 0, cleaners = {} }
        item.dropped, item.tail, item.tail_first, item.tail_last, item.tail_bytes = 0, {}, 1, 0, 0
        self.items[id] = item
        if heading then
            writer:fresh()
            writer:append('\n')
            writer:append(heading .. '\n', group)
            item.heading = heading
        end
    elseif self.speaking ~= id then
        writer:line(('… %s'):format(item.heading or 'goes on'), 'CofferdamNote')
    end
    self.speaking = id
    return item
end

local function cleaner(item, stream)
    item.cleaners[stream] = item.cleaners[stream] or text_tools.cleaner()
    return item.cleaners[stream]
end

-- Ends an item's section; nothing of it is kept.
function Transcript:close(id)
    self.items[id] = nil
    if self.speaking == id then
        self.speaking = nil
    end
    self.writer:fresh()
end

function Transcript:fold_from(item)
    if config.current.transcript.fold and not item.first_row and not item.marked then
        item.marked = true
        self.writer:fresh()
        self.writer:mark(function(row)
            item.first_row = row
        end)
    end
end

function Transcript:fold_to_here(item, minimum)
    if item.marked then
        self.writer:fresh()
        self.writer:mark(function(row)
            if item.first_row and row - item.first_row >= minimum then
                self.writer:fold(item.first_row, row)
            end
        end)
    end
end

-- Text of the model: message or reasoning.
function Transcript:stream(item, text, group)
    local limit = config.current.transcript.max_item_bytes
    if item.bytes >= limit then
        return
    end
    if item.bytes + #text > limit then
        text = text:sub(1, text_tools.prefix_length(text, limit - item.bytes))
        item.cut = true
    end
    item.bytes = item.bytes + #text
    item.chunks[#item.chunks + 1] = text
    self.writer:append(cleaner(item, 'text'):clean(text), group)
    if item.cut then
        self.writer:line('… more than is shown here', 'CofferdamNote')
        item.bytes = limit
    end
end

-- The completed text is authoritative: what the deltas lacked is added.
function Transcript:settle(item, whole, group)
    if item.cut then
        return
    end
    local had = table.concat(item.chunks)
    if had == whole then
        return
    end
    if whole:sub(1, #had) == had then
        self:stream(item, whole:sub(#had + 1), group)
    else
        self.writer:line('… in full, instead of the above:', 'CofferdamNote')
        item.bytes = 0
        self:stream(item, whole, group)
    end
end

-- Output of a command, up to the cap; then only its end is kept.
function Transcript:output(item, event)
    local settings = config.current.transcript
    local length = event.text and #event.text or util.base64_length(event.base64 or '')
    local group = event.stream == 'stderr' and 'CofferdamStderr' or 'CofferdamOutput'
    local room = settings.max_output_bytes - item.bytes
    if room <= 0 then
        item.dropped = item.dropped + length
        item.tail_last = item.tail_last + 1
        item.tail[item.tail_last] = { text = event.text, base64 = event.base64, length = length }
        item.tail_bytes = item.tail_bytes + length
        local first = item.tail_first
        while item.tail_bytes - item.tail[first].length >= settings.max_output_tail_bytes do
            item.tail_bytes = item.tail_bytes - item.tail[first].length
            item.tail[first] = nil
            first = first + 1
        end
        item.tail_first = first
        return
    end
    local text = event.text or util.base64_decode(event.base64 or '')
    local rest
    if #text > room then
        local cut = text_tools.prefix_length(text, room)
        text, rest = text:sub(1, cut), text:sub(cut + 1)
    end
    item.bytes = item.bytes + #text
    self:fold_from(item)
    self.writer:append(cleaner(item, event.stream or 'stdout'):clean(text), group)
    if rest then
        item.bytes = settings.max_output_bytes
        self.writer:line(
            ('… more than %s: the end follows when it has ended'):format(util.human_bytes(item.bytes)),
            'CofferdamNote'
        )
        self:output(item, { text = rest, stream = event.stream })
    end
end

-- The end of output that was cut off, and the fold: from `fold_lines` on, by default as the user has set it.
function Transcript:output_end(item, fold_lines)
    if item.ended then
        return
    end
    item.ended = true
    if item.dropped > 0 then
        local pieces = {}
        for index = item.tail_first, item.tail_last do
            local piece = item.tail[index]
            pieces[#pieces + 1] = piece.text or util.base64_decode(piece.base64 or '')
        end
        local tail = text_tools.suffix(table.concat(pieces), config.current.transcript.max_output_tail_bytes)
        local left_out = item.dropped - #tail
        if left_out > 0 then
            self.writer:line(('… %s left out …'):format(util.human_bytes(left_out)), 'CofferdamNote')
        end
        self.writer:append(text_tools.cleaner():clean(tail), 'CofferdamOutput')
    end
    self:fold_to_here(item, fold_lines or config.current.transcript.fold_output_lines)
end

--- Shows one event. Types that are not known are left out.
function Transcript:event(event, time, session)
    local body = events[event.type]
    if body and self:alive() then
        body(self, event, time, session)
    end
end

--- A line of the client's own.
function Transcript:note(text)
    if self:alive() then
        self.writer:line(text, 'CofferdamNote')
    end
end

-- The window that shows this transcript in the current tab page, and one that shows any.
local function windows(buffer)
    local own, any
    for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
        local shown = vim.api.nvim_win_get_buf(window)
        if shown == buffer then
            own = own or window
        elseif vim.bo[shown].filetype == 'cofferdam' then
            any = any or window
        end
    end
    return own, any
end

--- Shows the transcript; `focus` takes the cursor there.
function Transcript:open(focus)
    local before = vim.api.nvim_get_current_win()
    local window, other = windows(self.buffer)
    if not window then
        if not other then
            vim.cmd(config.current.transcript.open_command)
            other = vim.api.nvim_get_current_win()
        end
        -- One window for transcripts: a second session takes the place of the first one.
        window = other
        vim.api.nvim_win_set_buf(window, self.buffer)
        for option, value in pairs({
            number = false,
            relativenumber = false,
            signcolumn = 'no',
            foldcolumn = '0',
            list = false,
            spell = false,
            wrap = true,
            linebreak = true,
            breakindent = true,
            breakindentopt = 'shift:2',
            cursorline = false,
            foldmethod = 'manual',
            foldenable = true,
            foldtext = "v:lua.require'cofferdam.transcript'.fold_text()",
        }) do
            vim.api.nvim_win_call(window, function()
                vim.opt_local[option] = value
            end)
        end
        -- Neovim may have kept some of them for this buffer.
        vim.api.nvim_win_call(window, function()
            vim.cmd('silent! normal! zE')
        end)
        writers.make_folds(window, self.writer.folds)
        vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(self.buffer), 0 })
    end
    if focus then
        vim.api.nvim_set_current_win(window)
    elseif vim.api.nvim_win_is_valid(before) then
        vim.api.nvim_set_current_win(before)
    end
    return window
end

function M.fold_text()
    local first, last = vim.v.foldstart, vim.v.foldend
    return ('  ⋯ %d lines: %s '):format(last - first + 1, vim.fn.getline(first))
end

return M
