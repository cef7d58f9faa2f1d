local function source(name)
    local path = vim.api.nvim_get_runtime_file(name, false)[1]
    return (assert(path, name .. ' is not in the runtime path'))
end

describe('the help file', function()
    local lines = vim.fn.readfile(source('doc/cofferdam.txt'))
    local text = table.concat(lines, '\n')

    it('makes tags without a complaint', function()
        local folder = vim.env.SPEC_SCRATCH .. '/doc'
        vim.fn.mkdir(folder, 'p')
        vim.fn.writefile(lines, folder .. '/cofferdam.txt')
        vim.cmd('helptags ' .. folder)
        local tags = {}
        for _, line in ipairs(vim.fn.readfile(folder .. '/tags')) do
            tags[line:match('^[^\t]+')] = true
        end
        for link in text:gmatch('|(:?[Cc]offerdam[%w.:()-]*)|') do
            assert.is_true(tags[link], link)
        end
    end)

    it('has every subcommand', function()
        for _, name in ipairs(vim.fn.getcompletion('Cofferdam ', 'cmdline')) do
            assert.is_truthy(text:find('*:Cofferdam-' .. name .. '*', 1, true), name)
        end
    end)

    it('has every setting, with its default', function()
        local code = text:match("    require%('cofferdam'%)%.setup(%b())")
        local shown = assert((loadstring or load)('return ' .. code))()
        assert.same(require('cofferdam.config').defaults, shown)
    end)

    it('has every map', function()
        for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
            local name = map.lhs:match('^<Plug>%(Cofferdam(%w+)%)$')
            if name then
                assert.is_truthy(text:find('<Plug>(Cofferdam' .. name .. ')', 1, true), name)
            end
        end
    end)

    it('has every event', function()
        for _, file in ipairs({ 'sessions', 'reactions', 'approve', 'apply' }) do
            local code = table.concat(vim.fn.readfile(source('lua/cofferdam/' .. file .. '.lua')), '\n')
            for name in code:gmatch("util%.emit%('(%w+)'") do
                assert.is_truthy(text:find('\n    ' .. name .. ' ', 1, true), name)
            end
        end
    end)

    it('has every highlight group', function()
        local code = table.concat(vim.fn.readfile(source('lua/cofferdam/highlights.lua')), '\n')
        for name in code:gmatch('\n    (Cofferdam%w+) =') do
            assert.is_truthy(text:find('\n    ' .. name, 1, true), name)
        end
    end)
end)

describe('the minimal configuration', function()
    it('loads', function()
        local before = vim.o.statusline
        vim.cmd('luafile ' .. source('minimal.lua'))
        assert.equals('', require('cofferdam').status())
        vim.o.statusline = before
        require('cofferdam.config').set({})
    end)
end)
