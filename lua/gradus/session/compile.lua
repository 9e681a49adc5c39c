-- load, with one kind of message. What Lua cannot even read (a million open brackets) goes through the message handler
-- of the call around it, which makes a record of it; everything else is a string.

local function compile(...)
  local chunk, why = load(...)
  if chunk == nil and type(why) == "table" then why = tostring(why.value) end
  return chunk, why
end

return compile
