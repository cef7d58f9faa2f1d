--- Cofferdam for Neovim: the public functions. `:help cofferdam-lua`.
---
--- setup() is optional. Every function that asks the server returns at once; the answer comes as a `User Cofferdam…`
--- event, a notification, or a call of `done`.
local M = {}

local function rooms()
    return require('cofferdam.sessions'), require('cofferdam.client'), require('cofferdam.util')
end

local watching = false
local function watch()
    if not watching then
        watching = true
        require('cofferdam.sessions')
        require('cofferdam.client').watch()
        require('cofferdam.problems').watch()
    end
end

--- Takes settings over; see `cofferdam.config` for all of them.
---@param options table?
function M.setup(options)
    require('cofferdam.config').set(options)
    watch()
    if require('cofferdam.config').current.autostart then
        vim.schedule(function()
            require('cofferdam.client').attach_buffer(vim.api.nvim_get_current_buf())
        end)
    end
end

-- The folder of the current buffer, or nil after telling why there is none.
local function root_here()
    watch()
    local _, _, util = rooms()
    local root, problem = require('cofferdam.workspace').root(0)
    if not root then
        util.error(problem)
    end
    return root
end

-- The session meant by an id, or the current one; nil after telling that there is none.
local function session_of(id)
    watch()
    local sessions, _, util = rooms()
    local session
    if id and id ~= '' then
        session = sessions.get(id)
        if not session then
            util.error(('no session %s here; :Cofferdam attach %s brings it'):format(id, id))
        end
    else
        session = sessions.current()
        if not session then
            util.error('no session yet: :Cofferdam start, or :Cofferdam attach')
        end
    end
    return session
end

local function ask(prompt, body)
    vim.ui.input({ prompt = prompt }, function(text)
        if text and text:match('%S') then
            body(text)
        end
    end)
end

--- Starts a session about what is in front of the user.
---@param prompt string? asked for when nil
---@param options { range: number[]?, mode: string?, model: string?, images: string[]?, done: function? }?
function M.start(prompt, options)
    options = options or {}
    local root = root_here()
    if not root then
        return
    end
    local sessions = rooms()
    -- Now, not after the question: the user may look elsewhere meanwhile.
    local context = require('cofferdam.context').prompt(vim.api.nvim_get_current_buf(), root, options.range)
    local function go(text)
        local images, problem = require('cofferdam.images').take(options.images)
        if problem then
            return require('cofferdam.util').error(problem)
        end
        sessions.start(
            root,
            { prompt = text, context = context, images = images, mode = options.mode, model = options.model },
            function(session, trouble)
                if not session then
                    require('cofferdam.images').put_back(images)
                end
                if options.done then
                    options.done(session, trouble)
                end
            end
        )
    end
    if prompt and prompt:match('%S') then
        go(prompt)
    else
        ask(options.mode == 'plan' and 'Plan what? ' or 'What shall be done? ', go)
    end
end

--- Starts a session that fixes diagnostics: at the cursor, of a range, of the buffer ('buffer') or of all buffers
--- ('workspace').
---@param scope { range: number[]? }|'buffer'|'workspace'|nil
function M.fix(scope, done)
    local root = root_here()
    if root then
        require('cofferdam.fix').start(root, scope, done)
    end
end

--- Applies the tools' own fixes, which come with the diagnostics of a session: on the cursor's line, in a range, or in
--- the whole buffer.
---@param scope { range: number[]? }|'buffer'|nil
---@param done fun(count: number)?
function M.tool_fix(scope, done)
    watch()
    local actions = require('cofferdam.code_actions')
    if scope == 'buffer' then
        actions.fix_all(done)
    else
        actions.fix((scope or {}).range, done)
    end
end

--- Fills the quickfix list with what a session has found: the findings of its gate and its diagnostics, those of files
--- that are not open too. The list follows the session until another one is made.
---@param id string?
---@param options { open: boolean? }?
---@return number entries
function M.diagnostics(id, options)
    local session = session_of(id)
    return session and require('cofferdam.problems').quickfix(session, options) or 0
end

--- A follow-up to the current session.
---@param text string? asked for when nil
---@param options { steer: boolean?, range: number[]?, session: string?, model: string?, images: string[]? }?
function M.prompt(text, options)
    options = options or {}
    local session = session_of(options.session)
    if not session then
        return
    end
    local _, client, util = rooms()
    local buffer = vim.api.nvim_get_current_buf()
    local context = options.range and require('cofferdam.context').prompt(buffer, session.root, options.range) or nil
    local function go(words)
        local models, pictures = require('cofferdam.models'), require('cofferdam.images')
        local images, unread = pictures.take(options.images)
        if unread then
            return util.error(unread)
        end
        local chosen = models.take(session)
        client.call(session.root, 'agent/prompt', {
            sessionId = session.id,
            text = words,
            delivery = options.steer and 'steer' or 'queue',
            context = context,
            images = images,
            model = options.model or chosen,
            keepModel = not options.model and chosen and true or nil,
        }, function(problem)
            if problem then
                if chosen then
                    models.choose(session, chosen)
                end
                pictures.put_back(images)
                util.error('not sent: ' .. problem)
            end
        end)
    end
    if text and text:match('%S') then
        go(text)
    else
        ask(options.steer and 'Steer it: ' or 'What next? ', go)
    end
end

--- Adds a picture to the next prompt, of a new session or of one that is there.
---@param path string? nil or empty: says which wait
function M.image(path)
    local images, util = require('cofferdam.images'), require('cofferdam.util')
    local problem = path and path ~= '' and images.add(path) or nil
    if problem then
        return util.error(problem)
    end
    local names = images.names()
    util.notify(#names == 0 and 'no picture waits' or 'with the next prompt: ' .. table.concat(names, ', '))
end

--- Another model for a session: its next prompt asks for it, and so do those after.
---@param name string? chosen from a list when nil
function M.model(name)
    local session = session_of()
    if not session then
        return
    end
    local models, util = require('cofferdam.models'), require('cofferdam.util')
    models.fetch(session.root, function(problem, names)
        if problem then
            return util.error('no models: ' .. problem)
        end
        local function go(choice)
            if not choice then
                return
            end
            if not vim.tbl_contains(names, choice) then
                return util.error(('no model `%s`: %s'):format(choice, table.concat(names, ', ')))
            end
            models.choose(session, choice)
            vim.api.nvim_echo({ { ('cofferdam: the next prompt is for %s'):format(choice) } }, false, {})
        end
        if name and name ~= '' then
            go(name)
        else
            vim.ui.select(names, { prompt = 'Model:' }, go)
        end
    end)
end

local function end_with(method, words, id)
    local session = session_of(id)
    if not session then
        return
    end
    local _, client, util = rooms()
    client.call(session.root, method, { sessionId = session.id }, function(problem)
        if problem then
            util.error(('%s %s'):format(method, problem))
        else
            util.notify(('%s: %s'):format(session.id, words))
        end
    end)
end

--- Ends the running turn; the session stays.
function M.cancel(id)
    local session = session_of(id)
    if session and session.attached and session.state == 'idle' then
        local _, _, util = rooms()
        return util.notify('nothing runs in ' .. session.id)
    elseif not session then
        return
    end
    end_with('agent/cancel', 'cancelled', id)
end

--- Ends the session and its sandbox; its log and results stay readable.
function M.stop(id)
    end_with('agent/stop', 'stopped', id)
end

--- Begins a session with the files and the conversation of another one at a step.
---@param step integer? nil: the newest
---@param prompt string? what it is to do first
---@param done fun(id: string?, problem: string?)?
function M.fork(step, prompt, done)
    local session = session_of(nil)
    if session then
        require('cofferdam.steps').fork(session, step, prompt, done)
    end
end

--- Sets a session back to a step, or forward again. What was applied stays in your files.
---@param step integer
---@param done fun(problem: string?)?
function M.restore(step, done)
    local session = session_of(nil)
    if session then
        require('cofferdam.steps').restore(session, step, done)
    end
end

--- Pushes what the session changed, with a pull or merge request; once more, it brings both up to date.
---@param options table? `title`, `branch_only`
---@param done fun(result: table?, problem: string?)?
function M.publish(options, done)
    local session = session_of(nil)
    if session then
        require('cofferdam.publish').run(session, options or {}, done)
    end
end

--- Allows what waits.
---@param for_session boolean? also every equal action of the session
function M.approve(for_session)
    watch()
    local approve = require('cofferdam.approve')
    approve.choose(function(entry)
        approve.answer(entry, for_session and 'allowSession' or 'allowOnce')
    end)
end

--- Rejects what waits.
---@param feedback string? told to the model; asked for when nil
function M.reject(feedback)
    watch()
    local approve = require('cofferdam.approve')
    approve.choose(function(entry)
        approve.reject(entry, feedback)
    end)
end

--- Takes the cursor to what waits for the user: an approval, else the offer to apply.
function M.focus()
    watch()
    local _, _, util = rooms()
    if not require('cofferdam.approve').focus() and not require('cofferdam.apply').focus() then
        util.notify('nothing waits for you')
    end
end

--- The sessions of this workspace, newest first, as AgentProtocol.SessionSummary.
function M.sessions(done)
    local root = root_here()
    if root then
        require('cofferdam.listing').sessions(root, done)
    end
end

--- A session as one line of a list.
function M.describe(summary)
    return require('cofferdam.listing').describe(summary)
end

--- Lets the user choose a session and attaches to it.
function M.list()
    local root = root_here()
    if root then
        require('cofferdam.listing').choose(root, M.attach)
    end
end

--- Attaches to a session: its history is replayed, also after a restart of the editor. Without an id: to those that
--- lost their server, else to a chosen one.
function M.attach(id, done)
    watch()
    local sessions, client = rooms()
    if not id or id == '' then
        local lost = sessions.lost()
        if #lost == 0 then
            return M.list()
        end
        -- Newest last: that is the one which commands mean then.
        for index = #lost, 1, -1 do
            sessions.attach(lost[index].root, lost[index].id, false, done)
        end
        return
    end
    local session = sessions.get(id)
    if session and session.attached and session.transcript:alive() then
        sessions.select(session)
        session.transcript:open(true)
        if done then
            done(session)
        end
        return
    end
    local root = session and session.root or root_here()
    if not root then
        return
    end
    local function attach()
        sessions.attach(root, id, session ~= nil and not session.transcript:alive(), function(attached, problem)
            if attached then
                attached.transcript:open(true)
            end
            if done then
                done(attached, problem)
            end
        end)
    end
    if session and session.attached then
        -- Its transcript was closed: the events must come from the beginning, and only once.
        client.call(root, 'agent/detach', { sessionId = id }, attach)
    else
        attach()
    end
end

--- Shows what the session changed, for review: hunks and files are applied from there.
function M.diff(paths)
    local session = session_of()
    if session then
        require('cofferdam.review').show(session, paths)
    end
end

--- Writes the result into buffers and files.
---@param paths string[]? only these, relative to the workspace folder
function M.apply(paths, done)
    local session = session_of()
    if session then
        require('cofferdam.apply').apply(session, paths, done)
    end
end

--- Applies the hunk under the cursor of a review, or those of a range of its lines.
---@param range number[]?
function M.apply_hunk(range, done)
    require('cofferdam.review').apply_hunk(range, done)
end

--- Takes the newest apply in this workspace back.
---@param id string? only of this session
function M.undo(id, done)
    local root = vim.b.cofferdam_root or root_here()
    if root then
        id = id ~= '' and id or vim.b.cofferdam_session
        require('cofferdam.apply').undo(root, id, done)
    end
end

--- Opens the transcript; `on_disk`: the server's Markdown file instead of the live buffer.
function M.transcript(id, on_disk)
    local session = session_of(id)
    if not session then
        return
    end
    local sessions, client, util = rooms()
    if on_disk then
        client.call(session.root, 'agent/transcript', { sessionId = session.id }, function(problem, result)
            local path = util.string(util.table(result).path)
            if problem or not path then
                util.error('no transcript: ' .. (problem or 'the server named no file'))
            else
                util.open_untrusted(path)
            end
        end)
    elseif session.transcript:alive() then
        sessions.select(session)
        session.transcript:open(true)
    else
        M.attach(session.id)
    end
end

--- Opens this client's log.
function M.log()
    local _, _, util = rooms()
    util.open_untrusted(require('cofferdam.log').path())
    vim.cmd('setlocal readonly autoread')
end

--- One short text for the status line; empty without a session.
function M.status()
    if not package.loaded['cofferdam.sessions'] then
        return ''
    end
    return require('cofferdam.sessions').status()
end

--- The text of the live transcript; for scripts.
function M.transcript_text(id)
    local session = session_of(id)
    if not session then
        return nil
    end
    session.transcript:flush()
    return table.concat(vim.api.nvim_buf_get_lines(session.transcript.buffer, 0, -1, false), '\n')
end

return M
