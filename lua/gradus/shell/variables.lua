-- :who and :reset: the learner's own names.

local brief = require "gradus.session.brief"
local bytes_of = require "gradus.session.bytes"

local variables = {}

local function bytes_text(n)
  for _, unit in ipairs {{2 ^ 30, "GiB"}, {2 ^ 20, "MiB"}, {2 ^ 10, "KiB"}} do
    if n >= unit[1] then return string.format("%.1f %s", n / unit[1], unit[2]) end
  end
  return string.format("%d bytes", n)
end

--- The learner's names, sorted; `ans` comes by itself and is none.
function variables.names(session)
  local names = {}
  for name in next, session.env do
    if type(name) == "string" and name ~= "ans" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

function variables.who(shell)
  local env, names = shell.session.env, variables.names(shell.session)
  if #names == 0 then return shell:say "nothing yet: x = 3 makes an x" end
  local widest, widest_text, rows = 4, 0, {}
  local room = math.max(20, shell.session.sink:current_width() - 30)
  for i, name in ipairs(names) do
    local value = rawget(env, name)
    local text = brief.value(value)
    if utf8.len(text) and utf8.len(text) > room then text = text:sub(1, utf8.offset(text, room - 2) - 1) .. "..." end
    local bytes, any = bytes_of(value)
    rows[i] = {name, text, any and bytes_text(bytes) or ""}
    widest = math.max(widest, #name)
    widest_text = math.max(widest_text, utf8.len(text) or #text)
  end
  for _, row in ipairs(rows) do
    local pad = (" "):rep(widest_text - (utf8.len(row[2]) or #row[2]))
    shell:say((string.format("  %-" .. math.min(widest, 40) .. "s  %s%s  %10s", row[1], row[2], pad, row[3])
      :gsub("%s+$", "")))
  end
end

function variables.reset(shell)
  local names = variables.names(shell.session)
  for _, name in ipairs(names) do rawset(shell.session.env, name, nil) end
  rawset(shell.session.env, "ans", nil)
  collectgarbage()
  shell:say(#names == 0 and "there is nothing to forget" or "forgotten: " .. table.concat(names, ", "))
end

return variables
