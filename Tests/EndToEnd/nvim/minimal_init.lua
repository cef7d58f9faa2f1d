-- The client and nothing else.
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
vim.opt.runtimepath:prepend(vim.fn.fnamemodify(here .. '/../../../EditorClients/nvim', ':p'):gsub('/$', ''))
vim.o.swapfile = false
vim.o.shadafile = 'NONE'
vim.o.hidden = true
vim.cmd('runtime plugin/cofferdam.lua')
