local writers = require('cofferdam.writer')

local function new(options)
    local buffer = vim.api.nvim_create_buf(false, true)
    local settings = { flush_milliseconds = 20, max_line_bytes = 100 }
    return writers.new(buffer, vim.tbl_extend('force', settings, options or {})), buffer
end

local function lines(buffer)
    return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
end

describe('the writer', function()
    it('puts many pieces into one redraw', function()
        local writer, buffer = new()
        for index = 1, 1000 do
            writer:append(index .. '\n')
        end
        assert.equals(0, writer.flushes)
        vim.wait(5000, function()
            return #lines(buffer) == 1001
        end, 5)
        assert.equals(1001, #lines(buffer))
        assert.equals(1, writer.flushes)
    end)

    it('is one text however it is cut', function()
        local whole = 'one\ntwo\r\nthree 10%\rthree 20%\rthree done\n\nfour'
        local expected = { 'one', 'two', 'three done', '', 'four' }
        for cut = 1, #whole do
            local writer, buffer = new()
            writer:append(whole:sub(1, cut))
            writer:flush()
            writer:append(whole:sub(cut + 1))
            writer:flush()
            assert.same(expected, lines(buffer))
        end
    end)

    it('breaks long lines between characters', function()
        local writer, buffer = new()
        for _ = 1, 50 do
            writer:append(('é'):rep(11) .. 'x')
        end
        writer:flush()
        local text = lines(buffer)
        assert.equals((('é'):rep(11) .. 'x'):rep(50), table.concat(text))
        for _, line in ipairs(text) do
            assert.is_true(#line <= 100)
            assert.is_nil(line:find('^[\128-\191]'))
        end
    end)

    it('stops a flush at its budget and goes on', function()
        local writer, buffer = new()
        writer:append(('y'):rep(99 * 1024) .. '\n')
        writer:append('end\n')
        writer:flush(1000)
        assert.is_true(#table.concat(lines(buffer)) < 40 * 1024)
        vim.wait(5000, function()
            return lines(buffer)[#lines(buffer) - 1] == 'end'
        end, 5)
        assert.equals('end', lines(buffer)[#lines(buffer) - 1])
        assert.equals(99 * 1024 + 3, #table.concat(lines(buffer)))
    end)

    it('touches only the last line', function()
        local writer, buffer = new()
        local touched = {}
        writer:append('a\nb\nc')
        writer:flush()
        vim.api.nvim_buf_attach(buffer, false, {
            on_lines = function(_, _, _, first)
                table.insert(touched, first)
            end,
        })
        for index = 1, 5 do
            writer:append(index .. '\n')
            writer:flush()
        end
        assert.same({ 2, 3, 4, 5, 6 }, touched)
    end)

    it('follows the end only where the cursor is at the end', function()
        local writer, buffer = new()
        vim.cmd('silent! only!')
        vim.api.nvim_win_set_buf(0, buffer)
        writer:append(('line\n'):rep(50))
        writer:flush()
        assert.equals(51, vim.api.nvim_win_get_cursor(0)[1])
        vim.cmd('split')
        local reading = vim.api.nvim_get_current_win()
        vim.api.nvim_win_set_cursor(reading, { 10, 0 })
        writer:append(('more\n'):rep(50))
        writer:flush()
        assert.equals(10, vim.api.nvim_win_get_cursor(reading)[1])
        vim.cmd('close')
        assert.equals(101, vim.api.nvim_win_get_cursor(0)[1])
        vim.cmd('enew')
    end)

    it('survives its buffer', function()
        local writer, buffer = new()
        writer:append('x')
        vim.api.nvim_buf_delete(buffer, { force = true })
        writer:append('y')
        writer:flush()
        assert.is_false(writer:alive())
    end)

    it('cannot be edited by hand', function()
        local writer, buffer = new()
        writer:append('x\n')
        writer:flush()
        assert.is_false(vim.bo[buffer].modifiable)
        assert.is_false(vim.bo[buffer].modified)
    end)
end)
