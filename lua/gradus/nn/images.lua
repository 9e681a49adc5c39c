-- The two orders that the axes of images come in. Kernels compute on (n, rows, columns, channels). A layer with
-- data_format="channels_first" takes and gives (n, channels, rows, columns), as PyTorch does: it moves the axis on the
-- way in and back on the way out, and computes the same numbers, from the same weights. Where one such layer follows
-- another, a recorded program does neither of the two moves between them (src/grad/fuse.c).
--
-- Here "of pixels" is said of lists and tensors in the order of kernels, whatever the layer's.

local options = require "gradus.options"

local images = {formats = {"channels_last", "channels_first"}}

--- The option data_format as it stands in a layer's list.
images.option = {"data_format", "channels_last", one_of = images.formats}

function images.check(what, layer)
  options.choice(what, "data_format", layer.data_format, images.formats)
end

function images.channels_first(layer)
  return layer.data_format == "channels_first"
end

--- The names of a sample's axes in the layer's order.
function images.axes(layer)
  return images.channels_first(layer) and "(channels, rows, columns)" or "(rows, columns, channels)"
end

--- A shape of one sample, or a position in one, in the order of pixels.
function images.of_pixels(layer, list)
  if not images.channels_first(layer) then return list end
  local moved = table.move(list, 2, #list, 1, {})
  moved[#list] = list[1]
  return moved
end

--- The same back in the layer's order.
function images.as_given(layer, list)
  if not images.channels_first(layer) then return list end
  return table.move(list, 1, #list - 1, 2, {list[#list]})
end

-- The order of axes for transpose that does to a batch of `ndim` axes what `move` does to a shape.
local function order(layer, ndim, move)
  local axes = {}
  for i = 2, ndim do axes[i - 1] = i end
  return {1, table.unpack(move(layer, axes))}
end

--- A batch in the order of pixels.
function images.batch_of_pixels(layer, x)
  return images.channels_first(layer) and x:transpose(order(layer, x.ndim, images.of_pixels)) or x
end

--- What f, which computes on images in the order of pixels, makes of a batch.
function images.compute(layer, x, f)
  local y = f(images.batch_of_pixels(layer, x))
  return images.channels_first(layer) and y:transpose(order(layer, y.ndim, images.as_given)) or y
end

--- The shape of a sample {rows, columns, channels}; an error where it is no image.
function images.shape_of_pixels(layer, input_shape)
  local fix = ""
  if #input_shape == 2 then
    local rows, columns = table.unpack(input_shape)
    fix = string.format("; grey pictures need a channel axis: input_shape={%s} and expand_dims(x, %d)",
      table.concat(images.as_given(layer, {rows, columns, 1}), ", "), images.channels_first(layer) and 2 or -1)
  end
  layer:expect_axes(input_shape, 3, images.axes(layer), fix)
  return images.of_pixels(layer, input_shape)
end

return images
