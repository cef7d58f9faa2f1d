--- Places that a transcript names, such as `src/main.c:3:5`, and the way there.
local util = require('cofferdam.util')

local M = {}

-- A longer line is output of a program, not a place; and each word costs a look at the disk.
local MAX_LINE, MAX_WORDS = 4096, 60

-- The file of the workspace with this name, as an absolute path; nil when it is none.
local function file_of(name, root)
    name = name:gsub('^%./', '')
    if name == '' then
        return nil
    end
    local path = vim.loop.fs_realpath(name:sub(1, 1) == '/' and name or root .. '/' .. name)
    local stat = path and vim.loop.fs_stat(path)
    -- What a program prints does not lead out of the workspace.
    if stat and stat.type == 'file' and util.relative(path, root) then
        return path
    end
    return nil
end

local function place(name, lnum, column, root)
    local path = file_of(name, root)
    return path and { path = path, lnum = tonumber(lnum) or 1, column = tonumber(column) or 1 }
end

-- The word at a column, and the words of the line.
local function words_of(line, column)
    local under, all, from = nil, {}, 1
    while #all < MAX_WORDS do
        local first, last = line:find('[^%s\'"()%[%]<>,]+', from)
        if not first then
            break
        end
        all[#all + 1] = line:sub(first, last)
        under = (column >= first and column <= last) and all[#all] or under
        from = last + 1
    end
    return under, all
end

-- `path:line:column` with something behind it.
local function numbered(text, root)
    local name, lnum, rest = text:match('^(.-):(%d+)(.*)$')
    return name and place(name, lnum, rest:match('^[:.](%d+)'), root)
end

local function bare(word, root)
    return place(word:match('^(.-):?$'), 1, 1, root)
end

local function first_of(words, of, root)
    for _, word in ipairs(words) do
        local found = of(word, root)
        if found then
            return found
        end
    end
    return nil
end

--- The place in the workspace that a line names; the one at the column before others.
---@param column number byte, from 1
---@return { path: string, lnum: number, column: number }?
function M.find(line, column, root)
    if #line > MAX_LINE then
        return nil
    end
    local under, words = words_of(line, column)
    local name, lnum = line:match('"(.-)", line (%d+)')
    return under and (numbered(under, root) or bare(under, root))
        or name and place(name, lnum, 1, root)
        or first_of(words, numbered, root)
        -- A name with spaces in it: all from the line's first letter on.
        or numbered(line:match('^[^%w_./~-]*(.*)$'), root)
        or first_of(words, bare, root)
end

-- A window for a file: one that shows no transcript.
local function window_for_files()
    for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
        local buffer = vim.api.nvim_win_get_buf(window)
        local floats = vim.api.nvim_win_get_config(window).relative ~= ''
        if not floats and vim.bo[buffer].buftype == '' and vim.bo[buffer].filetype ~= 'cofferdam' then
            return window
        end
    end
    return nil
end

--- Goes to the place that the cursor's line names.
function M.go()
    local root = vim.b.cofferdam_root
    local cursor = vim.api.nvim_win_get_cursor(0)
    local found = root and M.find(vim.api.nvim_get_current_line(), cursor[2] + 1, root)
    if not found then
        return util.warn('no place of a file in this line')
    end
    local window = window_for_files()
    if window then
        vim.api.nvim_set_current_win(window)
    else
        vim.cmd('aboveleft vsplit')
    end
    local ok, problem = pcall(vim.cmd, 'edit ' .. vim.fn.fnameescape(found.path))
    if not ok then
        return util.error(tostring(problem):gsub('^.-(E%d+:)', '%1'))
    end
    local lnum = math.max(1, math.min(found.lnum, vim.api.nvim_buf_line_count(0)))
    pcall(vim.api.nvim_win_set_cursor, 0, { lnum, math.max(found.column - 1, 0) })
end

return M
