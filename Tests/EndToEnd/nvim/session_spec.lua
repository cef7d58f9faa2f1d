local h = require('helper')

describe(':Cofferdam', function()
    it('completes subcommands and their arguments', function()
        assert.same({ 'start', 'stop' }, vim.fn.getcompletion('Cofferdam st', 'cmdline'))
        assert.same({ 'all' }, vim.fn.getcompletion('Cofferdam fix a', 'cmdline'))
        assert.is_true(vim.tbl_contains(vim.fn.getcompletion("1,2Cofferdam ", 'cmdline'), 'approve'))
        assert.same({}, vim.fn.getcompletion('Cofferdam start x', 'cmdline'))
    end)

    it('names what it does not know', function()
        h.workspace()
        vim.cmd('Cofferdam nonsense')
        assert.is_truthy(h.message('no subcommand `nonsense`'))
        vim.cmd('Cofferdam fix nonsense')
        assert.is_truthy(h.message('fix takes nothing'))
        vim.cmd('Cofferdam cancel')
        assert.is_truthy(h.message('no session yet'))
        h.clean()
    end)

    it('defines maps for every part, and none by default', function()
        assert.not_equals('', vim.fn.maparg('<Plug>(CofferdamStart)', 'n'))
        assert.not_equals('', vim.fn.maparg('<Plug>(CofferdamStart)', 'x'))
        for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
            local from_us = (map.rhs or ''):find('Cofferdam') and not map.lhs:find('^<Plug>')
            assert.is_falsy(from_us)
        end
    end)
end)

describe('a session', function()
    before_each(function()
        h.workspace()
    end)
    after_each(h.clean)

    it('runs from :Cofferdam start to its end', function()
        local seen = {}
        vim.api.nvim_create_autocmd('User', {
            pattern = 'CofferdamDone',
            once = true,
            callback = function(arguments)
                seen = arguments
            end,
        })
        local diagnostics = {}
        local watch = vim.api.nvim_create_autocmd('DiagnosticChanged', {
            callback = function()
                vim.list_extend(diagnostics, vim.diagnostic.get())
            end,
        })
        local before = vim.api.nvim_get_current_win()
        vim.cmd('Cofferdam start plain fix | the "call"')
        assert.equals('s1', h.event('Started').session_id)
        local done = h.event('Done')
        vim.api.nvim_del_autocmd(watch)
        assert.equals('verified', done.outcome)
        assert.same({ 'main.c' }, done.changed_files)
        assert.equals('CofferdamDone', seen.match)
        if vim.fn.has('nvim-0.8') == 1 then
            assert.equals('verified', seen.data.outcome)
        end
        local start = h.received('agent/start')[1]
        assert.equals('plain fix | the "call"', start.prompt)
        assert.equals(h.root, start.workspaceFolder)
        local options = h.received('initialize')[1].initializationOptions
        assert.is_true(options.progress)
        assert.is_false(options.approve)
        assert.equals('workspaceEdit', options.fileEdits)
        -- Diagnostics of the compiler came natively, and went.
        assert.equals('too few arguments', diagnostics[1].message)
        assert.equals('gcc', diagnostics[1].source)
        h.wait(function()
            return #vim.diagnostic.get() == 0
        end, 'diagnostics cleared')
        -- The cursor stayed where it was, the transcript is beside it.
        assert.equals(before, vim.api.nvim_get_current_win())
        local text = h.transcript('s1')
        for _, part in ipairs({
            '… setting up the environment node',
            '▶ Setup 1 of 1: npm ci\nadded 3 packages\n· Environment node, set up',
            '! the set-up changed files of the repository, which are as they were: lock.json',
            '❯ plain fix | the "call"',
            '∴ Thinking\nLet me look.\nThe call lacks an argument.',
            'I will fix the call in `main.c`.\n',
            '⇅ network: the agent may reach https://pypi.org:443, but not https://evil.example.org:443 (set by service)',
            '⛔ network: https://other.example.org:443 refused: no rule allows this host and port (3 times)',
            '▶ Run: make\ncc main.c\nmain.c:1:5: error: no\n✗ exit 2 · 1.2 s',
            '⚑ build: 1 new, 0 fixed, 0 remaining\n  main.c:1:5: error: too few arguments',
            '± main.c modified\n@@ -1 +1 @@\n-int main;\n+int main(void);',
            '▶ Check build: make -k\n✓ build passed · 1.2 s · 1 warning\n',
            '✓ verified: every required check passed',
        }) do
            assert.is_truthy(text:find(part, 1, true), part .. '\nis not in\n' .. text)
        end
        assert.equals(1, select(2, text:gsub('in `main.c`', '')))
        assert.is_falsy(text:find('allows it', 1, true), 'what passed is no news')
        assert.equals('cofferdam: verified', require('cofferdam').status())
        assert.is_truthy(h.message('verified'))
    end)

    it('takes the selection along', function()
        vim.fn.setpos("'<", { 0, 2, 1, 0 })
        vim.fn.setpos("'>", { 0, 3, 5, 0 })
        vim.cmd("'<,'>Cofferdam start plain")
        h.event('Done')
        local selection = h.received('agent/start')[1].context.selections[1]
        assert.equals('main.c', selection.path)
        assert.equals('second line\nthird line', selection.text)
        assert.same({ startLine = 2, startColumn = 1, endLine = 3, endColumn = 11 }, selection.range)
    end)

    it('takes a selection by characters along', function()
        vim.api.nvim_buf_set_lines(0, 1, 3, false, { 'aéb', 'cédef' })
        vim.api.nvim_win_set_cursor(0, { 2, 1 })
        h.keys('vjl<Esc>')
        vim.cmd("'<,'>Cofferdam start plain")
        h.event('Done')
        local selection = h.received('agent/start')[1].context.selections[1]
        assert.equals('éb\ncéd', selection.text)
        assert.same({ startLine = 2, startColumn = 2, endLine = 3, endColumn = 5 }, selection.range)
    end)

    it('asks for the prompt when none is given', function()
        local input = vim.ui.input
        vim.ui.input = function(_, body)
            body('plain asked')
        end
        vim.cmd('Cofferdam start')
        vim.ui.input = input
        h.event('Done')
        assert.equals('plain asked', h.received('agent/start')[1].prompt)
        vim.ui.input = function(_, body)
            body(nil)
        end
        vim.cmd('Cofferdam start')
        vim.ui.input = input
        assert.equals(1, #h.received('agent/start'))
    end)

    it('fixes the diagnostics of other servers and linters', function()
        local space = vim.api.nvim_create_namespace('linter')
        vim.diagnostic.set(space, 0, {
            { lnum = 0, col = 4, end_lnum = 0, end_col = 8, severity = 1, source = 'lint', message = 'bad name',
                user_data = { lsp = { code = 'E7', codeDescription = { href = 'https://x/E7' } } } },
            { lnum = 0, col = 0, end_lnum = 0, end_col = 3, severity = 2, source = 'lint', message = 'elsewhere' },
            { lnum = 2, col = 0, severity = 4, message = 'hint' },
        })
        vim.api.nvim_win_set_cursor(0, { 1, 5 })
        vim.cmd('Cofferdam fix')
        h.event('Done')
        local start = h.received('agent/start')[1]
        assert.equals('Fix this error at main.c:1: bad name', start.prompt)
        assert.equals(1, #start.context.diagnostics)
        local only = start.context.diagnostics[1]
        assert.same({ startLine = 1, startColumn = 5, endLine = 1, endColumn = 9 }, only.range)
        assert.equals('lint', only.tool)
        assert.equals('E7', only.code)
        assert.equals('https://x/E7', only.codeURL)
        assert.equals('', only.fingerprint)
        vim.cmd('Cofferdam fix all')
        h.event('Done', 2)
        local all = h.received('agent/start')[2].context.diagnostics
        assert.same({ 'error', 'warning', 'hint' }, { all[1].severity, all[2].severity, all[3].severity })
        assert.equals('editor', all[3].tool)
        vim.diagnostic.reset(space, 0)
        vim.cmd('Cofferdam fix')
        assert.is_truthy(h.message('no diagnostics here'))
    end)

    it('is steered, cancelled and stopped', function()
        vim.cmd('Cofferdam start hang')
        h.event('TurnStarted')
        vim.cmd('Cofferdam prompt then that')
        assert.same({ sessionId = 's1', text = 'then that', delivery = 'queue' }, h.wait_received('agent/prompt'))
        vim.cmd('Cofferdam prompt! this instead')
        assert.equals('steer', h.wait_received('agent/prompt', 2).delivery)
        assert.is_truthy(require('cofferdam').status():find('thinking'))
        vim.cmd('Cofferdam cancel')
        assert.equals('cancelled', h.event('Done').outcome)
        vim.cmd('Cofferdam stop s1')
        assert.same({ sessionId = 's1' }, h.wait_received('agent/stop'))
    end)

    it('is forked at a step and set back to one', function()
        vim.cmd('Cofferdam start hang')
        h.event('TurnStarted')
        vim.cmd('Cofferdam restore 2')
        assert.same({ sessionId = 's1', step = 2 }, h.wait_received('agent/restore'))
        assert.is_truthy(vim.wait(5000, function()
            return h.transcript('s1'):find('■ back at step 2', 1, true) ~= nil
        end))
        vim.cmd('Cofferdam restore 9')
        h.wait_received('agent/restore', 2)
        assert.is_truthy(vim.wait(5000, function()
            return h.message('not set back: .*no step 9') ~= nil
        end))
        vim.cmd('Cofferdam restore all')
        assert.is_truthy(h.message('restore takes the number of a step'))
        vim.cmd('Cofferdam fork 1 try it without the cast')
        assert.same(
            { sessionId = 's1', step = 1, prompt = 'try it without the cast' },
            h.wait_received('agent/fork')
        )
        assert.is_truthy(vim.wait(5000, function()
            return h.message('s2: forked from s1') ~= nil
        end))
        assert.is_truthy(h.transcript('s2'):find('· forked from s1 at step 1', 1, true))
    end)

    it('is published when the user says yes', function()
        local select, asked, answer = vim.ui.select, {}, 2
        vim.ui.select = function(items, options, choose)
            asked[#asked + 1] = options.prompt
            choose(items[answer], answer)
        end
        vim.cmd('Cofferdam start hang')
        h.event('TurnStarted')
        vim.cmd('Cofferdam publish Mend the parser')
        assert.same(
            { sessionId = 's1', kind = 'changeRequest', title = 'Mend the parser' },
            h.wait_received('agent/publish')
        )
        assert.is_truthy(vim.wait(5000, function()
            return h.message('nothing was published') ~= nil
        end))
        assert.same({ 'Publish? no checks verify it; it changes .github/?[2Jci.yml: ' }, asked)
        answer = 1
        vim.cmd('Cofferdam publish!')
        local sent = h.wait_received('agent/publish', 3)
        assert.equals('branch', sent.kind)
        assert.same({ 'path:.github/\27[2Jci.yml', 'unverified' }, sent.approved)
        assert.is_truthy(vim.wait(5000, function()
            return h.message('pushed cofferdam/s1 to https://git.example.com/team/tool') ~= nil
                and h.message('there is no label') ~= nil
        end))
        assert.is_truthy(vim.wait(5000, function()
            return h.transcript('s1'):find('· published as cofferdam/s1: https://git.example.com', 1, true) ~= nil
        end))
        vim.cmd('Cofferdam publish refused')
        assert.is_truthy(vim.wait(5000, function()
            return h.message('not published: .*no branch that may be pushed') ~= nil
        end))
        vim.ui.select = select
    end)

    it('says nothing twice', function()
        vim.cmd('Cofferdam start terse')
        h.event('Done')
        local text = h.transcript('s1')
        for _, part in ipairs({
            '▶ Read: b.c\n✓ Read: b.c · 2 lines\n✓ Read: a.c · 2 lines\n',
            '▶ Check make\ncc\n',
            'z\n⚑ make: 0 new, 2 fixed, 1 remaining\n  a.c: error: no\n✗ make failed · exit 2 · 1.2 s · 1 error\n',
            '▶ Check lint\n✓ lint passed · 1.2 s\n',
            '✗ Run: rm · rejected by cli: no\n\n▶ Shell: x\n✗ cancelled\n',
            '✓ verified: every required check passed\n',
        }) do
            assert.is_truthy(text:find(part, 1, true), part .. '\nis not in\n' .. text)
        end
        -- The diagnostics stand below the output that has them too, which is folded.
        local transcript = require('cofferdam.sessions').get('s1').transcript
        assert.equals(1, #transcript.writer.folds)
        vim.cmd('Cofferdam cancel')
        assert.is_truthy(h.message('nothing runs in s1'))
    end)

    it('survives output of every kind', function()
        vim.cmd('Cofferdam start nasty')
        h.event('Done')
        local text = h.transcript('s1')
        for _, part in ipairs({
            'red plain\ndone\nnul^@ bad\255\254\nafter\n', 'split é\nno newline at the end\n✓ exit 0',
        }) do
            assert.is_truthy(text:find(part, 1, true), vim.inspect(text))
        end
        assert.is_nil(text:find('\27', 1, true))
        assert.is_truthy(text:gsub('\n', ''):find(('é'):rep(5000), 1, true))
        for _, line in ipairs(vim.split(text, '\n')) do
            assert.is_true(#line <= 2000)
        end
    end)

    it('survives events that are none', function()
        vim.cmd('Cofferdam start malformed')
        h.event('Done')
        local sessions = require('cofferdam.sessions')
        assert.is_true(sessions.malformed >= 7, tostring(sessions.malformed))
        assert.equals('idle', sessions.get('s1').state)
        assert.is_truthy(h.transcript('s1'):find('answered', 1, true))
    end)

    it('says what the server says, in one line', function()
        local handlers = require('cofferdam.client').configuration(h.root).handlers
        handlers['window/showMessage'](nil, { type = 1, message = 'Cofferdam (s1): the service\nis away' }, {})
        handlers['window/showMessage'](nil, { type = 3, message = 'only for the log' }, {})
        assert.equals('cofferdam: (s1): the service is away', h.message('away'))
        assert.is_nil(h.message('only for the log'))
    end)

    it('stays responsive through 10 MB of output', function()
        local ticks, longest, last = 0, 0, vim.loop.hrtime()
        local timer = vim.loop.new_timer()
        timer:start(0, 5, vim.schedule_wrap(function()
            local now = vim.loop.hrtime()
            ticks, longest, last = ticks + 1, math.max(longest, now - last), now
        end))
        vim.cmd('Cofferdam start flood 10')
        local started = vim.loop.hrtime()
        h.event('Done')
        timer:stop()
        timer:close()
        local session = require('cofferdam.sessions').get('s1')
        local text = h.transcript('s1')
        io.stdout:write(('# 10 MB in %d ms; longest pause %d ms; %d ticks; %d flushes; %d bytes shown\n'):format(
            (vim.loop.hrtime() - started) / 1e6, longest / 1e6, ticks, session.transcript.writer.flushes, #text
        ))
        -- The work is bounded by the cap, not by the output; the editor's own events came through meanwhile.
        assert.is_true(#text < 300 * 1024)
        assert.is_true(session.transcript.writer.flushes < 100)
        assert.is_true(ticks > 10)
        assert.is_truthy(text:find('… more than 256 KiB: the end follows when it has ended', 1, true))
        assert.is_truthy(text:find('left out …', 1, true))
        assert.is_truthy(text:find('the very end\n✓ exit 0', 1, true))
    end)

    it('has a transcript on disk too, whose modelines do nothing', function()
        h.write('.state/transcript.md', { 'vim: set textwidth=33:' })
        local before = vim.go.modeline
        vim.go.modeline = true
        vim.cmd('Cofferdam start plain')
        h.event('Done')
        vim.cmd('Cofferdam transcript! s1')
        h.wait(function()
            return vim.api.nvim_buf_get_name(0):find('transcript.md$')
        end, 'the file of the transcript')
        assert.equals('vim: set textwidth=33:', vim.fn.getline(1))
        assert.not_equals(33, vim.bo.textwidth)
        assert.is_true(vim.go.modeline)
        vim.go.modeline = before
    end)

    it('shows one transcript window for all sessions', function()
        vim.cmd('Cofferdam start plain')
        h.event('Done')
        vim.cmd('Cofferdam start plain')
        h.event('Done', 2)
        h.event('Started', 2)
        local shown = {}
        for _, window in ipairs(vim.api.nvim_list_wins()) do
            local name = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window))
            table.insert(shown, name:match('^cofferdam://session/(.*)'))
        end
        assert.same({ 's2' }, shown)
    end)

    it('folds what is long once it is complete', function()
        vim.cmd('Cofferdam start plain')
        h.event('Done')
        h.transcript('s1')
        vim.cmd('Cofferdam transcript')
        local thinking = vim.fn.search('^∴ Thinking', 'w')
        assert.equals(thinking + 1, vim.fn.foldclosed(thinking + 1))
        assert.equals(-1, vim.fn.foldclosed(thinking))
        assert.equals(-1, vim.fn.foldclosed(vim.fn.search('^▶ Run: make', 'w') + 1))
    end)
end)
