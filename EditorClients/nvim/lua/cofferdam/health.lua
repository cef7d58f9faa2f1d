--- :checkhealth cofferdam
local M = {}

-- 0.10 has the short names, 0.7 to 0.9 have `health` or the long ones.
local function reporter()
    local ok, health = pcall(function()
        return vim.health or require('health')
    end)
    if not ok or type(health) ~= 'table' then
        health = require('health')
    end
    return {
        start = health.start or health.report_start,
        ok = health.ok or health.report_ok,
        warn = health.warn or health.report_warn,
        error = health.error or health.report_error,
        info = health.info or health.report_info,
    }
end

local function check_neovim(report)
    local version = vim.version()
    local words = ('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch)
    if vim.fn.has('nvim-0.7') == 1 then
        report.ok(words)
    else
        report.error(words .. ': 0.7 or later is needed')
    end
    if vim.fn.has('nvim-0.8') == 0 then
        report.info('`User Cofferdam…` autocommands carry no data before Neovim 0.8: use `on_event` of setup()')
    end
end

-- What `cofferdam doctor` says: the sandbox's programs, the service, its models.
local function check_service(report, program)
    local say, text
    local function put()
        if say then
            say(text)
        end
    end
    for _, line in ipairs(vim.fn.systemlist({ program, 'doctor' })) do
        line = require('cofferdam.text').line((line:gsub('\27%[[%d;]*m', '')))
        local kind, rest = line:match('^(%a+)%s+(.*)')
        local next_say = ({ ok = report.ok, FAIL = report.error, note = report.warn })[kind]
        if next_say then
            put()
            say, text = next_say, rest
        elseif say and line:match('^%s') then
            text = text .. (text:match('\n') and ' ' or '\n') .. line:gsub('^%s+', '')
        end
    end
    put()
end

local function check_server(report, config)
    local problem = require('cofferdam.client').server_problem()
    if problem then
        report.error(problem)
        return
    end
    local program = config.current.cmd[1]
    report.ok(('`%s` is %s'):format(program, vim.fn.exepath(program)))
    local output = vim.fn.system({ program, '--version' })
    if vim.v.shell_error == 0 then
        report.ok('version: ' .. require('cofferdam.util').one_line(output, 80))
    else
        report.warn(('`%s --version` failed: %s'):format(program, require('cofferdam.util').one_line(output, 120)))
        return
    end
    check_service(report, program)
end

local function check_connections(report)
    local roots = require('cofferdam.client').roots()
    if #roots == 0 then
        report.info('no server runs now: it starts with the first :Cofferdam command (or `autostart`)')
    end
    for _, connection in ipairs(roots) do
        if connection.ready then
            report.ok('connected for ' .. connection.root)
        else
            report.warn('the server for ' .. connection.root .. ' is not ready yet')
        end
    end
    local sessions = require('cofferdam.sessions')
    for _, session in ipairs(sessions.all()) do
        local link = session.attached and '' or ' (not attached)'
        report.info(('session %s: %s%s'):format(session.id, session.state, link))
    end
    if sessions.malformed > 0 then
        report.warn(('%d events were malformed and left out; see the log'):format(sessions.malformed))
    end
end

function M.check()
    local config = require('cofferdam.config')
    local report = reporter()
    report.start('cofferdam')
    check_neovim(report)
    check_server(report, config)
    check_connections(report)
    report.info('log: ' .. require('cofferdam.log').path())
    -- 0.12 has no get_log_path.
    local path = vim.lsp.get_log_path and vim.lsp.get_log_path() or vim.lsp.log.get_filename()
    report.info('log of the LSP client and stderr of the server: ' .. path)
end

return M
