-- For Neovim 0.11+: vim.lsp.enable('cofferdam'). Earlier versions do not read this file.
-- No `filetypes`: the server is for every buffer of a workspace.
return require('cofferdam.client').configuration()
