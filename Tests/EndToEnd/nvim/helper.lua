--- What the specs share: a workspace in a fresh directory, the fake server, and waiting for things.
local M = {}

-- Long enough for a busy machine; a spec that passes never waits for it.
M.PATIENCE = 20000

M.events = {}

--- A workspace with one file, open in the current window, and a server of its own.
function M.workspace(options)
    local base = vim.loop.fs_mkdtemp(vim.env.SPEC_SCRATCH .. '/workspace-XXXXXX')
    vim.fn.mkdir(base .. '/.git', 'p')
    vim.fn.mkdir(base .. '/.state', 'p')
    M.root = vim.loop.fs_realpath(base)
    M.state = M.root .. '/.state'
    vim.env.FAKE_STATE = M.state
    M.write('main.c', { 'int main;', 'second line', 'third line' })
    M.events, M.messages = {}, {}
    vim.notify = function(text, level)
        table.insert(M.messages, { text = text, level = level })
    end
    require('cofferdam').setup(vim.tbl_deep_extend('force', {
        cmd = { 'python3', vim.env.SPEC_DIR .. '/fake_lsp.py' },
        log_level = 'debug',
        on_event = function(name, data)
            table.insert(M.events, { name = name, data = data })
        end,
    }, options or {}))
    vim.cmd('edit ' .. M.root .. '/main.c')
    return M.root
end

function M.write(name, lines)
    vim.fn.writefile(lines, M.root .. '/' .. name)
end

function M.read(name)
    return table.concat(vim.fn.readfile(M.root .. '/' .. name), '\n')
end

--- Everything back as it was before the spec.
function M.clean()
    require('cofferdam.client').stop_all()
    M.wait(function()
        return #require('cofferdam.client').roots() == 0
    end, 'the server ends')
    require('cofferdam.sessions').reset()
    require('cofferdam.config').set({})
    vim.cmd('silent! tabonly! | silent! only!')
    vim.cmd('silent! %bwipeout!')
end

--- Waits until the condition holds; a failed wait is a failed spec.
function M.wait(condition, what)
    local ok = vim.wait(M.PATIENCE, condition, 5)
    if not ok then
        local seen = vim.tbl_map(function(event)
            return event.name
        end, M.events)
        error(('waited in vain: %s (events: %s; messages: %s)'):format(
            what or 'a condition', table.concat(seen, ' '), vim.inspect(M.messages)
        ), 2)
    end
end

--- Waits for the nth event of this name; its data.
function M.event(name, nth)
    local found
    M.wait(function()
        local seen = 0
        for _, event in ipairs(M.events) do
            if event.name == name then
                seen = seen + 1
                if seen == (nth or 1) then
                    found = event.data
                    return true
                end
            end
        end
        return false
    end, 'event ' .. name)
    return found
end

function M.count(name)
    local seen = 0
    for _, event in ipairs(M.events) do
        seen = seen + (event.name == name and 1 or 0)
    end
    return seen
end

--- What the server was sent of this method.
function M.received(method)
    local list = {}
    for _, line in ipairs(vim.fn.readfile(M.state .. '/received.jsonl')) do
        local message = vim.json.decode(line)
        if message.method == method then
            table.insert(list, message.params)
        end
    end
    return list
end

--- Waits until the server has been sent this method.
function M.wait_received(method, nth)
    local list
    M.wait(function()
        local ok
        ok, list = pcall(M.received, method)
        return ok and #list >= (nth or 1)
    end, 'the server gets ' .. method)
    return list[nth or 1]
end

function M.message(pattern)
    for _, message in ipairs(M.messages) do
        if message.text:find(pattern) then
            return message.text
        end
    end
    return nil
end

function M.panel()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
        local buffer = vim.api.nvim_win_get_buf(window)
        if vim.api.nvim_buf_get_lines(buffer, 1, 2, false)[1]
            and vim.api.nvim_buf_get_lines(buffer, 1, 2, false)[1]:find('^  a a') then
            return window, table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'), buffer
        end
    end
    return nil
end

--- Types keys in the current window, as a user does.
function M.keys(keys)
    vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'xt', false)
end

function M.transcript(id)
    return require('cofferdam').transcript_text(id)
end

return M
