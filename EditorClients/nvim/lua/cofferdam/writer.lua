--- Appends text to a buffer: batched, bounded in work per redraw, never touching what is already there except the
--- last, unfinished line. Knows nothing of sessions.
local text_tools = require('cofferdam.text')

local M = {}

-- Bytes that one flush puts into the buffer; the rest waits for the next one, so that typing stays possible.
local FLUSH_BYTES = 128 * 1024
-- Longer pieces are cut when they are queued, so that a flush can stop between them.
local PIECE_BYTES = 32 * 1024

local namespace = vim.api.nvim_create_namespace('cofferdam_transcript')

---@class CofferdamWriter
local Writer = {}
Writer.__index = Writer

---@param buffer number
---@param options { flush_milliseconds: number, max_line_bytes: number }
function M.new(buffer, options)
    return setmetatable({
        buffer = buffer,
        options = options,
        -- Pieces from `head` to `last`; counted, for the ones before are gone and `#` needs a whole list.
        queue = {},
        head = 1,
        last = 0,
        -- The last line of the buffer, as far as it is known.
        tail = '',
        rows = 1,
        -- The tail ended with a carriage return: what comes next overwrites it.
        overwrite = false,
        -- Whether the text, with everything queued, ends inside a line.
        open = false,
        scheduled = false,
        flushes = 0,
        folds = {},
    }, Writer)
end

function Writer:alive()
    return vim.api.nvim_buf_is_valid(self.buffer) and vim.api.nvim_buf_is_loaded(self.buffer)
end

function Writer:schedule()
    if self.scheduled or self.head > self.last then
        return
    end
    self.scheduled = true
    vim.defer_fn(function()
        self.scheduled = false
        self:flush(FLUSH_BYTES)
        self:schedule()
    end, self.options.flush_milliseconds)
end

function Writer:push(piece)
    self.last = self.last + 1
    self.queue[self.last] = piece
end

--- Queues text as it is; `group` highlights it.
function Writer:append(text, group)
    if text == '' then
        return
    end
    local from = 1
    while #text - from + 1 > PIECE_BYTES do
        local slice = text:sub(from, from + PIECE_BYTES)
        local length = text_tools.prefix_length(slice, PIECE_BYTES)
        self:push({ text = slice:sub(1, length), group = group })
        from = from + length
    end
    self:push({ text = from == 1 and text or text:sub(from), group = group })
    self.open = text:byte(-1) ~= 10
    self:schedule()
end

--- Ends the line that is open, if one is.
function Writer:fresh()
    if self.open then
        self:append('\n')
    end
end

--- A line of its own.
function Writer:line(text, group)
    self:fresh()
    self:append(text .. '\n', group)
end

--- Calls `body(row)` when everything queued so far is in the buffer; row is 0-based, of the line that comes next.
function Writer:mark(body)
    self:push({ text = '', call = body })
    self:schedule()
end

-- Adds one piece to the lines being built; returns the new last line.
function Writer:lay(text, lines, current)
    local limit = self.options.max_line_bytes
    local from, length = 1, #text
    while from <= length do
        local newline = text:find('\n', from, true)
        local segment = text:sub(from, newline and newline - 1 or length)
        if segment ~= '' then
            if segment:find('\r', 1, true) then
                -- A progress bar: only what is written last is seen.
                local body = segment:gsub('\r+$', '')
                local last = body:match('\r([^\r]*)$')
                if last or self.overwrite then
                    current = ''
                end
                self.overwrite = #body < #segment
                segment = last or body
            elseif self.overwrite then
                current = ''
                self.overwrite = false
            end
            if #current + #segment <= limit then
                current = current .. segment
            else
                local whole, start = current .. segment, 1
                while #whole - start + 1 > limit do
                    local slice = whole:sub(start, start + limit)
                    local size = text_tools.prefix_length(slice, limit)
                    lines[#lines + 1] = slice:sub(1, size)
                    start = start + size
                end
                current = whole:sub(start)
            end
        end
        if not newline then
            break
        end
        lines[#lines + 1] = current
        current = ''
        self.overwrite = false
        from = newline + 1
    end
    return current
end

local function followers(buffer, rows)
    local found = {}
    local mode = vim.api.nvim_get_mode().mode:sub(1, 1)
    local selecting = mode == 'v' or mode == 'V' or mode == '\22'
    local current = vim.api.nvim_get_current_win()
    for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
        local at_end = vim.api.nvim_win_get_cursor(window)[1] >= rows
        if at_end and not (selecting and window == current) then
            found[#found + 1] = window
        end
    end
    return found
end

--- Puts at most `budget` bytes of what waits into the buffer; everything without a budget.
function Writer:flush(budget)
    if not self:alive() then
        self.queue, self.head, self.last = {}, 1, 0
        return
    end
    if self.head > self.last then
        return
    end
    budget = budget or math.huge
    self.flushes = self.flushes + 1
    local base = self.rows - 1
    local lines, current, spans, calls, bytes = {}, self.tail, {}, {}, 0
    while self.head <= self.last and bytes < budget do
        local piece = self.queue[self.head]
        self.queue[self.head] = nil
        self.head = self.head + 1
        if piece.call then
            calls[#calls + 1] = { piece.call, base + #lines }
        else
            local row, column = base + #lines, #current
            current = self:lay(piece.text, lines, current)
            bytes = bytes + #piece.text
            if piece.group then
                local last = spans[#spans]
                if last and last.group == piece.group and last.end_row == row and last.end_column == column then
                    last.end_row, last.end_column = base + #lines, #current
                else
                    spans[#spans + 1] = {
                        group = piece.group,
                        row = row,
                        column = column,
                        end_row = base + #lines,
                        end_column = #current,
                    }
                end
            end
        end
    end
    if self.head > self.last then
        self.queue, self.head, self.last = {}, 1, 0
    end

    local following = followers(self.buffer, self.rows)
    lines[#lines + 1] = current
    vim.bo[self.buffer].modifiable = true
    vim.api.nvim_buf_set_lines(self.buffer, base, base + 1, false, lines)
    vim.bo[self.buffer].modifiable = false
    vim.bo[self.buffer].modified = false
    self.tail = current
    self.rows = base + #lines

    for _, span in ipairs(spans) do
        local start = lines[span.row - base + 1] or ''
        vim.api.nvim_buf_set_extmark(self.buffer, namespace, span.row, math.min(span.column, #start), {
            end_row = span.end_row,
            end_col = span.end_column,
            hl_group = span.group,
            -- Over the syntax file, which does not know where output begins.
            priority = 150,
            strict = false,
        })
    end
    for _, window in ipairs(following) do
        pcall(vim.api.nvim_win_set_cursor, window, { self.rows, 0 })
    end
    for _, call in ipairs(calls) do
        call[1](call[2])
    end
end

--- Folds rows (0-based, end exclusive) in every window that shows the buffer, and in later ones.
function Writer:fold(first, past)
    if past - first < 2 then
        return
    end
    local fold = { first + 1, past }
    self.folds[#self.folds + 1] = fold
    for _, window in ipairs(vim.fn.win_findbuf(self.buffer)) do
        M.make_folds(window, { fold })
    end
end

function M.make_folds(window, folds)
    vim.api.nvim_win_call(window, function()
        if vim.wo.foldmethod == 'manual' then
            for _, fold in ipairs(folds) do
                vim.cmd(('silent! %d,%dfold'):format(fold[1], fold[2]))
            end
            -- A fold made in a window that is not the current one leaves old lines on the screen of Neovim 0.7;
            -- setting a window option makes it draw them anew.
            vim.wo.foldenable = vim.wo.foldenable
            -- The top of the window may be inside a fold now: there is room for more lines.
            local top = vim.fn.line('w0')
            local closed = vim.fn.foldclosed(top)
            if vim.fn.line('.') == vim.fn.line('$') then
                vim.cmd('normal! zb')
            elseif closed > 0 and closed < top then
                vim.fn.winrestview({ topline = closed })
            end
        end
    end)
end

return M
