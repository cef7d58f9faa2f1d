local h = require('helper')

-- The script that drives the real server elsewhere, here against the stand-in.
local function drive(prompt, extra)
    local result = h.root .. '/.state/result.json'
    local environment = vim.tbl_extend('force', {
        COFFERDAM = vim.env.SPEC_DIR .. '/fake_lsp.py',
        E2E_WORKSPACE = h.root,
        E2E_FILE = 'main.c',
        E2E_PROMPT = prompt,
        E2E_RESULT = result,
    }, extra or {})
    local code
    local job = vim.fn.jobstart({
        vim.v.progpath, '--headless', '-i', 'NONE', '-u', vim.env.SPEC_DIR .. '/minimal_init.lua',
        '-S', vim.env.SPEC_DIR .. '/e2e.lua',
    }, {
        env = environment,
        on_exit = function(_, status)
            code = status
        end,
    })
    assert.is_true(job > 0)
    h.wait(function()
        return code ~= nil
    end, 'the script ends')
    return code, vim.json.decode(table.concat(vim.fn.readfile(result), '\n'))
end

describe('e2e.lua', function()
    before_each(function()
        h.workspace()
    end)
    after_each(h.clean)

    it('reports a whole session', function()
        local code, result = drive('plain fix it', { E2E_SELECT = '1,2' })
        assert.equals(0, code)
        assert.equals('verified', result.outcome)
        assert.equals('too few arguments', result.diagnosticsSeen[1].message)
        assert.same({ 1, 0 }, result.diagnosticCounts)
        assert.same({ 'main.c', 'disk.txt' }, result.applied)
        assert.is_truthy(result.transcript:find('▶ Run: make', 1, true))
        assert.equals('int main(void);\nsecond line\nthird line', h.read('main.c'))
        assert.equals('int main;\nsecond line', h.received('agent/start')[1].context.selections[1].text)
    end)

    it('allows or rejects what is asked', function()
        local _, allowed = drive('approve', { E2E_APPROVE = '1' })
        assert.equals('make clean', allowed.approvals[1].command)
        local _, rejected = drive('approve')
        assert.equals(1, #rejected.approvals)
        local answers = h.received('agent/approve')
        assert.same({ 'allowOnce', 'reject' }, { answers[1].decision, answers[2].decision })
    end)

    it('fails when the server does', function()
        local code, result = drive('crash')
        assert.equals(1, code)
        assert.is_truthy(result.error:find('exit 3', 1, true))
    end)
end)
