local stats = require('stats')

describe('mean', function()
    it('is the sum over the number', function()
        assert.equals(1.5, stats.mean({ 1, 2 }))
    end)
end)
