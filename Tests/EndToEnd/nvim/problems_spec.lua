local h = require('helper')

local WARN, HINT = 2, 4

-- Opens main.c with these scenarios of the fake server; the diagnostics in this buffer when there are `count`.
local function shown(count)
    h.wait(function()
        return #vim.diagnostic.get(0) == count
    end, count .. ' diagnostics in the buffer')
    local list = vim.diagnostic.get(0)
    table.sort(list, function(a, b)
        return a.lnum < b.lnum
    end)
    return list
end

local function lines_of(list)
    return vim.tbl_map(function(item)
        return { item.lnum, item.message }
    end, list)
end

local function judged()
    h.workspace()
    vim.fn.mkdir(h.root .. '/lib')
    h.write('lib/far.c', { 'int a;', 'old b;', 'int c;' })
    h.write('other.c', { 'x' })
    vim.cmd('Cofferdam start judge')
    h.event('Done')
end

local function quickfix()
    local list = {}
    for _, item in ipairs(vim.fn.getqflist()) do
        local name = item.bufnr > 0 and vim.api.nvim_buf_get_name(item.bufnr):sub(#h.root + 2) or ''
        list[#list + 1] = ('%s|%s:%d:%d|%s'):format(item.type, name, item.lnum, item.col, item.text)
    end
    return list
end

describe('diagnostics of a session', function()
    after_each(h.clean)

    it('are shown, replaced and cleared', function()
        h.workspace()
        vim.cmd('Cofferdam start stays')
        -- The first two were replaced by the third.
        assert.same({ { 2, 'third' } }, lines_of(shown(1)))
        local report = h.event('Diagnostics', 2)
        assert.same(
            { 's1', 'build', 1, 1, 0, 1 },
            { report.session_id, report.check, report.new, report.fixed, report.remaining, report.total }
        )
        assert.equals('cofferdam: thinking · 1 new, 1 fixed, 0 remaining', require('cofferdam').status())
        vim.cmd('Cofferdam prompt clears')
        shown(0)
        h.event('Done')
        assert.equals('cofferdam: answered', require('cofferdam').status())
    end)

    it('come with source, code, page, tags and related places', function()
        judged()
        local list = shown(2)
        local first, lsp = list[1], list[1].user_data.lsp
        assert.same(
            { WARN, 'gcc', '-Wunused', 1, 0, 6 },
            { first.severity, first.source, first.code or lsp.code, first.lnum, first.col, first.end_col }
        )
        assert.equals('https://example.org/unused', lsp.codeDescription.href)
        assert.equals('declared here', lsp.relatedInformation[1].message)
        assert.same({ 1 }, lsp.tags)
        if vim.fn.has('nvim-0.10') == 1 then
            assert.same({ unnecessary = true }, first._tags)
        end
        -- What the user has changed since says so, and is no more than a hint.
        assert.equals(HINT, list[2].severity)
        assert.equals('stale: too few arguments', list[2].message)
        assert.is_true(list[2].user_data.lsp.data.stale)
    end)

    it('go with the server, in files that are not open too', function()
        judged()
        shown(2)
        assert.is_true(#vim.diagnostic.get(vim.fn.bufnr('lib/far.c')) == 1)
        require('cofferdam.client').stop_all()
        h.wait(function()
            return #vim.diagnostic.get(nil) == 0
        end, 'no diagnostics')
    end)

    it('declare that their data is kept', function()
        judged()
        local wanted = h.received('initialize')[1].capabilities.textDocument.publishDiagnostics
        assert.is_true(wanted.dataSupport and wanted.codeDescriptionSupport and wanted.relatedInformation)
        assert.same({ 1, 2 }, wanted.tagSupport.valueSet)
    end)
end)

describe(':Cofferdam diagnostics', function()
    after_each(h.clean)

    it('lists what the gate found and every diagnostic of the session, in files that are not open too', function()
        judged()
        shown(2)
        vim.cmd('Cofferdam diagnostics s1')
        assert.equals('quickfix', vim.bo.buftype)
        assert.same({
            'E|lib/far.c:3:0|not verified: test_sum is skipped now [test-skipped]',
            'E|:0:0|not verified: a warning level is lower [no-place]',
            "E|:0:0|undefined reference to `f' [ld]",
            'E|lib/far.c:2:1|it is deprecated [gcc]',
            'W|main.c:2:1|unused variable the second line [gcc -Wunused]',
            'I|lib/far.c:5:3|  note: declared here',
            'N|main.c:3:7|stale: too few arguments [gcc]',
        }, quickfix())
        assert.equals('Cofferdam: judge', vim.fn.getqflist({ title = 0 }).title)
        vim.cmd('cc 4')
        assert.equals(h.root .. '/lib/far.c', vim.api.nvim_buf_get_name(0))
        assert.same({ 2, 0 }, vim.api.nvim_win_get_cursor(0))
    end)

    it('follows the session, with the entry that the user is at', function()
        h.workspace()
        vim.cmd('Cofferdam start stays')
        shown(1)
        vim.cmd('Cofferdam diagnostics! s1')
        assert.equals('', vim.bo.buftype)
        assert.equals(1, #quickfix())
        vim.cmd('Cofferdam prompt clears')
        h.wait(function()
            return #quickfix() == 0
        end, 'the list is empty')
        vim.cmd('Cofferdam diagnostics s1')
        assert.is_truthy(h.message('no diagnostics in s1'))
        -- A list of the user's own stays theirs.
        vim.fn.setqflist({ { text = 'mine' } })
        require('cofferdam.problems').refresh()
        vim.wait(300, function()
            return false
        end)
        assert.same({ '|:0:0|mine' }, quickfix())
    end)

    it('completes sessions', function()
        judged()
        assert.same({ 's1' }, vim.fn.getcompletion('Cofferdam diagnostics ', 'cmdline'))
    end)
end)

describe('the end of a turn', function()
    after_each(h.clean)

    it('shows the evidence of each check, and why it is not verified', function()
        judged()
        local clock = os.date('%H:%M:%S', 1790000000)
        local text = h.transcript('s1')
        for _, part in ipairs({
            "⚑ build: 1 new, 2 fixed, 3 remaining\n  error: undefined reference to `f'\n  lib/far.c:2:1: error: it is dep",
            '✓ build passed · 1.2 s · 41 passed, 0 failed, 1 skipped\n',
            '■ not verified: the change weakens the tests\n  Why this is not verified:\n'
                .. '  ‼ lib/far.c:3: test_sum is skipped now [test-skipped]\n'
                .. '  ‼ a warning level is lower [no-place]\n',
            '  ✓ build: make -k · exit 0 · 1.2 s · 41 passed, 0 failed, 1 skipped · ' .. clock .. ' · tree 01234567\n',
            '  ✗ lint · exit 2 · 1.2 s · 2 errors · ' .. clock .. ' · tree 01234567 · not required\n',
            '  ✓ licence: a && b · exit 0 · 1.2 s · ' .. clock .. ' · tree 01234567 · ran on fedcba98, with the same files'
                .. " · the organisation's · not run: known from an earlier session\n",
            '✓ licence passed · 1.2 s · not run: known from an earlier session\n',
        }) do
            assert.is_truthy(text:find(part, 1, true), part .. '\nis not in\n' .. text)
        end
        assert.is_truthy(h.message('not verified, 1 file changed; 2 findings: :Cofferdam diagnostics'))
        assert.equals('cofferdam: unverified · 2 findings', require('cofferdam').status())
        assert.equals('test-skipped', h.event('Done').gate_findings[1].rule)
        h.event('ApplyOffered')
        local _, offer = h.panel()
        assert.is_truthy(offer:find('‼ lib/far.c:3: test_sum is skipped now [test-skipped]', 1, true), offer)
    end)

    it('leads to the places that it names', function()
        judged()
        h.transcript('s1')
        vim.cmd('Cofferdam transcript')
        vim.fn.search('lib/far.c:3: test_sum', 'w')
        h.keys('<CR>')
        assert.equals(h.root .. '/lib/far.c', vim.api.nvim_buf_get_name(0))
        assert.equals(3, vim.fn.line('.'))
        vim.cmd('Cofferdam transcript')
        vim.fn.search('± main.c', 'w')
        h.keys('gF')
        assert.equals(h.root .. '/main.c', vim.api.nvim_buf_get_name(0))
        vim.cmd('Cofferdam transcript')
        vim.fn.search('Why this', 'w')
        h.keys('gf')
        assert.is_truthy(h.message('no place of a file'))
    end)

    it('knows places of the workspace only', function()
        judged()
        local find = require('cofferdam.places').find
        h.write('a b.c', { 'x' })
        local function at(line, column)
            local found = find(line, column or 1, h.root)
            return found and { found.path:sub(#h.root + 2), found.lnum, found.column }
        end
        assert.same({ 'main.c', 3, 5 }, at('  main.c:3:5: error: no'))
        assert.same({ 'main.c', 1, 1 }, at('In file included from ./main.c:1:'))
        assert.same({ 'lib/far.c', 2, 1 }, at('  File "lib/far.c", line 2, in main'))
        assert.same({ 'lib/far.c', 9, 1 }, at('main.c:3 lib/far.c:9', 12))
        assert.same({ 'a b.c', 4, 2 }, at('  ‼ a b.c:4:2: no'))
        assert.same({ 'main.c', 2, 1 }, at(h.root .. '/main.c:2'))
        for _, none in ipairs({ '/etc/passwd:1', '../x:1', 'lib:3', 'nothing.c:1', '', ('main.c:1 '):rep(1000) }) do
            assert.is_nil(at(none), none)
        end
    end)
end)

describe(':Cofferdam toolfix', function()
    local choose = vim.ui.select
    before_each(function()
        judged()
        vim.cmd('wincmd p | edit! ' .. h.root .. '/main.c')
    end)
    after_each(function()
        vim.ui.select = choose
        h.clean()
    end)

    local function text()
        return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '|')
    end

    local function wait_text(wanted)
        h.wait(function()
            return text() == wanted
        end, wanted)
    end

    it("applies the tool's fix of the line, and asks which of several", function()
        vim.api.nvim_win_set_cursor(0, { 2, 3 })
        vim.cmd('Cofferdam toolfix')
        wait_text('int main;|two second line|third line')
        assert.is_truthy(h.message('lint: Put two'))
        vim.cmd('undo')
        assert.equals('int main;|second line|third line', text())
        local titles
        vim.ui.select = function(items, options, body)
            titles = vim.tbl_map(options.format_item, items)
            body(items[2])
        end
        vim.api.nvim_win_set_cursor(0, { 3, 0 })
        vim.cmd('Cofferdam toolfix')
        wait_text('int main;|second line|drei third line')
        assert.same({ 'lint: Put three', 'lint: Put drei' }, titles)
    end)

    it('applies all of a range, of two at one place the first', function()
        vim.cmd('1,3Cofferdam toolfix')
        wait_text('one int main;|two second line|three third line')
        assert.is_truthy(h.message('3 fixes of the tools applied'))
    end)

    it('applies all of the file by one action', function()
        vim.cmd('Cofferdam toolfix all')
        wait_text('one int main;|two second line|third line')
        assert.same({ only = { 'source.fixAll.cofferdam' }, diagnostics = {} },
            h.received('textDocument/codeAction')[1].context)
        vim.cmd('undo')
        assert.equals('int main;|second line|third line', text())
    end)

    it("is one of the actions of Neovim's own list too", function()
        local offered
        vim.ui.select = function(items, options, body)
            offered = vim.tbl_map(options.format_item, items)
            body(items[1], 1)
        end
        vim.api.nvim_win_set_cursor(0, { 2, 0 })
        vim.lsp.buf.code_action()
        wait_text('int main;|two second line|third line')
        assert.equals(2, #offered)
        assert.is_truthy(offered[1]:find('lint: Put two', 1, true))
        assert.is_truthy(offered[2]:find('Cofferdam: fix this', 1, true))
    end)

    it('asks the agent by a code action, and shows its session', function()
        vim.ui.select = function(items, _, body)
            body(items[#items], #items)
        end
        vim.api.nvim_win_set_cursor(0, { 2, 0 })
        vim.lsp.buf.code_action()
        assert.equals('s2', h.event('Started', 2).session_id)
        h.event('Done', 2)
        assert.equals('cofferdam.fixDiagnostics', h.received('workspace/executeCommand')[1].command)
        assert.equals('s2', require('cofferdam.sessions').current().id)
        assert.is_truthy(h.transcript():find('❯ plain fix', 1, true))
    end)

    it('changes nothing when the text has changed since', function()
        vim.ui.select = function(items, _, body)
            vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'typed' })
            body(items[1])
        end
        vim.api.nvim_win_set_cursor(0, { 3, 0 })
        vim.cmd('Cofferdam toolfix')
        h.wait(function()
            return h.message('the text has changed meanwhile')
        end, 'a warning')
        assert.equals('typed|second line|third line', text())
    end)

    it('completes, and says when there is nothing', function()
        assert.same({ 'all' }, vim.fn.getcompletion('Cofferdam toolfix ', 'cmdline'))
        vim.cmd('Cofferdam toolfix some')
        assert.is_truthy(h.message('toolfix takes nothing or `all`'))
        vim.api.nvim_buf_set_lines(0, 3, 3, false, { 'fourth' })
        vim.api.nvim_win_set_cursor(0, { 4, 0 })
        vim.cmd('Cofferdam toolfix')
        h.wait(function()
            return h.message('the tools have no fixes here')
        end, 'a warning')
        vim.cmd('enew')
        vim.cmd('Cofferdam toolfix')
        assert.is_truthy(h.message('no session has checked this file'))
    end)
end)

describe('diagnostics of another language server', function()
    after_each(h.clean)

    it('go along with a prompt, as it gave them', function()
        h.workspace()
        local client = vim.lsp.start_client({
            name = 'other', cmd = { 'python3', vim.env.SPEC_DIR .. '/other_lsp.py' }, root_dir = h.root,
        })
        h.wait(function()
            return vim.lsp.get_client_by_id(client) ~= nil
        end, 'the other server')
        vim.lsp.buf_attach_client(0, client)
        shown(3)
        vim.cmd('Cofferdam start plain')
        h.event('Done')
        local sent = h.received('agent/start')[1].context.diagnostics
        vim.lsp.stop_client(client)
        assert.same({
            {
                tool = 'otherd', severity = 'error', code = 'E100', codeURL = 'https://example.org/E100',
                message = 'main is no function', path = 'main.c', fingerprint = '',
                range = { startLine = 1, startColumn = 5, endLine = 1, endColumn = 9 },
                related = { {
                    path = 'main.c', message = 'called here',
                    range = { startLine = 3, startColumn = 1, endLine = 4, endColumn = 1 },
                } },
            },
            {
                tool = 'otherd', severity = 'warning', code = '7', message = 'never read', path = 'main.c',
                fingerprint = '', range = { startLine = 2, startColumn = 1, endLine = 2, endColumn = 7 },
                tags = { 'unnecessary' },
            },
            {
                tool = 'editor', severity = 'information', message = 'for your information', path = 'main.c',
                fingerprint = '', range = { startLine = 3, startColumn = 1, endLine = 3, endColumn = 6 },
                tags = { 'deprecated' },
            },
        }, sent)
    end)

    it('are sent without what the user has changed since', function()
        judged()
        vim.cmd('wincmd p | edit! ' .. h.root .. '/main.c')
        shown(2)
        vim.cmd('Cofferdam fix all')
        h.event('Done', 2)
        local sent = h.received('agent/start')[2].context.diagnostics
        assert.equals(1, #sent)
        assert.equals('unused variable\nthe second line', sent[1].fingerprint)
    end)
end)
