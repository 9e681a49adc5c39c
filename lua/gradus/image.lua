-- image: pictures in the terminal's own characters, without gnuplot.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local doc = require "gradus.help".doc
local drawing = require "gradus.plot.drawing"
local options = require "gradus.options"
local pictures = require "gradus.plot.pictures"
local session = require "gradus.session"

local format, select, tostring, type = string.format, select, tostring, type

local fail = arguments.fail

local M = {}

-- Each: from a tensor to a list of pictures, their captions, and how many stand side by side.
local readings = {}

function readings.activations(what, x, channels_first)
  local axes = select("#", core.shape(x))
  local height, width, depth = core.shape(x)
  if axes == 3 and not channels_first and width == depth and height ~= width then  -- squares, the other way round
    session.note(format('%s: (%d, %d, %d) is read as (height, width, channels), and as (channels, height, width) ' ..
      'with data_format="channels_first"', what, height, width, depth))
  end
  if axes ~= 3 then
    fail("%s: activations have shape %s, three axes; this has %d (take one of a batch, as in a[1])", what,
      channels_first and "(channels, height, width)" or "(height, width, channels)", axes)
  end
  local list, captions = {}, {}
  for k = 1, (select(channels_first and 1 or 3, core.shape(x))) do
    list[k], captions[k] = channels_first and x[k] or x[{{}, {}, k}], tostring(k)
  end
  return list, captions
end

-- A row for each output, its inputs side by side: a picture in colour would hide the signs.
function readings.kernels(what, x)
  local axes, inputs, outputs = select("#", core.shape(x)), select(3, core.shape(x))
  if axes ~= 4 then
    fail("%s: the kernels of a convolution have shape (height, width, input, output), four axes; this has %d", what,
      axes)
  end
  local list, captions = {}, {}
  for o = 1, outputs do
    for i = 1, inputs do
      list[#list + 1] = x[{{}, {}, i, o}]
      captions[#captions + 1] = inputs == 1 and tostring(o) or i .. "\u{2192}" .. o
    end
  end
  return list, captions, inputs > 1 and inputs or nil
end

-- Whether a tensor is one picture: (height, width), (height, width, 1) or (height, width, 3).
local function is_one(x)
  local axes, depth = select("#", core.shape(x)), select(3, core.shape(x))
  return axes == 2 or axes == 3 and (depth == 1 or depth == 3)
end

-- Whether a table is rows of numbers, one picture, and not a list of pictures.
local function is_rows(x) return type(x[1]) == "table" and type(x[1][1]) == "number" end

local kinds = {"pictures", "activations", "kernels"}
local orders = {"channels_last", "channels_first"}

M.show = doc("image.show", [[
image.show(x, {as="pictures", captions=, columns=, title=, data_format="channels_last"}) -> figure

Draws pictures in the terminal's characters, in as many colours as it has, wherever plots appear otherwise, and
without gnuplot. `as` is "pictures", "activations" or "kernels". x is a picture (height, width) or (height, width, 3);
or many, a table or a tensor (n, height, width) or (n, height, width, channels); with as="activations" a layer's
output for one picture (height, width, channels), a picture for each channel, or with data_format="channels_first" one
(channels, height, width); with as="kernels" the weights of a convolution (height, width, input, output). Many stand
side by side, each from its own black to its own white. `captions` has a text for each, `columns` says how many stand
side by side.

> fig = image.show({zeros(2, 2), ones(2, 2)}, {columns=1, captions={"no", "yes"}})
        
        
        
        
   no
@@@@@@@@
@@@@@@@@
@@@@@@@@
@@@@@@@@
  yes]], function(x, given)
  local what = "image.show"
  given = arguments.check_options(what, given or {}, {"as", "captions", "columns", "title", "data_format"})
  local as = options.choice(what, "as", given.as or "pictures", kinds)
  local order = options.choice(what, "data_format", given.data_format or "channels_last", orders)
  if order == "channels_first" and as ~= "activations" then
    fail('%s: data_format is for as="activations"; %s', what, as == "kernels" and "kernels are (height, width, " ..
      "input, output) for either" or "of pictures, x:transpose(1, 3, 4, 2) puts the channels last")
  end
  if not arguments.is_array(x) then fail("%s takes a picture or many of them, but got a %s", what, type(x)) end
  local list, captions, columns = x, nil, nil
  if as ~= "pictures" then
    if type(x) == "table" then x = core.array(x, what) end
    list, captions, columns = readings[as](what, x, order == "channels_first")
  elseif type(x) == "userdata" and is_one(x) or type(x) == "table" and is_rows(x) then
    list = nil
  end
  local figure = drawing.collect(function()
    if not list then return pictures.image(x, {title = given.title}) end
    return pictures.images(list, {title = given.title, captions = given.captions or captions,
      columns = given.columns or columns})
  end)[1]
  return drawing.draw(figure, "characters")
end)

return M
