-- A learner's expression with the shapes of its operands under them and the axes that disagree marked:
--
--   X:dot(w.T)
--   (4, 3)  (1, 3)
--       ^    ^     3 columns against 1 row

local shapes = require "gradus.shapes"

local picture = {}

local GAP = "  "

-- What stands at from..to, on one line. Inside brackets Lua does not care for line breaks.
local function one_line(text, from, to)
  local line = text:sub(from, to):gsub("([%(%[{])%s*\n%s*", "%1"):gsub("%s*\n%s*([%)%]}])", "%1")
  return (line:gsub("%s*\n%s*", " "))
end

local function columns(text)
  return utf8.len(text) or #text
end

-- `piece` appended to `line` at column `at`, or behind what is there already, with a gap.
local function place(line, piece, at)
  if line ~= "" then at = math.max(at, #line + #GAP) end
  return line .. (" "):rep(at - #line) .. piece, at
end

-- Where the number of an axis stands in the text of a shape: its first column (from 0) and its width.
local function axis_columns(shape, axis)
  local before = "("
  for i = 1, axis - 1 do before = before .. shape[i] .. ", " end
  return #before, #tostring(shape[axis])
end

--- The expression from `from` to `to` of `text`, with labels: {{from= (of the operand), text=, shape= (or nil), mark=
--- (an axis, or nil)}...}, and `says` behind the marks. A string of lines, or nil when `width` is not enough.
function picture.draw(text, from, to, labels, says, width)
  local code = one_line(text, from, to)
  local under, marks = "", ""
  for _, label in ipairs(labels) do
    local at
    under, at = place(under, label.text, columns(one_line(text, from, label.from - 1)))
    if label.shape and label.shape[label.mark] then
      local column, wide = axis_columns(label.shape, label.mark)
      marks = marks .. (" "):rep(at + column - #marks) .. ("^"):rep(wide)
    end
  end
  local lines = {code, under, marks ~= "" and marks or nil}
  if says and says ~= "" then
    local last = lines[#lines]
    lines[#lines] = last .. (" "):rep(math.max(#under - #last, 0)) .. GAP .. says
  end
  for _, line in ipairs(lines) do
    if columns(line) > width then return nil end
  end
  return table.concat(lines, "\n")
end

--- The picture of what fit.trouble found; nil when it is too wide.
function picture.of_shapes(found, trouble, width)
  local labels = {}
  for i, operand in ipairs(trouble.operands) do
    labels[i] = {from = operand.node.from, text = shapes.text(operand.shape), shape = operand.shape,
      mark = trouble.marks[i]}
  end
  table.sort(labels, function(a, b) return a.from < b.from end)
  local to = math.max(found.node.to, found.node.value and found.node.value.to or 0)
  return picture.draw(found.text, found.node.from, to, labels, trouble.says, width)
end

-- The expression with the text of some nodes replaced: {{node, text}...}.
local function spliced(found, replaced)
  table.sort(replaced, function(a, b) return a[1].from < b[1].from end)
  local to = math.max(found.node.to, found.node.value and found.node.value.to or 0)
  local at, parts = found.node.from, {}
  for _, each in ipairs(replaced) do
    parts[#parts + 1] = one_line(found.text, at, each[1].from - 1)
    parts[#parts + 1] = each[2]
    at = each[1].to + 1
  end
  parts[#parts + 1] = one_line(found.text, at, to)
  return table.concat(parts)
end

--- The code that works: the expression as the remedy changes it.
function picture.remedied(found, trouble)
  local remedy, replaced = trouble.remedy, {}
  for i, operand in ipairs(trouble.operands) do
    if remedy[i] then replaced[#replaced + 1] = {operand.node, remedy[i]} end
  end
  for i, text in pairs(remedy.arguments or {}) do
    local part = math.type(i) and found.parts[i]
    if part then
      local last = remedy.arguments.last and found.parts[#found.parts] or part
      replaced[#replaced + 1] = {{from = part.from, to = last.to}, text}
    elseif math.type(i) then  -- f{...} gets a further argument
      local first = found.parts[1]
      local code = string.format("(%s, %s)", one_line(found.text, first.from, first.to), text)
      replaced[#replaced + 1] = {{from = found.node.callee.to + 1, to = found.node.to}, code}
    end
  end
  return spliced(found, replaced)
end

return picture
