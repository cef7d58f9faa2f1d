--- Makes terminal output fit for a buffer. A program's output is hostile text: escape sequences, control bytes,
--- NULs, bytes that are no UTF-8, endless lines.
local M = {}

-- A sequence longer than this is none: the ESC was data.
local MAX_ESCAPE = 4096

---@class CofferdamCleaner
local Cleaner = {}
Cleaner.__index = Cleaner

--- A cleaner remembers the unfinished escape sequence at the end of a piece.
function M.cleaner()
    return setmetatable({ held = '' }, Cleaner)
end

-- Where the sequence that starts at `start` ends; nil when the piece ends first.
local function escape_end(text, start)
    local kind = text:sub(start + 1, start + 1)
    if kind == '' then
        return nil
    elseif kind == '[' then
        local finish = text:find('[^\32-\63]', start + 2)
        -- A control byte in it: the sequence was broken off, the byte counts.
        if finish and text:byte(finish) < 32 then
            return finish - 1
        end
        return finish
    elseif kind == ']' or kind == 'P' or kind == '_' or kind == '^' or kind == 'X' then
        local bell = text:find('\7', start + 2, true)
        local terminator = text:find('\27\\', start + 2, true)
        if bell and (not terminator or bell < terminator) then
            return bell
        end
        return terminator and terminator + 1
    elseif kind:find('[ -/]') then
        return text:sub(start + 2, start + 2) ~= '' and start + 2 or nil
    end
    return start + 1
end

local function caret(byte)
    local code = byte:byte()
    return '^' .. (code == 127 and '?' or string.char(code + 64))
end

--- Text without escape sequences; control bytes other than tab, newline and carriage return in caret notation.
function Cleaner:clean(text)
    if self.held ~= '' then
        text = self.held .. text
        self.held = ''
    end
    if text:find('\27', 1, true) then
        local out, from = {}, 1
        while true do
            local start = text:find('\27', from, true)
            if not start then
                out[#out + 1] = text:sub(from)
                break
            end
            out[#out + 1] = text:sub(from, start - 1)
            local finish = escape_end(text, start)
            if not finish then
                if #text - start > MAX_ESCAPE then
                    from = start + 1
                else
                    self.held = text:sub(start)
                    break
                end
            else
                from = finish + 1
            end
        end
        text = table.concat(out)
    end
    if text:find('[%z\1-\8\11-\31\127]') then
        text = text:gsub('\r+\n', '\n'):gsub('[%z\1-\8\11\12\14-\31\127]', caret)
    end
    return text
end

--- Nothing more comes: an unfinished sequence is dropped.
function Cleaner:finish()
    self.held = ''
end

--- Untrusted text on its own, such as a title or a path: one line of it, nothing that moves a cursor.
function M.line(text)
    return (tostring(text or ''):gsub('[%z\1-\31\127]', caret))
end

--- Untrusted text as lines; everything stays visible, nothing is left out.
function M.lines(text)
    local lines = {}
    for line in (tostring(text or '') .. '\n'):gmatch('(.-)\n') do
        lines[#lines + 1] = (line:gsub('[%z\1-\8\11-\31\127]', caret))
    end
    if #lines > 1 and lines[#lines] == '' then
        lines[#lines] = nil
    end
    return lines
end

--- The longest prefix of at most `limit` bytes that does not cut a character.
function M.prefix_length(text, limit)
    if #text <= limit then
        return #text
    end
    local cut = limit
    -- At most three continuation bytes; otherwise it is no UTF-8 and any place will do.
    for _ = 1, 3 do
        local byte = text:byte(cut + 1)
        if byte < 0x80 or byte >= 0xC0 then
            return cut
        end
        cut = cut - 1
    end
    local byte = text:byte(cut + 1)
    if byte < 0x80 or byte >= 0xC0 then
        return cut
    end
    return limit
end

--- The longest suffix of at most `limit` bytes that starts with a line or at least a character.
function M.suffix(text, limit)
    if #text <= limit then
        return text
    end
    text = text:sub(-limit)
    local newline = text:find('\n', 1, true)
    if newline and newline < #text and newline < 1000 then
        return text:sub(newline + 1)
    end
    return (text:gsub('^[\128-\191]+', '', 1))
end

return M
