local h = require('helper')

local function finished(prompt, options)
    h.workspace(options)
    vim.cmd('Cofferdam start ' .. prompt)
    h.event('Done')
end

local function select_stub(number, seen)
    local original = vim.ui.select
    vim.ui.select = function(items, options, body)
        for _, item in ipairs(items) do
            table.insert(seen, options.format_item(item))
        end
        body(items[number], number)
    end
    return function()
        vim.ui.select = original
    end
end

describe('the result', function()
    after_each(h.clean)

    it('is offered, shown and applied', function()
        finished('plain')
        h.event('ApplyOffered')
        local _, text = h.panel()
        assert.is_truthy(text:find('± main.c', 1, true))
        vim.cmd('Cofferdam diff')
        h.event('Diff')
        assert.equals('diff', vim.bo.filetype)
        assert.is_true(vim.tbl_contains(vim.api.nvim_buf_get_lines(0, 0, -1, false), '+int main(void);'))
        vim.cmd('Cofferdam apply')
        local applied = h.event('Applied')
        assert.same({ 'main.c', 'disk.txt' }, applied.applied)
        assert.same({}, applied.unsaved)
        assert.equals('int main(void);\nsecond line\nthird line', h.read('main.c'))
        assert.is_truthy(h.message('2 files applied'))
        assert.is_nil(h.panel())
        assert.same({ sessionId = 's1' }, h.received('agent/apply')[1])
    end)

    it('does not write what the user has changed', function()
        h.workspace()
        vim.api.nvim_buf_set_lines(0, 2, 3, false, { 'mine' })
        vim.cmd('Cofferdam start plain')
        h.event('Done')
        vim.cmd('Cofferdam apply main.c')
        local applied = h.event('Applied')
        assert.same({ 'main.c' }, applied.unsaved)
        assert.same({ 'main.c' }, h.received('agent/apply')[1].paths)
        assert.equals('int main;\nsecond line\nthird line', h.read('main.c'))
        assert.equals('mine', vim.api.nvim_buf_get_lines(0, 2, 3, false)[1])
        vim.cmd('edit!')
    end)

    it('brings files changed on disk into their buffers', function()
        h.workspace()
        h.write('disk.txt', { 'old' })
        vim.cmd('split ' .. h.root .. '/disk.txt')
        local buffer = vim.api.nvim_get_current_buf()
        vim.o.autoread = false
        vim.cmd('Cofferdam start plain')
        h.event('Done')
        vim.cmd('Cofferdam apply')
        h.event('Applied')
        h.wait(function()
            return vim.api.nvim_buf_get_lines(buffer, 0, 1, false)[1] == 'new on disk'
        end, 'the buffer is read again')
        assert.is_false(vim.o.autoread)
        vim.o.autoread = true
    end)

    it('puts conflicts into the quickfix list', function()
        finished('plain conflict')
        vim.cmd('Cofferdam apply')
        h.event('Applied')
        local items = vim.fn.getqflist()
        assert.equals(1, #items)
        assert.equals('changed here too', items[1].text)
        assert.equals(h.root .. '/other.c', vim.api.nvim_buf_get_name(items[1].bufnr))
        assert.is_truthy(h.message('1 file not'))
    end)

    it('is applied by itself when that is wanted and it is verified', function()
        finished('plain', { apply = 'verified' })
        h.event('Applied')
        assert.is_nil(h.panel())
    end)

    it('is left alone when that is wanted', function()
        finished('plain', { apply = 'never' })
        assert.equals(0, h.count('ApplyOffered'))
        assert.is_nil(h.panel())
    end)
end)

describe('the review', function()
    after_each(h.clean)

    local function reviewed()
        finished('plain review')
        vim.cmd('Cofferdam diff')
        h.event('Diff')
        vim.cmd('normal! gg')
    end

    local function line()
        return vim.api.nvim_get_current_line()
    end

    local function marks()
        local namespace = vim.api.nvim_get_namespaces().cofferdam_review
        return vim.tbl_map(function(mark)
            return vim.api.nvim_buf_get_lines(0, mark[2], mark[2] + 1, false)[1]
        end, vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {}))
    end

    it('goes from hunk to hunk and from file to file', function()
        reviewed()
        local seen = {}
        for _ = 1, 6 do
            h.keys(']c')
            seen[#seen + 1] = line()
        end
        assert.same({
            'old mode 100644',
            '@@ -1,2 +1,2 @@',
            '@@ -9,2 +9,3 @@ main',
            '@@ -0,0 +1 @@',
            '@@ -0,0 +1 @@',
            '@@ -0,0 +1 @@',
        }, seen)
        h.keys('[f[f')
        assert.equals('diff --git a/new.c b/new.c', line())
        assert.is_false(vim.bo.modifiable)
    end)

    it('applies the hunk under the cursor, the mode, the selection, the file, and marks what was applied', function()
        reviewed()
        h.keys(']c]c]ca')
        h.event('Applied')
        assert.same({ { path = 'main.c', ids = { 'h2' } } }, h.received('agent/apply')[1].hunks)
        assert.same({ '@@ -9,2 +9,3 @@ main' }, marks())
        h.keys('gg]ca')
        h.event('Applied', 2)
        assert.same({ { path = 'main.c', ids = { 'mode' } } }, h.received('agent/apply')[2].hunks)
        vim.cmd('normal! gg')
        h.keys('VGa')
        h.event('Applied', 3)
        local chosen = h.received('agent/apply')[3]
        assert.same({ { path = 'main.c', ids = { 'mode', 'h1', 'h2' } } }, chosen.hunks)
        assert.same({ 'new.c', '.envrc' }, chosen.paths)
        h.keys('G')
        h.keys('A')
        h.event('Applied', 4)
        assert.same({ '.envrc' }, h.received('agent/apply')[4].paths)
    end)

    it('undoes, in the review and elsewhere, and reads buffers again', function()
        reviewed()
        h.keys(']c]ca')
        h.event('Applied')
        assert.equals(1, #marks())
        h.write('disk.txt', { 'applied' })
        h.keys('u')
        local undone = h.event('Undone')
        assert.same({ 'disk.txt' }, undone.undone)
        assert.equals(1, undone.left)
        assert.equals(0, #marks())
        assert.same({ sessionId = 's1', workspaceFolder = h.root }, h.received('agent/undo')[1])
        vim.cmd('edit ' .. h.root .. '/disk.txt')
        vim.cmd('Cofferdam undo')
        h.event('Undone', 2)
        assert.same({ workspaceFolder = h.root }, h.received('agent/undo')[2])
    end)

    it('opens the file at the line', function()
        reviewed()
        h.keys(']c]cjj')
        h.keys('<CR>')
        assert.equals(h.root .. '/main.c', vim.api.nvim_buf_get_name(0))
        assert.equals(1, vim.api.nvim_win_get_cursor(0)[1])
    end)
end)

describe('attach', function()
    after_each(h.clean)

    it('replays the history of a list entry after a restart, and asks or announces nothing of it', function()
        finished('plain')
        local before = h.transcript('s1')
        -- A restart: the servers end, and nothing is remembered.
        require('cofferdam.client').stop_all()
        h.wait(function()
            return #require('cofferdam.client').roots() == 0
        end, 'the server ends')
        require('cofferdam.sessions').reset()
        h.events, h.messages = {}, {}
        local seen = {}
        local restore = select_stub(1, seen)
        vim.cmd('Cofferdam list')
        h.event('Attached')
        restore()
        assert.is_truthy(seen[1]:find('s1  verified', 1, true))
        assert.same({ sessionId = 's1', afterSeq = 0 }, h.received('agent/attach')[1])
        assert.equals(before, h.transcript('s1'))
        assert.equals(0, h.count('Done'))
        assert.equals(0, h.count('ApplyOffered'))
        assert.is_truthy(h.message('verified and not applied yet'))
        assert.equals('s1', vim.b.cofferdam_session)
    end)

    it('brings back what waits', function()
        h.workspace()
        vim.cmd('Cofferdam start approve')
        h.event('Approval')
        require('cofferdam.client').stop_all()
        h.wait(function()
            return #require('cofferdam.client').roots() == 0
        end, 'the server ends')
        require('cofferdam.sessions').reset()
        h.events = {}
        vim.cmd('Cofferdam attach s1')
        h.event('Approval')
        assert.is_truthy(h.panel())
        vim.cmd('Cofferdam approve')
        h.event('Done')
    end)

    it('goes on after a crash of the server where it was', function()
        h.workspace()
        vim.cmd('Cofferdam start crash')
        local lost = h.event('ServerExit')
        assert.equals(1, lost.sessions)
        h.wait(function()
            return h.message('the language server ended %(exit 3%); sessions go on')
        end, 'a message')
        assert.equals('cofferdam: not attached', require('cofferdam').status())
        vim.cmd('Cofferdam attach')
        h.event('Attached')
        local last = h.received('agent/attach')
        assert.equals(2, last[#last].afterSeq)
        assert.equals(1, select(2, h.transcript('s1'):gsub('❯ crash', '')))
        vim.cmd('Cofferdam cancel')
        assert.equals('cancelled', h.event('Done').outcome)
    end)

    it('reads a closed transcript again, from the beginning', function()
        finished('plain')
        local before = h.transcript('s1')
        vim.api.nvim_buf_delete(require('cofferdam.sessions').get('s1').transcript.buffer, { force = true })
        vim.cmd('Cofferdam transcript s1')
        h.event('Attached')
        assert.equals(before, h.transcript('s1'))
    end)

    it('tells when there is no such session', function()
        h.workspace()
        vim.cmd('Cofferdam attach nowhere')
        h.wait(function()
            return h.message('not attached to nowhere')
        end, 'a message')
        assert.is_nil(require('cofferdam.sessions').get('nowhere'))
    end)
end)

describe('the server', function()
    after_each(h.clean)

    it('that is not there is named', function()
        h.workspace({ cmd = { '/nowhere/cofferdam', 'lsp' } })
        vim.cmd('Cofferdam start x')
        assert.is_truthy(h.message('`/nowhere/cofferdam` is not an executable program'))
    end)

    it('that ends at once is told', function()
        h.workspace({ cmd = { 'false' } })
        vim.cmd('Cofferdam start x')
        h.wait(function()
            return h.message('not started: the language server ended before it was ready')
        end, 'a message')
    end)

    it('is attached to files opened later', function()
        finished('plain')
        h.write('later.c', { 'x' })
        vim.cmd('split ' .. h.root .. '/later.c')
        h.wait(function()
            for _, opened in ipairs(h.received('textDocument/didOpen')) do
                if opened.textDocument.uri:find('later.c$') then
                    return true
                end
            end
        end, 'didOpen of the later file')
    end)

    it('is not started for the home folder', function()
        h.workspace()
        local home = vim.loop.os_homedir
        vim.loop.os_homedir = function()
            return h.root
        end
        vim.cmd('Cofferdam start x')
        vim.loop.os_homedir = home
        assert.is_truthy(h.message('is no workspace'))
    end)

    if vim.fn.has('nvim-0.11') == 1 then
        it('may come from vim.lsp.enable', function()
            h.workspace()
            vim.lsp.enable('cofferdam')
            vim.cmd('edit')
            h.wait(function()
                return #vim.lsp.get_clients({ name = 'cofferdam' }) == 1
            end, 'the client starts')
            vim.cmd('Cofferdam start plain')
            h.event('Done')
            assert.equals(1, #vim.lsp.get_clients({ name = 'cofferdam' }))
            vim.lsp.enable('cofferdam', false)
        end)
    end
end)

describe(':checkhealth', function()
    it('runs', function()
        h.workspace()
        vim.cmd('checkhealth cofferdam')
        local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
        assert.is_truthy(text:find('python3', 1, true))
        assert.is_truthy(text:find('cofferdam.log', 1, true))
        h.clean()
    end)
end)
