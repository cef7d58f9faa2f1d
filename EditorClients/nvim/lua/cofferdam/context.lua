--- What the user is looking at, as AgentProtocol's PromptContext: lines and columns from 1, columns in bytes, the end
--- exclusive.
local config = require('cofferdam.config')
local util = require('cofferdam.util')

local M = {}

local severities = { 'error', 'warning', 'information', 'hint' }

-- A location of LSP counts in UTF-16 (or what was negotiated): without the text only whole lines are sure.
local function related_location(item, root)
    item = util.table(item)
    local location = util.table(item.location)
    if type(location.uri) ~= 'string' then
        return nil
    end
    local ok, path = pcall(vim.uri_to_fname, location.uri)
    path = ok and util.relative(path, root)
    if not path then
        return nil
    end
    local range = util.table(location.range)
    local first = util.number(util.table(range.start).line)
    local last = util.number(util.table(range['end']).line)
    return {
        path = path,
        message = tostring(item.message or ''),
        range = first
            and { startLine = first + 1, startColumn = 1, endLine = math.max(last or first, first) + 2, endColumn = 1 }
            or nil,
    }
end

local tag_names = { 'unnecessary', 'deprecated' }

local function tags_of(lsp)
    local tags
    for _, tag in ipairs(util.table(lsp.tags)) do
        if tag_names[tag] then
            tags = tags or {}
            tags[#tags + 1] = tag_names[tag]
        end
    end
    return tags
end

-- A diagnostic of a session about a line that the user has changed since: it says nothing of the text that is there.
local function is_stale(diagnostic)
    return util.table(util.table(util.table(diagnostic.user_data).lsp).data).stale == true
end

--- One of Neovim's diagnostics as AgentProtocol.Diagnostic; nil for a buffer outside the workspace.
function M.diagnostic(diagnostic, root)
    local buffer = diagnostic.bufnr or 0
    local name = vim.api.nvim_buf_is_valid(buffer) and vim.api.nvim_buf_get_name(buffer) or ''
    local path = util.relative(name, root)
    if not path then
        return nil
    end
    local lsp = util.table(util.table(diagnostic.user_data).lsp)
    local code = diagnostic.code or lsp.code
    local start_line, start_column = diagnostic.lnum + 1, diagnostic.col + 1
    local end_line = (diagnostic.end_lnum or diagnostic.lnum) + 1
    local end_column = (diagnostic.end_col or diagnostic.col) + 1
    local related
    for _, item in ipairs(util.table(lsp.relatedInformation)) do
        local location = related_location(item, root)
        if location then
            related = related or {}
            related[#related + 1] = location
        end
    end
    local source = util.string(diagnostic.source)
    return {
        tool = source and source ~= '' and source or 'editor',
        severity = severities[diagnostic.severity] or 'error',
        code = code ~= nil and code ~= vim.NIL and tostring(code) or nil,
        codeURL = util.string(util.table(lsp.codeDescription).href),
        message = tostring(diagnostic.message or ''),
        path = path,
        range = {
            startLine = start_line,
            startColumn = start_column,
            endLine = end_line,
            endColumn = end_line == start_line and math.max(end_column, start_column) or end_column,
        },
        related = related,
        tags = tags_of(lsp),
        -- Of an earlier session's diagnostic it tells that it is the same one.
        fingerprint = util.string(util.table(lsp.data).fingerprint) or '',
    }
end

local function convert(list, root)
    table.sort(list, function(a, b)
        if a.severity ~= b.severity then
            return (a.severity or 1) < (b.severity or 1)
        elseif a.bufnr ~= b.bufnr then
            return (a.bufnr or 0) < (b.bufnr or 0)
        elseif a.lnum ~= b.lnum then
            return a.lnum < b.lnum
        end
        return a.col < b.col
    end)
    local out = {}
    for _, item in ipairs(list) do
        local converted = not is_stale(item) and M.diagnostic(item, root)
        if converted then
            out[#out + 1] = converted
            if #out >= config.current.context.max_diagnostics then
                break
            end
        end
    end
    return out
end

--- All diagnostics of a buffer, of whatever server or linter; `range` = { first, last } in lines from 1.
function M.diagnostics(buffer, root, range)
    local list = vim.diagnostic.get(buffer)
    if range then
        list = vim.tbl_filter(function(item)
            return item.lnum + 1 <= range[2] and (item.end_lnum or item.lnum) + 1 >= range[1]
        end, list)
    end
    return convert(list, root)
end

--- The diagnostics at the cursor: those that it is in, else those of its line.
function M.diagnostics_at_cursor(root)
    local buffer = vim.api.nvim_get_current_buf()
    local cursor = vim.api.nvim_win_get_cursor(0)
    local line, column = cursor[1] - 1, cursor[2]
    local here, on_line = {}, {}
    for _, item in ipairs(vim.diagnostic.get(buffer)) do
        local last = item.end_lnum or item.lnum
        if item.lnum <= line and last >= line then
            on_line[#on_line + 1] = item
            local after_start = item.lnum < line or item.col <= column
            local before_end = last > line or (item.end_col or item.col + 1) > column
            if after_start and before_end then
                here[#here + 1] = item
            end
        end
    end
    return convert(#here > 0 and here or on_line, root)
end

--- The diagnostics of every buffer of the workspace.
function M.workspace_diagnostics(root)
    return convert(vim.diagnostic.get(nil), root)
end

-- Columns of the last visual selection when it is the one that the range means; whole lines otherwise.
local function columns(buffer, first, last)
    local text = vim.api.nvim_buf_get_lines(buffer, last - 1, last, false)[1] or ''
    local from, to = { vim.fn.line("'<"), vim.fn.col("'<") }, { vim.fn.line("'>"), vim.fn.col("'>") }
    if vim.fn.visualmode() == 'v' and from[1] == first and to[1] == last then
        -- The mark is on the last character's first byte; the end is after its last one.
        local rest = text:sub(to[2])
        local width = #(rest:match('^[%z\1-\127\192-\255][\128-\191]*') or '')
        return from[2], math.min(to[2] + width, #text + 1)
    end
    return 1, #text + 1
end

--- The selected lines as a Selection; nil when the buffer is no file of the workspace.
function M.selection(buffer, root, first, last)
    local path = util.relative(util.buffer_path(buffer) or '', root)
    if not path then
        return nil
    end
    local start_column, end_column = columns(buffer, first, last)
    local lines = vim.api.nvim_buf_get_lines(buffer, first - 1, last, false)
    if #lines > 0 then
        lines[#lines] = lines[#lines]:sub(1, end_column - 1)
        lines[1] = lines[1]:sub(start_column)
    end
    local text = table.concat(lines, '\n')
    return {
        path = path,
        range = { startLine = first, startColumn = start_column, endLine = last, endColumn = end_column },
        text = #text <= config.current.context.max_selection_bytes and text or nil,
    }
end

-- Where the cursor is: an empty selection.
local function cursor_selection(buffer, root)
    local path = util.relative(util.buffer_path(buffer) or '', root)
    if not path or buffer ~= vim.api.nvim_get_current_buf() then
        return nil
    end
    local cursor = vim.api.nvim_win_get_cursor(0)
    local line, column = cursor[1], cursor[2] + 1
    return { path = path, range = { startLine = line, startColumn = column, endLine = line, endColumn = column } }
end

--- The context of a prompt given in this buffer; `range` as for `diagnostics`.
function M.prompt(buffer, root, range)
    local settings = config.current.context
    local selection
    if range then
        selection = M.selection(buffer, root, range[1], range[2])
    elseif settings.cursor then
        selection = cursor_selection(buffer, root)
    end
    local diagnostics = settings.diagnostics and M.diagnostics(buffer, root, range) or {}
    if not selection and #diagnostics == 0 then
        return nil
    end
    return { selections = selection and { selection } or nil, diagnostics = #diagnostics > 0 and diagnostics or nil }
end

return M
