--- Small things that several rooms need.
local config = require('cofferdam.config')
local log = require('cofferdam.log')

local M = {}

--- Opens a file whose text is not to be trusted: no modelines.
function M.open_untrusted(path)
    local before = vim.go.modeline
    vim.go.modeline = false
    local ok, problem = pcall(vim.cmd, 'split ' .. vim.fn.fnameescape(path))
    vim.go.modeline = before
    if not ok then
        M.error(tostring(problem))
    end
end

--- One line of text for a place that has one line.
function M.one_line(text, limit)
    text = tostring(text or ''):gsub('%s+', ' '):gsub('[%z\1-\31\127]', '?')
    if limit and vim.fn.strdisplaywidth(text) > limit then
        text = vim.fn.strcharpart(text, 0, math.max(limit - 1, 1)) .. '…'
    end
    return text
end

-- While the message line is in use.
local NOTIFY_AGAIN_MILLISECONDS = 300

local WHERE_ALL_OF_IT_IS = ' (:Cofferdam log)'

-- Neovim's own vim.notify, not one of a plugin.
local function notify_is_builtin()
    local info = debug.getinfo(vim.notify, 'S')
    return info == nil or info.source:find('^@?vim[/.]') ~= nil
end

-- Never longer than the message line: a longer message would stop the editor with "Press ENTER".
local function show_message(text, level)
    local room
    if notify_is_builtin() then
        local mode = vim.api.nvim_get_mode().mode:sub(1, 1)
        if mode == 'c' or mode == 'r' then
            -- The user is typing in that line, or answers a question there.
            vim.defer_fn(function()
                show_message(text, level)
            end, NOTIFY_AGAIN_MILLISECONDS)
            return
        end
        room = math.max(vim.v.echospace, 30)
        -- Two messages without a redraw between them would stop the editor too.
        vim.cmd('redraw')
    end
    local whole = M.one_line('cofferdam: ' .. text)
    if room and vim.fn.strdisplaywidth(whole) > room and level >= vim.log.levels.ERROR then
        whole = M.one_line(whole, room - #WHERE_ALL_OF_IT_IS) .. WHERE_ALL_OF_IT_IS
    end
    vim.notify(M.one_line(whole, room), level, { title = 'Cofferdam' })
end

--- Tells the user something, in one line. The whole text is in the log.
function M.notify(text, level)
    level = level or vim.log.levels.INFO
    log[level >= vim.log.levels.ERROR and 'error' or level >= vim.log.levels.WARN and 'warn' or 'info'](text)
    show_message(text, level)
end

function M.warn(text)
    M.notify(text, vim.log.levels.WARN)
end

function M.error(text)
    M.notify(text, vim.log.levels.ERROR)
end

local has_event_data = vim.fn.has('nvim-0.8') == 1
local warned_hook = false

--- `User Cofferdam{name}` and the on_event hook.
function M.emit(name, data)
    if config.current.on_event then
        local ok, problem = pcall(config.current.on_event, name, data)
        if not ok and not warned_hook then
            warned_hook = true
            M.error('on_event failed: ' .. tostring(problem))
        end
    end
    local options = { pattern = 'Cofferdam' .. name, modeline = false }
    if has_event_data then
        options.data = data
    end
    local ok, problem = pcall(vim.api.nvim_exec_autocmds, 'User', options)
    if not ok then
        log.warn('autocommand for', name, 'failed:', tostring(problem))
    end
end

local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
local alphabet = {}
do
    for index = 1, #letters do
        alphabet[letters:byte(index)] = index - 1
    end
end

--- Decodes base64; what is no base64 is left out.
function M.base64_decode(text)
    local out, bits, count = {}, 0, 0
    for index = 1, #text do
        local value = alphabet[text:byte(index)]
        if value then
            bits = bits * 64 + value
            count = count + 6
            if count >= 8 then
                count = count - 8
                local divisor = 2 ^ count
                local byte = math.floor(bits / divisor)
                bits = bits - byte * divisor
                out[#out + 1] = string.char(byte)
            end
        end
    end
    return table.concat(out)
end

--- Encodes as base64; `vim.base64` came with 0.10.
function M.base64_encode(bytes)
    if vim.base64 then
        return vim.base64.encode(bytes)
    end
    local function letter(value, place)
        local index = math.floor(value / 64 ^ place) % 64 + 1
        return letters:sub(index, index)
    end
    local out = {}
    for index = 1, #bytes, 3 do
        local a, b, c = bytes:byte(index, index + 2)
        local value = a * 65536 + (b or 0) * 256 + (c or 0)
        out[#out + 1] = letter(value, 3) .. letter(value, 2) .. (b and letter(value, 1) or '=')
            .. (c and letter(value, 0) or '=')
    end
    return table.concat(out)
end

--- Bytes that this base64 text stands for.
function M.base64_length(text)
    local padding = text:match('=*$')
    return math.floor((#text - #padding) * 3 / 4)
end

function M.human_bytes(count)
    if count >= 1024 * 1024 then
        return ('%.1f MiB'):format(count / 1024 / 1024)
    elseif count >= 1024 then
        return ('%.0f KiB'):format(count / 1024)
    end
    return count .. ' B'
end

function M.human_duration(milliseconds)
    local seconds = (tonumber(milliseconds) or 0) / 1000
    if seconds < 60 then
        return ('%.1f s'):format(seconds)
    end
    return ('%d m %02d s'):format(math.floor(seconds / 60), math.floor(seconds % 60))
end

function M.human_count(count)
    count = tonumber(count) or 0
    if count >= 1000000 then
        return ('%.1fM'):format(count / 1000000)
    elseif count >= 1000 then
        return ('%.1fk'):format(count / 1000)
    end
    return tostring(count)
end

function M.plural(count, noun)
    return ('%d %s%s'):format(count, noun, count == 1 and '' or 's')
end

--- A string field of a message, or nil when it is of another kind.
function M.string(value)
    return type(value) == 'string' and value or nil
end

function M.number(value)
    return type(value) == 'number' and value or nil
end

function M.table(value)
    return type(value) == 'table' and value or {}
end

--- The path relative to a folder; nil when it is outside.
function M.relative(path, folder)
    if path == '' or not folder or folder == '' then
        return nil
    end
    folder = folder:gsub('/+$', '')
    if path:sub(1, #folder + 1) == folder .. '/' then
        return path:sub(#folder + 2)
    end
    local real_path, real_folder = vim.loop.fs_realpath(path), vim.loop.fs_realpath(folder)
    if real_path and real_folder and real_path:sub(1, #real_folder + 1) == real_folder .. '/' then
        return real_path:sub(#real_folder + 2)
    end
    return nil
end

--- The absolute path of a file buffer; nil for anything else.
function M.buffer_path(buffer)
    if not vim.api.nvim_buf_is_valid(buffer) or vim.bo[buffer].buftype ~= '' then
        return nil
    end
    local name = vim.api.nvim_buf_get_name(buffer)
    if name == '' or name:match('^%a[%w+.-]*://') then
        return nil
    end
    return name
end

--- The buffer of exactly this path; bufnr() would take it for a pattern.
function M.find_buffer(path)
    local real = vim.loop.fs_realpath(path)
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
        local name = M.buffer_path(buffer)
        if name and (name == path or (real and vim.loop.fs_realpath(name) == real)) then
            return buffer
        end
    end
    return nil
end

return M
