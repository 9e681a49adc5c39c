-- Predictions: reading a guess, and comparing it with what came out.

local check = require "gradus.lesson.check"
local shapes = require "gradus.shapes"

local predict = {}

local prompts = {
  number = "[type a number, or :skip]",
  shape = "[type a shape such as 4x3, or :skip]",
  direction = "[type up, down or same, or :skip]",
}

function predict.prompt(prediction)
  return prompts[prediction.kind]
end

local directions = {}
for direction, words in pairs {
  up = "up + positive plus higher more larger greater grows rises increases",
  down = "down - negative minus lower less smaller falls shrinks decreases",
  same = "same = 0 zero none equal unchanged constant",
} do
  for word in words:gmatch "%S+" do directions[word] = direction end
end

local readers = {}

-- A number, or arithmetic with numbers such as 1/4; a name would be code, which a learner may run before guessing. The
-- comma is read, too: 320,128 as summaries print it, and 0,25 as much of Europe writes it.
function readers.number(text)
  if text:match "^%s*[%+%-]?[1-9]%d?%d?,%d%d%d[%d,]*%s*$" then
    text = text:gsub(",", "")
  elseif text:match "^%s*[%+%-]?%d*,%d+%s*$" then
    text = text:gsub(",", ".")
  end
  if not text:match "^[%d%s%.eExX%+%-%*/%^%(%)]+$" then return nil end
  local f = load("return " .. text, "=guess", "t", {})
  local ok, value = pcall(f or error)
  return ok and type(value) == "number" and value or nil
end

-- "4x3", "(4, 3)", "4 3", "{4, 3}"; "4" is (4,).
function readers.shape(text)
  if not text:match "^[%s%(%[{]*%d[%d%sx×,]*[%s%)%]}]*$" then return nil end
  local shape = {}
  for n in text:gmatch "%d+" do shape[#shape + 1] = math.tointeger(tonumber(n)) end
  return shape
end

function readers.direction(text)
  return directions[text:lower():match "^%s*(%S+)%s*$" or ""]
end

--- The guess in `text`, or nil when it is none (then it is code).
function predict.read(prediction, text)
  return readers[prediction.kind](text)
end

-- What came out, in the form of a guess; nil and why when the expression does not fit its kind.
local function outcome(prediction, value)
  if prediction.kind == "shape" then
    local shape = check.shape_of(value) or type(value) == "table" and value
    if shape then return shape end
    return nil, "a tensor or a table {4, 3}"
  elseif prediction.kind == "direction" then
    if directions[value] then return directions[value] end
    if type(value) == "number" then return value > 0 and "up" or value < 0 and "down" or "same" end
    return nil, 'a number (its sign counts) or "up", "down", "same"'
  end
  if type(value) == "number" then return value end
  return nil, "a number"
end

local function agrees(prediction, guess, actual)
  if prediction.kind == "shape" then return shapes.text(guess) == shapes.text(actual) end
  if prediction.kind == "direction" then return guess == actual end
  return math.abs(guess - actual) <= (prediction.tolerance or 1e-6)
end

local function as_text(prediction, value)
  if prediction.kind == "shape" then return shapes.text(value) end
  if prediction.kind == "direction" then return value end
  return math.type(value) == "integer" and tostring(value) or string.format("%.6g", value)
end

--- After the cell has run: whether the guess was right (nil when the lesson's expression fails), and a sentence.
--- No guess: it was skipped, or nobody is there and the right one is given.
function predict.compare(prediction, guess, env, unattended)
  local name = "expect"
  local code, why = load("return " .. prediction.expect, "=" .. name, "t", env)
  local ok, value = pcall(code or error, code and nil or why)
  if not ok then return nil, string.format("the prediction's expect failed: %s", tostring(value)) end
  local actual, wanted = outcome(prediction, value)
  if actual == nil then
    return nil, string.format("the prediction's expect must give %s, not a %s", wanted, type(value))
  end
  local text = as_text(prediction, actual)
  if unattended then return true, "→ " .. text end
  if guess == nil then return true, "It is " .. text .. "." end
  if agrees(prediction, guess, actual) then
    if guess == actual or prediction.kind ~= "number" then return true, "You predicted " .. text .. ": right." end
    return true, string.format("You predicted %s: close, it is %s.", as_text(prediction, guess), text)
  end
  return false, string.format("You predicted %s, it is %s. Why?", as_text(prediction, guess), text)
end

return predict
