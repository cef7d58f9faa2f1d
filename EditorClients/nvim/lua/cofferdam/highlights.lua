--- The highlight groups, each linked to one that every colour scheme has. `:help cofferdam-highlights`.
local M = {}

local links = {
    CofferdamPrompt = 'Title',
    CofferdamTool = 'Function',
    CofferdamOutput = 'Comment',
    CofferdamStderr = 'Comment',
    CofferdamReasoning = 'Comment',
    CofferdamNote = 'NonText',
    CofferdamGood = 'String',
    CofferdamBad = 'DiagnosticError',
    CofferdamAsk = 'DiagnosticWarn',
    CofferdamAdded = 'diffAdded',
    CofferdamRemoved = 'diffRemoved',
    CofferdamInlineCode = 'String',
    CofferdamBold = 'Title',
    CofferdamHeading = 'Title',
    CofferdamFence = 'String',
    -- Some schemes leave these to syntax/diff.vim.
    diffAdded = 'Identifier',
    diffRemoved = 'Special',
}

local defined = false

local function define()
    for name, target in pairs(links) do
        vim.cmd(('highlight default link %s %s'):format(name, target))
    end
end

--- Defines the groups that the user has not, now and after every change of the colour scheme.
function M.define()
    if defined then
        return
    end
    defined = true
    define()
    vim.api.nvim_create_autocmd('ColorScheme', {
        group = vim.api.nvim_create_augroup('cofferdam_highlights', { clear = true }),
        callback = define,
    })
end

return M
