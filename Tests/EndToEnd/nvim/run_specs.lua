-- Runs busted inside Neovim: luafile this with $SPEC_DIR set.
local function have(path)
    return vim.loop.fs_stat(path) ~= nil
end
for _, base in ipairs({ '/usr/local/share/lua/5.1', '/usr/share/lua/5.1' }) do
    package.path = ('%s/?.lua;%s/?/init.lua;%s'):format(base, base, package.path)
end
local machine = vim.loop.os_uname().machine
for _, base in ipairs({
    '/usr/local/lib/lua/5.1',
    '/usr/lib/lua/5.1',
    ('/usr/lib/%s-linux-gnu/lua/5.1'):format(machine),
}) do
    if have(base) then
        package.cpath = ('%s/?.so;%s'):format(base, package.cpath)
    end
end
package.path = vim.env.SPEC_DIR .. '/?.lua;' .. package.path
local ok, runner = pcall(require, 'busted.runner')
if not ok then
    io.stdout:write('busted is not installed: ' .. tostring(runner) .. '\n')
    vim.cmd('cquit 2')
end
-- A plain os.exit closes the Lua state under Neovim's feet.
os.exit = function(code) -- luacheck: ignore
    io.stdout:flush()
    vim.cmd((code == nil or code == true or code == 0) and 'qall!' or 'cquit 1')
end
_G.arg = { [0] = 'run_specs.lua', '--output=TAP', '--pattern=_spec%.lua$', vim.env.SPEC_FILE or vim.env.SPEC_DIR }
runner({ standalone = false })
os.exit(0)
