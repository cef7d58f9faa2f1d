local text = require('cofferdam.text')
local util = require('cofferdam.util')
local json = require('cofferdam.json')

describe('terminal output', function()
    it('loses its escape sequences wherever it is cut', function()
        local whole = 'a\27[1;31mb\27[0mc\27]0;title\7d\27]8;;u\27\\e\27(Bf\27Mg\27[?25lh'
        for cut = 1, #whole do
            local cleaner = text.cleaner()
            local out = cleaner:clean(whole:sub(1, cut)) .. cleaner:clean(whole:sub(cut + 1))
            assert.equals('abcdefgh', out)
        end
    end)

    it('keeps what a broken-off sequence is followed by', function()
        assert.equals('a\nb', text.cleaner():clean('a\27[12\nb'))
    end)

    it('does not wait for ever for the end of a sequence', function()
        local cleaner = text.cleaner()
        local out = cleaner:clean('\27]' .. ('x'):rep(10000))
        assert.is_true(#out >= 10000)
    end)

    it('shows control bytes and NULs in caret notation', function()
        assert.equals('a^@b^Hc^?\td\n', text.cleaner():clean('a\0b\8c\127\td\n'))
    end)

    it('leaves bytes that are no UTF-8', function()
        assert.equals('\255\254', text.cleaner():clean('\255\254'))
    end)
end)

describe('prefix_length', function()
    it('never cuts a character', function()
        local word = 'aé€😀'
        for limit = 1, #word do
            local prefix = word:sub(1, text.prefix_length(word, limit))
            assert.is_true(#prefix <= limit)
            -- A cut character has no valid index of its end.
            assert.is_true(pcall(vim.str_utfindex, prefix))
            assert.is_nil(prefix:match('[\192-\255]$'))
        end
    end)

    it('gets on in bytes that are no UTF-8', function()
        assert.equals(10, text.prefix_length(('\128'):rep(50), 10))
    end)
end)

describe('lines', function()
    it('keeps everything visible', function()
        assert.same({ 'rm -rf x', '^[[2Ky', '^M' }, text.lines('rm -rf x\n\27[2Ky\n\r\n'))
    end)
end)

describe('base64', function()
    it('decodes every padding', function()
        assert.equals('', util.base64_decode(''))
        assert.equals('a', util.base64_decode('YQ=='))
        assert.equals('ab', util.base64_decode('YWI='))
        assert.equals('abc\0\255', util.base64_decode('YWJjAP8='))
        assert.equals(5, util.base64_length('YWJjAP8='))
        for _, plain in ipairs({ '', 'a', 'ab', 'abc\0\255' }) do
            assert.equals(plain, util.base64_decode(util.base64_encode(plain)))
        end
        assert.equals('YWI=', util.base64_encode('ab'))
    end)
end)

describe('json.pretty', function()
    it('keeps what it is given', function()
        local value = vim.json.decode('{"b":[],"a":{},"c":[1,{"x":null}],"d":"a/\\"b"}')
        local pretty = json.pretty(value)
        assert.same(value, vim.json.decode(pretty))
        assert.is_truthy(pretty:find('"b": %[%]'))
        assert.is_truthy(pretty:find('"a": {}'))
        assert.is_truthy(pretty:find('"a/\\"b"', 1, true))
    end)
end)

describe('settings', function()
    local config = require('cofferdam.config')

    it('are checked by name, kind and choice', function()
        local problems = table.concat(
            config.problems({ aply = 'ask', apply = 'maybe', transcript = { fold = 1 }, notify = 'x' }), '\n'
        )
        assert.is_truthy(problems:find('unknown setting `aply`', 1, true))
        assert.is_truthy(problems:find('`apply` must be one of `ask`, `verified`, `never`', 1, true))
        assert.is_truthy(problems:find('`transcript.fold` must be a boolean, not a number', 1, true))
        assert.is_truthy(problems:find('`notify` must be a boolean', 1, true))
    end)

    it('are not taken when one is wrong', function()
        assert.has_error(function()
            config.set({ apply = 'verified', nonsense = true })
        end)
        assert.equals('ask', config.current.apply)
    end)

    it('keep the defaults of what is not given', function()
        config.set({ transcript = { fold = false }, root_markers = { 'x' } })
        assert.is_false(config.current.transcript.fold)
        assert.equals(2000, config.current.transcript.max_line_bytes)
        assert.same({ 'x' }, config.current.root_markers)
        config.set({})
    end)
end)
