-- model:summary() in the layout of Keras 2.

local M = {}

-- Keras's columns end at 29, 55 and 65; where a layer's name needs more room, they move instead of cutting it off.
local NAME, SHAPE, COUNT = 29, 26, 10

--- 320386 -> "320,386"
function M.with_commas(n)
  local text = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

function M.text(model)
  local titles, name_width = {}, NAME
  for i, layer in ipairs(model.layers) do
    titles[i] = string.format("%s (%s)", layer.name, layer.class_name)
    name_width = math.max(name_width, #titles[i] + 1)
  end
  local function row(name, shape, count)
    local line = string.format("%-" .. name_width .. "s%-" .. SHAPE .. "s%s", name, shape, count)
    return (line:gsub("%s+$", ""))
  end
  local rule = string.rep("_", name_width + SHAPE + COUNT)
  local double_rule = string.rep("=", #rule)
  local title = string.format('Model: "%s"', model.name)
  local lines = {title, rule, row("Layer (type)", "Output Shape", "Param #"), double_rule}
  local total, trained = 0, 0
  for i, layer in ipairs(model.layers) do
    if i > 1 then lines[#lines + 1] = rule end
    local n, of_them = layer:count_params()
    total, trained = total + n, trained + of_them
    lines[#lines + 1] = row(titles[i], "(None, " .. table.concat(layer.output_shape, ", ") .. ")", n)
  end
  lines[#lines + 1] = double_rule
  lines[#lines + 1] = "Total params: " .. M.with_commas(total)
  lines[#lines + 1] = "Trainable params: " .. M.with_commas(trained)
  lines[#lines + 1] = "Non-trainable params: " .. M.with_commas(total - trained)
  lines[#lines + 1] = rule
  return table.concat(lines, "\n")
end

return M
