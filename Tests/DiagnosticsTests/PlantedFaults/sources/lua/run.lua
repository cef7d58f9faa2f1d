local function inner(value)
   return value.field.deeper -- PLANTED(lua) error attempt to index
end
inner({})
