-- One whole session through the client, against the real `cofferdam lsp`, without a person:
--
--   nvim --headless -i NONE -u minimal_init.lua -S e2e.lua
--
-- Environment: COFFERDAM (the program), E2E_WORKSPACE (folder), E2E_FILE (relative or absolute), E2E_PROMPT,
-- E2E_RESULT (JSON written here), E2E_APPROVE=1 (allow what is asked; otherwise it is rejected),
-- E2E_SECONDS (patience for each step, default 300), E2E_SELECT="FIRST,LAST" (lines that go along),
-- E2E_INIT_OPTIONS (JSON, over the initialization options).
-- Exit 0 when the turn has ended and its result was applied, whatever the outcome; the result says the rest.

local result = {
    neovim = tostring(vim.version().major) .. '.' .. vim.version().minor .. '.' .. vim.version().patch,
    diagnosticsSeen = {},
    diagnosticCounts = {},
    -- Lines with diagnostics by file, every time they were others than before.
    diagnosticStates = {},
    approvals = {},
    messages = {},
    events = {},
    applied = {},
    conflicts = {},
}

local function finish(problem)
    result.error = problem
    -- Empty Lua tables are arrays here.
    local text = vim.json.encode(result)
    local file = assert(io.open(vim.env.E2E_RESULT, 'w'))
    file:write(text, '\n')
    file:close()
    require('cofferdam.client').stop_all()
    vim.wait(5000, function()
        return #require('cofferdam.client').roots() == 0
    end, 10)
    vim.cmd(problem and 'cquit 1' or 'qall!')
end

local patience = (tonumber(vim.env.E2E_SECONDS) or 300) * 1000
local function wait(what, condition)
    if not vim.wait(patience, condition, 10) then
        error('waited in vain for ' .. what, 0)
    end
end

local function look_at_state(all)
    local state = vim.empty_dict()
    for _, item in ipairs(all) do
        local path = vim.api.nvim_buf_get_name(item.bufnr)
        state[path] = state[path] or {}
        table.insert(state[path], item.lnum + 1)
    end
    for _, lines in pairs(state) do
        table.sort(lines)
    end
    local states = result.diagnosticStates
    if not vim.deep_equal(states[#states], state) then
        table.insert(states, state)
    end
end

local severities = { 'error', 'warning', 'information', 'hint' }
local known = {}
local function look_at_diagnostics()
    local all = vim.diagnostic.get(nil)
    look_at_state(all)
    local counts = result.diagnosticCounts
    if counts[#counts] ~= #all then
        counts[#counts + 1] = #all
    end
    for _, item in ipairs(all) do
        local lsp = (item.user_data or {}).lsp or {}
        local seen = {
            path = vim.api.nvim_buf_get_name(item.bufnr),
            line = item.lnum + 1,
            column = item.col + 1,
            endLine = (item.end_lnum or item.lnum) + 1,
            endColumn = (item.end_col or item.col) + 1,
            severity = severities[item.severity],
            source = item.source,
            code = item.code or lsp.code,
            message = item.message,
        }
        local key = vim.inspect(seen)
        if not known[key] then
            known[key] = true
            table.insert(result.diagnosticsSeen, seen)
        end
    end
end

local done, applied, lost, failed

local function on_event(name, data)
    table.insert(result.events, name)
    if name == 'Approval' then
        local approval = data.approval
        table.insert(result.approvals, {
            approvalId = approval.approvalId,
            tool = approval.tool,
            title = approval.title,
            command = approval.command,
            diff = approval.diff,
            reason = approval.reason,
        })
        -- Later, as a person would: the window must be there.
        vim.schedule(function()
            vim.cmd(vim.env.E2E_APPROVE == '1' and 'Cofferdam approve' or 'Cofferdam reject nobody is here to ask')
        end)
    elseif name == 'Started' then
        result.sessionId = data.session_id
    elseif name == 'Done' then
        done = data
    elseif name == 'Applied' then
        applied = data
    elseif name == 'Status' and (data.state == 'failed' or data.state == 'stopped') then
        failed = data
    elseif name == 'ServerExit' then
        lost = data.problem
    end
end

local function run()
    vim.notify = function(text, level)
        table.insert(result.messages, { text = text, level = level })
        if level == vim.log.levels.ERROR and text:find('not started') then
            failed = { state = 'not started', reason = text }
        end
    end
    local init_options = vim.env.E2E_INIT_OPTIONS and vim.json.decode(vim.env.E2E_INIT_OPTIONS) or nil
    require('cofferdam').setup({
        cmd = { vim.env.COFFERDAM, 'lsp' },
        init_options = init_options,
        log_level = 'debug',
        on_event = on_event,
    })
    vim.api.nvim_create_autocmd('DiagnosticChanged', { callback = look_at_diagnostics })
    vim.cmd('cd ' .. vim.fn.fnameescape(vim.env.E2E_WORKSPACE))
    vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.E2E_FILE))

    local range = vim.env.E2E_SELECT or ''
    vim.cmd(range .. 'Cofferdam start ' .. vim.env.E2E_PROMPT)
    wait('the end of the turn', function()
        return done or failed or lost
    end)
    look_at_diagnostics()
    if not done then
        error(lost or (failed.state .. ': ' .. tostring(failed.reason)), 0)
    end
    result.outcome, result.reason = done.outcome, done.reason
    result.changedFiles, result.evidence = done.changed_files, done.evidence
    result.transcript = require('cofferdam').transcript_text()
    result.status = require('cofferdam').status()

    if #done.changed_files > 0 then
        local problem
        require('cofferdam').apply(nil, function(_, words)
            problem = words
        end)
        wait('the result to be applied', function()
            return applied or problem or lost
        end)
        if not applied then
            error('not applied: ' .. tostring(problem or lost), 0)
        end
        result.applied, result.conflicts, result.unsaved = applied.applied, applied.conflicts, applied.unsaved
        vim.cmd('silent! wall')
    end
    result.transcript = require('cofferdam').transcript_text()
end

local ok, problem = xpcall(run, function(message)
    return type(message) == 'string' and message or debug.traceback(vim.inspect(message))
end)
finish(not ok and tostring(problem) or nil)
