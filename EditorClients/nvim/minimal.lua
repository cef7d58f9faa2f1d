-- A minimal configuration, for bug reports: nothing but this client.
--
--   cd YOUR_PROJECT && nvim --clean -u /path/to/EditorClients/nvim/minimal.lua
--
-- Then :Cofferdam start …, and send `:Cofferdam log` and `:checkhealth cofferdam` along.
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
vim.opt.runtimepath:prepend(here)
vim.cmd('filetype plugin indent on | syntax on')

require('cofferdam').setup({
    -- cmd = { '/path/to/cofferdam', 'lsp' },
    log_level = 'debug',
})

vim.o.laststatus = 2
vim.o.statusline = "%f %m%=%{v:lua.require'cofferdam'.status()} %l,%c"
