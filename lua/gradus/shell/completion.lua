-- Tab: what stands before the cursor becomes what it can only be, and what it may be is listed.

local commands = require "gradus.shell.commands"
local core = require "gradus.core.session"

local completion = {}

local NOTED = 40  -- candidates that are listed with a note each; more are listed side by side

-- How much all candidates have in common from their beginning, in whole characters.
local function common(items)
  local first = items[1].text
  local length = #first
  for i = 2, #items do
    local text = items[i].text
    local n = 0
    while n < length and first:byte(n + 1) == text:byte(n + 1) do n = n + 1 end
    length = n
  end
  while length > 0 and length < #first and first:byte(length + 1) & 0xC0 == 0x80 do length = length - 1 end
  return first:sub(1, length)
end

local function columns_of(text)
  return utf8.len(text) or #text
end

local function pad(text, width)
  return text .. (" "):rep(width - columns_of(text))
end

-- As many characters as fit into `width` columns.
local function fit(text, width)
  if columns_of(text) <= width then return text end
  local stop = utf8.offset(text, math.max(1, width - 2))
  return text:sub(1, (stop or width) - 1) .. "..."
end

local function listing(items, colour)
  local width, widest, noted = core.width() - 1, 0, false
  for _, item in ipairs(items) do
    widest = math.max(widest, columns_of(item.text))
    noted = noted or item.note ~= nil
  end
  local lines = {}
  if noted and #items <= math.min(NOTED, core.height() - 2) then
    for i, item in ipairs(items) do
      local room = width - widest - 4
      local note = item.note and room > 10 and fit(item.note, room) or ""
      if colour and note ~= "" then note = "\27[2m" .. note .. "\27[0m" end
      lines[i] = "  " .. (note ~= "" and pad(item.text, widest) .. "  " .. note or item.text)
    end
  else
    local per_line = math.max(1, width // (widest + 2))
    local rows = (#items + per_line - 1) // per_line
    for row = 1, rows do
      local parts = {}
      for i = row, #items, rows do parts[#parts + 1] = pad(items[i].text, widest) end
      lines[row] = ("  " .. table.concat(parts, "  ")):gsub("%s+$", "")
    end
  end
  return table.concat(lines, "\n")
end

--- Tab behind text:sub(1, position); `earlier` are the lines of the entry above this one. Returns where the word to
--- replace begins, what it becomes, and a list to show or nil.
function completion.at(shell, earlier, text, position)
  local from, items
  if earlier == "" then from, items = commands.complete(shell, text, position) end
  if not from then
    from, items = shell.session:complete(earlier .. text, #earlier + position)
    from = from - #earlier
  end
  if #items == 0 or from < 1 then return nil end
  if #items == 1 then return from, items[1].text .. (items[1].tail or "") end
  return from, common(items), listing(items, shell.colour)
end

return completion
