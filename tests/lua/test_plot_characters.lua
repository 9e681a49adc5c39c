-- Figures in characters: our own drawings, and gnuplot's with ours around them.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local core = require "gradus.core.plot"
local gnuplot = require "gradus.plot.gnuplot"
local plot = require "gradus.plot"
local text = require "gradus.plot.text"
local themes = require "gradus.plot.theme"

plot.terminal("none")
plot.settings.ascii = false  -- whatever the locale is

local function screen(ink) return {columns = 60, rows = 24, ink = ink} end

test("a confusion matrix in characters names rows and columns", function()
  local panel = plot.confusion({counts = {{53, 1}, {4, 42}}, classes = {"yes", "no"}}).panels[1]
  local drawn = text.panel(panel, screen "none", "cm")
  for _, part in ipairs {"cm", "predicted", "actual", "yes", "no", "53", "98.1 %"} do
    expect.ok(drawn:find(part, 1, true), part .. " is missing in\n" .. drawn)
  end
  expect.ok(not drawn:find "\27")
  expect.ok(text.panel(panel, screen "true"):find("\27[48;2;", 1, true))
  expect.ok(text.panel(panel, screen "256"):find("\27[48;5;", 1, true))
end)

test("pictures in characters keep within the terminal", function()
  local big = {}
  for i = 1, 300 do big[i] = {} for j = 1, 500 do big[i][j] = i + j end end
  for line in text.panel(plot.image(big).panels[1], screen "none"):gmatch "[^\n]+" do
    expect.ok(utf8.len(line) <= 60, "a line of " .. utf8.len(line))
  end
end)

test("curves drawn in characters get their colours, and nothing else changes", function()
  local figure = plot({1, 2, 3}, {1, 2, 3}, {1, 2, 3}, {3, 2, 1}, {legend = {"up", "down"}, xlabel = "50 % *"})
  local plain = assert(core.run(gnuplot.script(figure, themes.get(), "set terminal dumb mono nofeed 60 15", true), 20))
  local coloured = text.colour_curves(plain, figure.panels[1].series, "256")
  expect.ok(coloured:find("\27[38;5;74m*****\27[0m", 1, true), coloured)
  expect.ok(coloured:find("50 % *\n", 1, true) or coloured:find("50 %% %*%s*\n"), coloured)
  expect.equal((coloured:gsub("\27%[[%d;]*m", ""):gsub("%s+$", "")), (plain:gsub("%s+$", "")))
end)

test("texts of the learner's do not reach the terminal as escape sequences", function()
  for _, figure in ipairs {
    plot.bars({"\27[31mred"}, {1}), plot.heatmap({{1}}, {rows = {"\27[31m"}, xlabel = "\27[2J"}),
    plot.images({{{1}}}, {captions = {"\27]0;x\7"}}),
  } do
    expect.ok(not text.panel(figure.panels[1], screen "none", "\27[31m"):find "[\27\7]")
  end
end)

test("image.show draws pictures, activations and kernels as characters, without gnuplot and wherever plots appear",
  function()
    local sink = require("gradus.session").current().sink
    local shown
    local function show(...)
      shown = {}
      local before = rawget(sink, "display")
      function sink.display(_, bundle) shown[#shown + 1] = bundle["text/plain"] end
      local ok, result = pcall(image.show, ...)
      sink.display = before
      if not ok then error(result, 0) end
      return result
    end
    local run = core.run
    core.run = function() error "gnuplot was called" end
    plot.settings.ink = "none"
    show({{0, 1}, {1, 0}})
    expect.ok(shown[1]:find("@", 1, true), shown[1])
    expect.equal(show(zeros(3, 2, 2)).panels[1].sheet.count, 3)
    expect.equal(show(zeros(4, 4, 3)).panels[1].sheet, nil)
    expect.equal(show(zeros(4, 4, 8), {as = "activations"}).panels[1].sheet.count, 8)
    local activations = random.random(4, 5, 3)
    local last = show(activations, {as = "activations"}) and shown[1]
    show(activations:transpose(3, 1, 2), {as = "activations", data_format = "channels_first"})
    expect.equal(shown[1], last)
    local session, noted = require "gradus.session", {}
    local note = session.note
    session.note = function(words) noted[#noted + 1] = words end
    show(zeros(8, 24, 24), {as = "activations"})
    show(zeros(8, 24, 24), {as = "activations", data_format = "channels_first"})
    show(zeros(24, 24, 8), {as = "activations"})
    show(zeros(8, 8, 8), {as = "activations"})
    session.note = note
    expect.equal(#noted, 1)
    expect.ok(noted[1]:find('data_format="channels_first"', 1, true))
    local sheet = show(zeros(3, 3, 2, 5), {as = "kernels"}).panels[1].sheet
    expect.equal(sheet.count, 10)
    expect.equal(sheet.columns, 2)
    for ink, code in pairs {["256"] = "\27[38;5;", ["true"] = "\27[38;2;"} do
      plot.settings.ink = ink
      show(zeros(4, 4, 3))
      expect.ok(shown[1]:find(code, 1, true))
    end
    plot.settings.ink = nil
    core.run = run
    expect.error(function() image.show(3) end, "got a number")
    expect.error(function() image.show(zeros(2, 2), {as = "kernels"}) end, "four axes; this has 2")
    expect.error(function() image.show(zeros(5, 3, 9, 8)) end, "transpose(2, 3, 1) puts them last")
    expect.error(function() image.show(zeros(5, 3, 9, 8), {data_format = "channels_first"}) end, "x:transpose(1, 3,")
    expect.error(function() image.show(zeros(2, 2), {as = "activation"}) end, 'did you mean "activations"?')
  end)

-- What a figure looks like in characters, without colour unless `ink` says so.
local function in_characters(figure, settings)
  local sink = require("gradus.session").current().sink
  local shown, display = {}, rawget(sink, "display")
  function sink.display(_, data) shown[#shown + 1] = data["text/plain"] end
  local before = {}
  for key, value in pairs(settings or {}) do
    before[#before + 1] = {key = key, value = plot.settings[key]}
    plot.settings[key] = value
  end
  plot.terminal "characters"
  local ok, message = pcall(figure.show, figure)
  plot.terminal "none"
  for _, old in ipairs(before) do plot.settings[old.key] = old.value end
  sink.display = display
  if not ok then error(message, 2) end
  return table.concat(shown)
end

test("in characters the name of the vertical axis stands above it, not among its numbers", function()
  local drawn = in_characters(plot({1, 2, 3}, {1, 4, 9}, {title = "squares", ylabel = "value of y"}))
  expect.ok(drawn:find "^  squares\n  value of y\n", drawn)
  expect.equal(select(2, drawn:gsub("value of y", "")), 1)
end)

test("arrows in characters point where they go", function()
  local drawn = in_characters(plot.vectors(function(x, y) return x, y end, {xrange = {-1, 1}, points = 3}))
  local signs = {}
  for _, code in utf8.codes(drawn) do
    if code >= 0x2190 and code <= 0x2199 or code == 0xB7 then signs[#signs + 1] = utf8.char(code) end
  end
  expect.equal(table.concat(signs), "\u{2196}\u{2191}\u{2197}\u{2190}\u{B7}\u{2192}\u{2199}\u{2193}\u{2198}")
end)

test("a matrix that is wide for the terminal loses its rates and the middles of names before its numbers", function()
  local counts, names = {}, {}
  for i = 1, 10 do
    counts[i], names[i] = {}, "material number " .. i
    for j = 1, 10 do counts[i][j] = i == j and 100 + i or 1 end
  end
  local drawn = in_characters(plot.confusion {counts = counts, classes = names}, {columns = 80})
  for i = 1, 10 do expect.ok(drawn:find(" " .. 100 + i, 1, true), 100 + i .. " is missing in\n" .. drawn) end
  expect.ok(drawn:find("\u{2026}7", 1, true), drawn)
  for row in drawn:gmatch "[^\n]+" do expect.ok(utf8.len(row) <= 80, row) end
  expect.ok(in_characters(plot.confusion {counts = counts}, {columns = 120}):find " 92 %%")
end)

test("bars of probabilities in characters have one scale, from 0 to 1", function()
  local function blocks(p)
    return select(2, in_characters(plot.probabilities(p), {columns = 80}):gsub("\u{2588}", ""))
  end
  expect.equal(blocks {0.5, 0.5}, blocks {1, 0})
  expect.equal(select(2, in_characters(plot.bars({"a", "b"}, {1, 9}, {yrange = {0, 4}})):gsub("\u{2588}", "")), 75)
  local drawn = in_characters(plot.probabilities({0.7, 0.3}, {truth = 1}), {ink = "true", ascii = false})
  expect.ok(drawn:find "\27%[38;2;86;180;233m\u{2588}" and drawn:find "\27%[38;2;213;94;0m\u{2588}", drawn)
end)

test("a terminal that knows ASCII only gets nothing else, of every kind, with and without colour", function()
  local m = {{-1, 2.5}, {3, 0 / 0}}
  local model = function(p) return sigmoid(p:sum(2)) end
  for _, figure in ipairs {
    plot({-1, 2}, {-1, 3}, {title = "Größe", xlabel = "日本", annotations = {{0, 0, "…"}}}),
    plot.bars({"ü", "b"}, {1.3, -2}), plot.heatmap(m, {xlabel = "é"}), plot.heatmap({{1, 2}, {3, 4}}, {values = false}),
    plot.image {{0, 1}, {1, 0}}, plot.images({{{0, 1}}, {{1, 0}}}, {captions = {"→", "b"}}),
    plot.history {loss = {3, 2}},
    plot.vectors(function(x, y) return x, y end, {xrange = {-1, 1}}), plot.surface {{1, 2}, {3, 4}},
    plot.boundary(model, {{0, 0}, {1, 1}}, {0, 1}, {points = 5, legend = {"ä", "b"}}), plot.confusion {{1, 2}, {3, 4}},
    plot.probabilities({0.2, 0.8}), plot.histogram {-1, 2, 2},
  } do
    for _, ink in ipairs {"none", "256", "true"} do
      local drawn = in_characters(figure, {ascii = true, ink = ink, columns = 79})
      expect.ok(not drawn:find "[\x80-\xff]", drawn)
      expect.ok(drawn:gsub("\27%[0m", ""):find "[^%s]", "nothing was drawn")
      for row in drawn:gsub("\27%[[%d;]*m", ""):gmatch "[^\n]+" do expect.ok(#row <= 79, row) end
    end
  end
end)

test("what stands for signs beyond ASCII can be read", function()
  local drawn = in_characters(plot({-2, 2}, {-3, 3}), {ascii = true})
  expect.ok(drawn:find("-3", 1, true) and not drawn:find("?", 1, true), drawn)
  local arrows = in_characters(plot.vectors({0, 2}, {0, 1}, {1, -1}, {0, 0}), {ascii = true})
  expect.ok(arrows:find("| *>") or arrows:find("+.*>"), arrows)
  expect.ok(arrows:find("<", 1, true), arrows)
  expect.ok(in_characters(plot.bars({"a"}, {2}), {ascii = true}):find("####", 1, true))
end)

test("many pictures stand side by side as the terminal is wide, or as the learner says", function()
  local list = {}
  for i = 1, 12 do list[i] = {{0, 1}, {1, 0}} end
  local function lines(settings, given)
    return select(2, in_characters(plot.images(list, given), settings):gsub("\n", ""))
  end
  expect.equal(lines {columns = 120}, 4)      -- one row of twelve
  expect.equal(lines {columns = 60}, 8)       -- two of six
  expect.equal(lines({columns = 120}, {columns = 3}), 16)
end)
