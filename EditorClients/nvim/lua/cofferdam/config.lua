--- Settings: the defaults, and the check of what the user gives to setup().
local M = {}

---@class CofferdamConfig
M.defaults = {
    -- The language server. Give an absolute path when `cofferdam` is not in $PATH.
    cmd = { 'cofferdam', 'lsp' },
    -- A folder that holds one of these is a workspace.
    root_markers = { '.cofferdam.yaml', '.git', '.hg' },
    -- Start the server with the first file of a workspace, not only with the first :Cofferdam command.
    autostart = false,
    -- Name of a model or role of the service; nil: the service's default.
    model = nil,
    -- Sent to the server as they are, over the initialization options that this client makes.
    init_options = {},
    -- What to do when a turn that changed files has ended:
    -- 'ask' (offer it), 'verified' (apply when every required check passed, else offer), 'never'.
    apply = 'ask',
    -- Write the buffers that apply changed: 'clean' (those without unsaved changes of yours), 'never'.
    write_applied = 'clean',
    -- What goes along with a prompt.
    context = {
        cursor = true,
        diagnostics = true,
        max_diagnostics = 200,
        max_selection_bytes = 256 * 1024,
    },
    transcript = {
        -- Show the transcript, without taking the cursor, when a session starts.
        auto_open = true,
        open_command = 'botright vsplit',
        -- Of one command: the first bytes are shown, then the last ones once it has ended.
        max_output_bytes = 256 * 1024,
        max_output_tail_bytes = 8 * 1024,
        -- Of one message, reasoning or patch.
        max_item_bytes = 1024 * 1024,
        max_patch_lines = 200,
        -- Longer lines are broken: Neovim is slow with very long ones.
        max_line_bytes = 2000,
        -- At most one redraw in this time.
        flush_milliseconds = 50,
        -- Fold reasoning and long output once they are complete.
        fold = true,
        fold_output_lines = 20,
    },
    approvals = {
        -- 'float' or 'split'. It never takes the cursor by itself.
        view = 'float',
        max_height = 20,
    },
    diff = { open_command = 'tab split' },
    -- vim.notify when the agent waits for you, and when a turn ends.
    notify = true,
    -- function(name, data): every event that also comes as `User Cofferdam…`; data on Neovim 0.7 too.
    on_event = nil,
    -- 'debug', 'info', 'warn', 'error'
    log_level = 'info',
}

M.current = vim.deepcopy(M.defaults)

local optional = { model = 'string', on_event = 'function' }

local choices = {
    apply = { 'ask', 'verified', 'never' },
    write_applied = { 'clean', 'never' },
    ['approvals.view'] = { 'float', 'split' },
    log_level = { 'debug', 'info', 'warn', 'error' },
}

-- Tables whose keys are the user's own, or that are lists.
local open_tables = { init_options = true, cmd = true, root_markers = true }

local function check(given, defaults, prefix, problems)
    for key, value in pairs(given) do
        local name = prefix .. tostring(key)
        local default = defaults[key]
        local wanted = optional[name] or (default ~= nil and type(default)) or nil
        if not wanted then
            table.insert(problems, ('unknown setting `%s`'):format(name))
        elseif type(value) ~= wanted then
            table.insert(problems, ('`%s` must be a %s, not a %s'):format(name, wanted, type(value)))
        elseif choices[name] and not vim.tbl_contains(choices[name], value) then
            local allowed = table.concat(choices[name], '`, `')
            table.insert(problems, ('`%s` must be one of `%s`'):format(name, allowed))
        elseif wanted == 'number' and value < 1 then
            table.insert(problems, ('`%s` must be positive'):format(name))
        elseif wanted == 'table' and not open_tables[name] then
            check(value, default, name .. '.', problems)
        end
    end
end

--- What is wrong with these settings, in words for the user.
---@return string[]
function M.problems(given)
    if type(given) ~= 'table' then
        return { 'setup() takes a table' }
    end
    local problems = {}
    check(given, M.defaults, '', problems)
    table.sort(problems)
    return problems
end

--- Takes the settings over. A wrong one is an error: nothing is taken then.
function M.set(given)
    local problems = M.problems(given or {})
    if #problems > 0 then
        error('cofferdam: ' .. table.concat(problems, '; '), 0)
    end
    local merged = vim.tbl_deep_extend('force', M.defaults, given or {})
    -- Lists replace, whatever the version's tbl_deep_extend does with them.
    for _, key in ipairs({ 'cmd', 'root_markers' }) do
        merged[key] = vim.deepcopy((given or {})[key] or M.defaults[key])
    end
    M.current = merged
    return merged
end

return M
