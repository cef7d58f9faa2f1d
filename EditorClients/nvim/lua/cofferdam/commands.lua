--- :Cofferdam and its subcommands.
local M = {}

local function api()
    return require('cofferdam')
end

local function range_of(options)
    return options.range > 0 and { options.line1, options.line2 } or nil
end

local function words(rest)
    local list = {}
    for word in rest:gmatch('%S+') do
        list[#list + 1] = (word:gsub('\\(.)', '%1'))
    end
    return list
end

local subcommands = {
    start = function(rest, options)
        api().start(rest, { range = range_of(options) })
    end,
    plan = function(rest, options)
        api().start(rest, { range = range_of(options), mode = 'plan' })
    end,
    fix = function(rest, options)
        local scopes = { [''] = { range = range_of(options) }, all = 'buffer', workspace = 'workspace' }
        if not scopes[rest] then
            require('cofferdam.util').error('fix takes nothing, `all` or `workspace`')
            return
        end
        api().fix(scopes[rest])
    end,
    toolfix = function(rest, options)
        if rest ~= '' and rest ~= 'all' then
            require('cofferdam.util').error('toolfix takes nothing or `all`')
            return
        end
        api().tool_fix(rest == 'all' and 'buffer' or { range = range_of(options) })
    end,
    diagnostics = function(rest, options)
        api().diagnostics(rest, { open = not options.bang })
    end,
    prompt = function(rest, options)
        api().prompt(rest, { range = range_of(options), steer = options.bang })
    end,
    image = function(rest, options)
        if options.bang then
            require('cofferdam.images').clear()
        end
        api().image(words(rest)[1])
    end,
    model = function(rest)
        api().model(rest)
    end,
    cancel = function(rest)
        api().cancel(rest)
    end,
    stop = function(rest)
        api().stop(rest)
    end,
    fork = function(rest)
        local step, words_after = rest:match('^(%d+)%s*(.-)$')
        api().fork(step and tonumber(step), step and words_after or rest)
    end,
    restore = function(rest)
        local step = tonumber(rest:match('^%d+$') or '')
        if not step then
            require('cofferdam.util').error('restore takes the number of a step; the transcript has them')
            return
        end
        api().restore(step)
    end,
    publish = function(rest, options)
        api().publish({ title = rest ~= '' and rest or nil, branch_only = options.bang })
    end,
    approve = function(_, options)
        api().approve(options.bang)
    end,
    reject = function(rest)
        api().reject(rest)
    end,
    focus = function()
        api().focus()
    end,
    list = function()
        api().list()
    end,
    attach = function(rest)
        api().attach(rest)
    end,
    diff = function(rest)
        api().diff(words(rest))
    end,
    apply = function(rest, options)
        if rest == '' and options.range > 0 then
            api().apply_hunk(range_of(options))
        else
            api().apply(words(rest))
        end
    end,
    undo = function(rest)
        api().undo(rest)
    end,
    transcript = function(rest, options)
        api().transcript(rest, options.bang)
    end,
    log = function()
        api().log()
    end,
    health = function()
        vim.cmd('checkhealth cofferdam')
    end,
}

local names = vim.tbl_keys(subcommands)
table.sort(names)

--- Runs `:[range]Cofferdam {subcommand}[!] {rest}`.
function M.run(options)
    local name, bang, rest = options.args:match('^%s*(%a*)(!?)%s*(.-)%s*$')
    local util = require('cofferdam.util')
    if not name or name == '' then
        if options.args:match('%S') then
            util.error('no such subcommand; :help cofferdam-commands')
        elseif #require('cofferdam.sessions').all() > 0 then
            api().transcript()
        else
            api().start()
        end
        return
    end
    local body = subcommands[name]
    if not body then
        util.error(('no subcommand `%s`: %s'):format(name, table.concat(names, ', ')))
        return
    end
    body(rest, {
        range = options.range or 0,
        line1 = options.line1,
        line2 = options.line2,
        bang = bang == '!' or options.bang == true,
    })
end

local function session_ids()
    return vim.tbl_map(function(session)
        return session.id
    end, require('cofferdam.sessions').all())
end

local function changed_files()
    local session = require('cofferdam.sessions').current()
    return session and session.changed_files or {}
end

local function model_names()
    local session = require('cofferdam.sessions').current()
    return session and require('cofferdam.models').names(session.root) or {}
end

local arguments = {
    model = model_names,
    image = function(lead)
        return vim.fn.getcompletion(lead, 'file')
    end,
    fix = function()
        return { 'all', 'workspace' }
    end,
    toolfix = function()
        return { 'all' }
    end,
    diagnostics = session_ids,
    cancel = session_ids,
    stop = session_ids,
    attach = session_ids,
    transcript = session_ids,
    diff = changed_files,
    undo = session_ids,
    apply = changed_files,
}

local function matching(list, lead)
    return vim.tbl_filter(function(word)
        return word:sub(1, #lead) == lead
    end, list)
end

--- Completes the subcommand, then what it takes.
function M.complete(lead, line, position)
    local before = line:sub(1, position or #line)
    local given = before:match('Cofferdam!?%s+(.*)$') or ''
    local name = given:match('^(%a+)!?%s')
    if not name then
        return matching(names, lead)
    end
    local list = arguments[name]
    return list and matching(list(lead), lead) or {}
end

return M
