-- model:summary() in the layout of Keras 2.

local options = require "gradus.options"

local M = {}

-- Where Keras's columns end, of a line's length; where a layer's name needs more room, they move instead of cutting it
-- off. A column that says whether a layer is trained lengthens the line.
local LENGTH, POSITIONS, TRAINABLE = 65, {0.45, 0.85, 1}, 11

--- 320386 -> "320,386"
function M.with_commas(n)
  local text = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

M.options = {{"line_length", LENGTH}, {"positions", POSITIONS}, {"print_fn"}, {"show_trainable", false},
  {"layer_range"}, refused = {
    expand_nested = "every layer of a network is shown: there are no networks within networks",
  }}

-- {layer_range={from, to}}: the places of the layers that are shown.
local function range_of(model, range)
  if range == nil then return 1, #model.layers end
  if type(range) ~= "table" or #range ~= 2 then
    error('summary: layer_range is the names of two layers, as in layer_range={"conv2d", "flatten"}', 0)
  end
  local places, names = {}, {}
  for i, layer in ipairs(model.layers) do
    names[i] = layer.name
    for k = 1, 2 do
      if range[k] == layer.name then places[k] = i end
    end
  end
  for k = 1, 2 do
    if not places[k] then
      error(string.format('summary: there is no layer "%s"%s', tostring(range[k]),
        options.suggest(tostring(range[k]), names)), 0)
    end
  end
  if places[1] > places[2] then
    error(string.format('summary: in layer_range, "%s" comes behind "%s" in the network: write them the other way '
      .. "round", range[1], range[2]), 0)
  end
  return places[1], places[2]
end

local function is_length(value) return type(value) == "number" and value >= 20 and value <= 1000 end

-- Where each column ends: of a line of so many characters if `positions` go up to 1.
local function ends_of(read)
  if not is_length(read.line_length) then
    error("summary: line_length is a number of characters from 20 to 1000, not " .. tostring(read.line_length), 0)
  end
  local ends, before = {}, 0
  for i = 1, 3 do
    local position = type(read.positions) == "table" and read.positions[i]
    if type(position) ~= "number" or not (position > before and position <= 1000) then
      error("summary: positions are three numbers that grow, where each column ends: shares of the line, as "
        .. "{0.45, 0.85, 1}, or characters, as {29, 55, 65}", 0)
    end
    ends[i], before = position, position
  end
  for i, position in ipairs(ends) do ends[i] = math.floor(before <= 1 and position * read.line_length or position) end
  return ends
end

--- The lines of a summary; `read` are the options, of which those that are missing have their defaults.
function M.lines(model, read)
  local ends, titles, more = ends_of(read), {}, 0
  local from, to = range_of(model, read.layer_range)
  for i = from, to do
    local layer = model.layers[i]
    titles[i] = string.format("%s (%s)", layer.name, layer.class_name)
    more = math.max(more, #titles[i] + 1 - ends[1])
  end
  local widths = {ends[1] + more, ends[2] - ends[1], ends[3] - ends[2], read.show_trainable and TRAINABLE or 0}
  local function row(...)
    local parts = {...}
    for i, text in ipairs(parts) do parts[i] = text .. string.rep(" ", widths[i] - #tostring(text)) end
    return (table.concat(parts):gsub("%s+$", ""))
  end
  local trainable = read.show_trainable and function(layer) return layer.trainable and "Y" or "N" end
    or function() return "" end
  local rule = string.rep("_", widths[1] + widths[2] + widths[3] + widths[4])
  local double_rule = string.rep("=", #rule)
  local lines = {string.format('Model: "%s"', model.name), rule,
    row("Layer (type)", "Output Shape", "Param #", read.show_trainable and "Trainable" or ""), double_rule}
  local total, trained = 0, 0
  for i, layer in ipairs(model.layers) do
    local n, of_them = layer:count_params()
    total, trained = total + n, trained + of_them
    if i >= from and i <= to then
      if i > from then lines[#lines + 1] = rule end
      lines[#lines + 1] = row(titles[i], "(None, " .. table.concat(layer.output_shape, ", ") .. ")", n,
        trainable(layer))
    end
  end
  lines[#lines + 1] = double_rule
  lines[#lines + 1] = "Total params: " .. M.with_commas(total)
  lines[#lines + 1] = "Trainable params: " .. M.with_commas(trained)
  lines[#lines + 1] = "Non-trainable params: " .. M.with_commas(total - trained)
  lines[#lines + 1] = rule
  return lines
end

function M.text(model)
  return table.concat(M.lines(model, options.read("summary", {}, M.options)), "\n")
end

return M
