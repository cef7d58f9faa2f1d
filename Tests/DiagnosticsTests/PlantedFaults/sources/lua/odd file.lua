local function broken(
   return 1 -- PLANTED(luacheck) error expected
end
