-- The arguments of plots: what is data, what are options, and what to say when they do not fit.
--
-- Messages carry no position: the session finds the learner's own line.

require "gradus.core.tensor"  -- arrays of gradus.core.plot are tensors
local core = require "gradus.core.plot"
local options = require "gradus.options"

local error, getmetatable, ipairs, next = error, getmetatable, ipairs, next
local pairs, select, type = pairs, select, type
local string_format, move = string.format, table.move

local M = {}

function M.fail(format, ...) error(string_format(format, ...), 0) end

local fail = M.fail

-- What every plot with two axes takes.
local axes_options = {"title", "legend", "xlabel", "ylabel", "xrange", "yrange", "logscale", "annotations", "hlines",
  "vlines"}

--- The options of a plot with two axes, and `...` of its own.
function M.axes_options(...)
  local names = move(axes_options, 1, #axes_options, 1, {})
  return move({...}, 1, select("#", ...), #names + 1, names)
end

-- What people type who know another program's words.
local foreign = {
  xlim = "xrange", ylim = "yrange", log = "logscale", label = "legend", labels = "legend", marker = "style",
  linestyle = "style", cmap = "palette", clim = "range", ncols = "columns", suptitle = "title", titles = "captions",
  annot = "values", annotate = "annotations", axhline = "hlines", axvline = "vlines", names = "classes",
}

function M.check_options(what, given, names)
  if type(given) ~= "table" or getmetatable(given) ~= nil then
    fail('%s: the options are a table in braces, as in {title="..."}; got a %s', what, type(given))
  end
  for key in pairs(given) do
    local known, here = false, false
    for _, name in ipairs(names) do
      known = known or name == key
      here = here or name == foreign[key]
    end
    if not known then
      fail('%s has no option "%s"%s', what, key,
        here and string_format(': did you mean "%s"?', foreign[key]) or options.suggest(key, names))
    end
  end
  return given
end

--- The arguments as a table, and the options that end them: a plain table with names in it. Tables of numbers
--- are data; an empty table is what `empty_is_options(arguments)` says.
function M.split_options(what, names, empty_is_options, ...)
  local arguments = {n = select("#", ...), ...}
  local last = arguments[arguments.n]
  if arguments.n > 0 and type(last) == "table" and getmetatable(last) == nil then
    local key = next(last)
    while type(key) == "number" do key = next(last, key) end
    if type(key) == "string" or (next(last) == nil and empty_is_options(arguments)) then
      arguments[arguments.n] = nil
      arguments.n = arguments.n - 1
      return arguments, M.check_options(what, last, names)
    end
  end
  return arguments, {}
end

function M.is_array(value)
  if type(value) == "userdata" then return true end
  return type(value) == "table" and getmetatable(value) == nil
end

function M.count_of(array)
  return select("#", core.shape(array)) == 0 and 1 or (core.shape(array))
end

--- Finite numbers or an error: the items of a list of exactly `count` numbers.
function M.are_numbers(value, count)
  if type(value) ~= "table" or #value ~= count then return false end
  for i = 1, count do
    local x = value[i]
    if type(x) ~= "number" or x ~= x or x - x ~= 0 then return false end
  end
  return true
end

function M.positions(n)
  local x = {}
  for i = 1, n do x[i] = i end
  return core.array(x, "plot")
end

function M.as_matrix(what, value)
  if not M.is_array(value) then
    fail("%s takes a matrix (a tensor, or rows of numbers), but got a %s", what, type(value))
  end
  local array = core.array(value, what)
  local rows, columns, more = core.shape(array)
  if more == 1 then
    local list, values = {}, core.values(array)
    for i = 1, rows do list[i] = move(values, (i - 1) * columns + 1, i * columns, 1, {}) end
    array = core.array(list, what)
    more = nil
  end
  if not columns or more then
    fail("%s takes a matrix, two axes; this has %d", what, select("#", core.shape(array)))
  end
  if rows == 0 or columns == 0 then error(what .. ": the matrix is empty", 0) end
  return array, rows, columns
end

return M
