local x = = 1 -- PLANTED(lua) error unexpected symbol
