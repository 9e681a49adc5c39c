-- model:summary() in the layout of Keras 2.

local M = {}

local columns = {29, 55, 65}
local rule, double_rule = string.rep("_", 65), string.rep("=", 65)

local function row(...)
  local line = ""
  for i, text in ipairs {...} do
    line = (line .. text):sub(1, columns[i] - 1)
    line = line .. string.rep(" ", columns[i] - #line)
  end
  return (line:gsub("%s+$", ""))
end

local function with_commas(n)
  local text = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

function M.text(model)
  local lines = {string.format('Model: "%s"', model.name), rule, row("Layer (type)", "Output Shape", "Param #"), double_rule}
  local total = 0
  for i, layer in ipairs(model.layers) do
    if i > 1 then lines[#lines + 1] = rule end
    local n = layer:count_params()
    total = total + n
    local shape = "(None, " .. table.concat(layer.output_shape, ", ") .. ")"
    lines[#lines + 1] = row(string.format("%s (%s)", layer.name, layer.class_name), shape, tostring(n))
  end
  lines[#lines + 1] = double_rule
  lines[#lines + 1] = "Total params: " .. with_commas(total)
  lines[#lines + 1] = "Trainable params: " .. with_commas(total)
  lines[#lines + 1] = "Non-trainable params: 0"
  lines[#lines + 1] = rule
  return table.concat(lines, "\n")
end

return M
