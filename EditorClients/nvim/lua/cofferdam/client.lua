--- The connection: one `cofferdam lsp` a workspace folder, through Neovim's own LSP client.
---
--- Only this module knows how the LSP client differs between Neovim versions.
local config = require('cofferdam.config')
local log = require('cofferdam.log')
local util = require('cofferdam.util')
local workspace = require('cofferdam.workspace')

local M = {}

-- A server that has not answered `initialize` by then is reported.
local START_SECONDS = 20

---@class CofferdamConnection
---@field root string
---@field client table? once it is ready
---@field waiting table[] callbacks until then

local connections = {} ---@type table<string, CofferdamConnection>

--- Called with the client's id and the words for the user when a server has ended. Set by `sessions`.
M.on_lost = nil
--- Called with (params, client id, root) for every `agent/progress`. Set by `sessions`.
M.on_progress = nil

local leaving = false

local function attach_buffer(connection, buffer)
    local path = util.buffer_path(buffer)
    if path and vim.api.nvim_buf_is_loaded(buffer) and util.relative(path, connection.root) then
        pcall(vim.lsp.buf_attach_client, buffer, connection.client.id)
    end
end

-- The ready connection with the innermost folder around this path.
local function innermost(path)
    local best
    for _, connection in pairs(connections) do
        if connection.client and util.relative(path, connection.root) then
            best = (best and #best.root >= #connection.root) and best or connection
        end
    end
    return best
end

--- The ready client that has this buffer, or nil.
function M.of_buffer(buffer)
    local path = util.buffer_path(buffer)
    local connection = path and innermost(path)
    return connection and connection.client
end

--- Attaches the buffer to the server of its workspace, when that one runs.
function M.attach_buffer(buffer)
    local path = vim.api.nvim_buf_is_valid(buffer) and util.buffer_path(buffer)
    if not path then
        return
    end
    local best = innermost(path)
    if best then
        attach_buffer(best, buffer)
    elseif config.current.autostart and workspace.marked_root(vim.fn.fnamemodify(path, ':p:h')) then
        local root = workspace.root(buffer)
        if root and not connections[root] and M.server_problem() == nil then
            M.with(root, function(_, problem)
                if problem then
                    util.warn(problem)
                end
            end)
        end
    end
end

local function finish(connection, problem)
    local waiting = connection.waiting
    connection.waiting = {}
    for _, body in ipairs(waiting) do
        body(connection.client, problem)
    end
end

-- Connections are known by the real path, whatever name the folder was given to the LSP client.
local function root_of(client_config)
    local root = client_config.root_dir or vim.fn.getcwd()
    return vim.loop.fs_realpath(root) or root
end

local function on_init(client)
    local root = root_of(client.config)
    local connection = connections[root]
    if not connection then
        connection = { root = root, waiting = {} }
        connections[root] = connection
    end
    connection.client = client
    log.info('server ready for', root)
    vim.schedule(function()
        if connections[root] ~= connection or connection.client ~= client then
            return
        end
        for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
            attach_buffer(connection, buffer)
        end
        finish(connection)
    end)
end

-- Neovim 0.7 leaves what an ended server has said about files that are not open.
local function forget_diagnostics(client_id)
    local namespace = vim.lsp.diagnostic.get_namespace(client_id)
    for _, diagnostic in ipairs(vim.diagnostic.get(nil, { namespace = namespace })) do
        pcall(vim.diagnostic.reset, namespace, diagnostic.bufnr)
    end
end

local function on_exit(code, signal, client_id)
    vim.schedule(function()
        forget_diagnostics(client_id)
        for root, connection in pairs(connections) do
            local known = connection.id or (connection.client and connection.client.id)
            -- Without an id: begun by vim.lsp.enable, and ended before it was ready.
            if known == nil or known == client_id then
                connections[root] = nil
                local expected = leaving or connection.stopping
                local how = signal ~= 0 and ('signal ' .. signal) or ('exit ' .. code)
                log.info('server for', root, 'ended:', how)
                local problem = connection.client and ('the language server ended (%s)'):format(how)
                    or ('the language server ended before it was ready (%s); see :Cofferdam health'):format(how)
                local was_ready = connection.client ~= nil
                connection.client = nil
                finish(connection, problem)
                -- Before that, whoever waits for the server tells it.
                if was_ready and not expected and M.on_lost then
                    M.on_lost(client_id, problem)
                end
            end
        end
    end)
end

local function init_options()
    return vim.tbl_deep_extend('force', {
        progress = true,
        -- Approvals and apply are offered by this client, on the events, without blocking the editor; so the server
        -- must not ask by itself. Neovim 0.7 to 0.9 answer a server's request as soon as its handler returns, which
        -- no question to a person can: the answer goes out of band, as the client's own `agent/approve` request.
        approve = false,
        apply = 'never',
        fileEdits = 'workspaceEdit',
        transcript = true,
        showTranscript = 'never',
        model = config.current.model,
    }, config.current.init_options)
end

-- The server's messages, in one line: Neovim's own handler stops the editor with "Press ENTER" at a long one.
-- What it says as information comes with the events too, and is told from there.
local function show_message(_, params)
    local text = tostring(util.table(params).message or ''):gsub('^Cofferdam[: ]*', '')
    local kind = util.table(params).type
    if kind == 1 then
        util.error(text)
    elseif kind == 2 then
        util.warn(text)
    else
        log.info('server:', text)
    end
end

-- Without its label, which Neovim would print over the message line.
local function apply_edit(problem, params, context, ...)
    local unlabelled = { edit = util.table(params).edit }
    return vim.lsp.handlers['workspace/applyEdit'](problem, unlabelled, context, ...)
end

-- Commands of code actions whose answer is a session: by Neovim alone it would be sent and forgotten.
local function start_by_command(command, context)
    local client = vim.lsp.get_client_by_id(context.client_id)
    if client then
        require('cofferdam.sessions').start_by_command(client, root_of(client.config), command)
    end
end

-- Neovim 0.7 keeps the data of a diagnostic and the page of its rule too, and does not say so.
local function capabilities()
    return vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
        textDocument = { publishDiagnostics = { dataSupport = true, codeDescriptionSupport = true } },
    })
end

--- What vim.lsp needs; for `vim.lsp.config`/`vim.lsp.enable` without a root, for vim.lsp.start with one.
function M.configuration(root)
    local settings = {
        name = 'cofferdam',
        cmd = config.current.cmd,
        root_dir = root,
        init_options = init_options(),
        capabilities = capabilities(),
        commands = { ['cofferdam.start'] = start_by_command, ['cofferdam.fixDiagnostics'] = start_by_command },
        handlers = {
            ['agent/progress'] = function(_, params, context)
                if M.on_progress then
                    local client = vim.lsp.get_client_by_id(context.client_id)
                    M.on_progress(params, context.client_id, client and root_of(client.config))
                end
            end,
            ['window/showMessage'] = show_message,
            ['workspace/applyEdit'] = apply_edit,
        },
        on_init = on_init,
        on_exit = on_exit,
    }
    if root then
        settings.cmd_cwd = root
        settings.workspace_folders = { { uri = vim.uri_from_fname(root), name = root } }
    else
        settings.root_markers = config.current.root_markers
        -- Such a start is not ours: note it, so that a command waits for it and starts no second server.
        settings.before_init = function(_, client_config)
            local found = root_of(client_config)
            if not connections[found] then
                connections[found] = { root = found, waiting = {} }
            end
        end
    end
    return settings
end

--- Why the server cannot be started, or nil.
function M.server_problem()
    local program = config.current.cmd[1]
    if type(program) ~= 'string' then
        return '`cmd` is empty'
    elseif vim.fn.executable(program) ~= 1 then
        return ('`%s` is not an executable program: install it or set `cmd` in setup()'):format(program)
    end
    return nil
end

local function start(root)
    local settings = M.configuration(root)
    if vim.fn.has('nvim-0.11') == 1 then
        return vim.lsp.start(settings, {
            attach = false,
            reuse_client = function()
                return false
            end,
        })
    end
    return vim.lsp.start_client(settings)
end

--- Calls `body(client)` once the server of this folder is ready, or `body(nil, problem)`.
function M.with(root, body)
    local connection = connections[root]
    if connection and connection.client then
        return body(connection.client)
    end
    if not connection then
        local problem = M.server_problem()
        if problem then
            return body(nil, problem)
        end
        connection = { root = root, waiting = { body } }
        connections[root] = connection
        local ok, id = pcall(start, root)
        if not ok or not id then
            connections[root] = nil
            return body(nil, 'the language server could not be started: ' .. tostring(id or 'see :messages'))
        end
        connection.id = id
        vim.defer_fn(function()
            if connections[root] == connection and not connection.client then
                util.warn('the language server does not answer; see :Cofferdam health')
            end
        end, START_SECONDS * 1000)
    else
        table.insert(connection.waiting, body)
    end
end

--- The ready client of a folder, or nil.
function M.ready(root)
    local connection = connections[root]
    return connection and connection.client
end

--- Folders with a server, for the health check.
function M.roots()
    local roots = {}
    for root, connection in pairs(connections) do
        roots[#roots + 1] = { root = root, ready = connection.client ~= nil }
    end
    return roots
end

--- Sends a request; `body(problem, result)`, where the problem is words for the user.
function M.request(client, method, params, body)
    local function reply(problem, result)
        if problem then
            local words = type(problem) == 'table' and problem.message or tostring(problem)
            log.warn(method, 'failed:', words)
            body(words)
        else
            body(nil, util.table(result))
        end
    end
    log.debug(method, params)
    local sent
    if vim.fn.has('nvim-0.11') == 1 then
        sent = client:request(method, params, reply)
    else
        sent = client.request(method, params, reply)
    end
    if not sent then
        body('the language server has ended')
    end
end

--- M.with and M.request in one.
function M.call(root, method, params, body)
    M.with(root, function(client, problem)
        if not client then
            return body(problem)
        end
        M.request(client, method, params, body)
    end)
end

--- Ends the servers; the sessions go on in the service.
function M.stop_all()
    for _, connection in pairs(connections) do
        connection.stopping = true
        local client = connection.client
        if client then
            if vim.fn.has('nvim-0.11') == 1 then
                client:stop()
            else
                client.stop()
            end
        end
    end
end

--- Watches for buffers of the workspaces.
function M.watch()
    local group = vim.api.nvim_create_augroup('cofferdam_client', { clear = true })
    vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile', 'BufWritePost', 'BufFilePost' }, {
        group = group,
        callback = function(arguments)
            -- Later: the file type, which goes along as the language, comes with another autocommand.
            vim.schedule(function()
                M.attach_buffer(arguments.buf)
            end)
        end,
    })
    vim.api.nvim_create_autocmd('VimLeavePre', {
        group = group,
        callback = function()
            leaving = true
        end,
    })
end

return M
