-- Defines :Cofferdam and the <Plug> maps. Nothing else is loaded before the first use.
if vim.g.loaded_cofferdam == 1 then
    return
end
vim.g.loaded_cofferdam = 1

if vim.fn.has('nvim-0.7') == 0 then
    vim.api.nvim_echo({ { 'cofferdam: Neovim 0.7 or later is needed', 'WarningMsg' } }, true, {})
    return
end

vim.api.nvim_create_user_command('Cofferdam', function(options)
    require('cofferdam.commands').run(options)
end, {
    nargs = '*',
    range = true,
    bang = true,
    desc = 'Coding agent in a sandbox',
    complete = function(lead, line, position)
        return require('cofferdam.commands').complete(lead, line, position)
    end,
})

local function plug(mode, name, keys, description)
    local options = { silent = true, desc = 'Cofferdam: ' .. description }
    vim.keymap.set(mode, ('<Plug>(Cofferdam%s)'):format(name), keys, options)
end

plug('n', 'Start', '<Cmd>Cofferdam start<CR>', 'start a session')
plug('x', 'Start', ':Cofferdam start<CR>', 'start a session about the selection')
plug('n', 'Fix', '<Cmd>Cofferdam fix<CR>', 'fix the diagnostics under the cursor')
plug('x', 'Fix', ':Cofferdam fix<CR>', 'fix the diagnostics of the selection')
plug('n', 'FixAll', '<Cmd>Cofferdam fix all<CR>', 'fix the diagnostics of the buffer')
plug('n', 'ToolFix', '<Cmd>Cofferdam toolfix<CR>', "apply the tool's fix on this line")
plug('x', 'ToolFix', ':Cofferdam toolfix<CR>', "apply the tools' fixes in the selection")
plug('n', 'ToolFixAll', '<Cmd>Cofferdam toolfix all<CR>', 'apply all fixes of the tools in the buffer')
plug('n', 'Diagnostics', '<Cmd>Cofferdam diagnostics<CR>', 'list what the session has found')
plug('n', 'Prompt', '<Cmd>Cofferdam prompt<CR>', 'follow up')
plug('n', 'Cancel', '<Cmd>Cofferdam cancel<CR>', 'cancel the running turn')
plug('n', 'Approve', '<Cmd>Cofferdam approve<CR>', 'allow the pending action once')
plug('n', 'Reject', '<Cmd>Cofferdam reject<CR>', 'reject the pending action')
plug('n', 'Focus', '<Cmd>Cofferdam focus<CR>', 'go to the waiting question')
plug('n', 'Transcript', '<Cmd>Cofferdam transcript<CR>', 'open the transcript')
plug('n', 'Diff', '<Cmd>Cofferdam diff<CR>', 'show the changes')
plug('n', 'Apply', '<Cmd>Cofferdam apply<CR>', 'apply the changes')
plug('n', 'Undo', '<Cmd>Cofferdam undo<CR>', 'take the newest apply back')
plug('n', 'List', '<Cmd>Cofferdam list<CR>', 'choose a session')
