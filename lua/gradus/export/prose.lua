-- Markdown as HTML. libcmark reads it (gradus.core.text); of HTML in it nothing comes through but as text, and links
-- lead only where a browser can be sent.

local core = require "gradus.core.text"
local paint = require "gradus.session.paint"

local prose = {}

local entities = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;"}

function prose.escape(text)
  return (text:gsub("[&<>\"']", entities))
end

local escape = prose.escape

local classes = {keyword = "k", string = "s", number = "n", comment = "c"}

--- Lua, its words in <span>s of the classes k, s, n and c.
function prose.lua(code)
  local parts = {}
  for i, piece in ipairs(paint.pieces(code)) do
    local class = classes[piece.kind]
    local text = escape(piece.text)
    parts[i] = class and string.format('<span class="%s">%s</span>', class, text) or text
  end
  return table.concat(parts)
end

-- ---- within a paragraph ----

local function is_safe(url)
  return url:find "^https?://" ~= nil or url:find "^mailto:" ~= nil or url:find "^#[%w_-]+$" ~= nil
end

local function inline(runs)
  local parts = {}
  for i, run in ipairs(runs) do
    local text = escape(run.text):gsub("\n", "<br>\n")
    if run.code then text = "<code>" .. text .. "</code>" end
    if run.emphasis then text = "<em>" .. text .. "</em>" end
    if run.strong then text = "<strong>" .. text .. "</strong>" end
    if run.link and is_safe(run.link) then
      text = string.format('<a href="%s" rel="noreferrer">%s</a>', escape(run.link), text)
    end
    parts[i] = text
  end
  return table.concat(parts)
end

--- Markdown of one line, without a paragraph around it.
function prose.inline(text)
  local block = core.markdown(text)[1]
  return block and inline(block.runs) or ""
end

-- ---- tables: a paragraph of lines that begin with a bar ----

local function cells_of(line)
  line = line:gsub("\\|", "\1"):match "^%s*|?(.-)|?%s*$"
  local cells = {}
  for cell in (line .. "|"):gmatch "([^|]*)|" do cells[#cells + 1] = cell:gsub("\1", "|"):match "^%s*(.-)%s*$" end
  return cells
end

local function row(line, tag)
  local parts = {}
  for i, cell in ipairs(cells_of(line)) do parts[i] = string.format("<%s>%s</%s>", tag, prose.inline(cell), tag) end
  return "<tr>" .. table.concat(parts) .. "</tr>"
end

local function table_of(lines)
  local parts = {"<table>"}
  local has_head = lines[2] and lines[2]:find "^[%s|:-]+$" ~= nil
  for i, line in ipairs(lines) do
    if not (has_head and i == 2) then parts[#parts + 1] = row(line, has_head and i == 1 and "th" or "td") end
  end
  parts[#parts + 1] = "</table>"
  return table.concat(parts, "\n")
end

-- ---- blocks ----

local Page = {}
Page.__index = Page

function Page:put(html)
  self.parts[#self.parts + 1] = html
end

function Page:open(container)
  self.stack[#self.stack + 1] = container
  self[container.counts] = self[container.counts] + 1
  self:put(container.begin)
end

function Page:close()
  local container = table.remove(self.stack)
  self[container.counts] = self[container.counts] - 1
  self:put(container.finish)
end

-- The blocks say how many lists and quotes they stand in: closes and opens as many.
function Page:reach(block)
  while self.quotes > block.quotes or self.lists > block.depth do self:close() end
  while self.quotes < block.quotes do
    self:open {counts = "quotes", begin = "<blockquote>", finish = "</blockquote>"}
  end
end

local function list(block)
  local ordered = block.number ~= nil
  return {
    counts = "lists", ordered = ordered,
    begin = ordered and string.format('<ol start="%d">\n<li>', block.number) or "<ul>\n<li>",
    finish = ordered and "</li>\n</ol>" or "</li>\n</ul>",
  }
end

local show = {}

function show.heading(self, block)
  self:put(string.format("<h%d>%s</h%d>", block.level, inline(block.runs), block.level))
end

function show.paragraph(self, block)
  local lines = {}
  if block.runs[1] and block.runs[1].text:find "^|" then
    table.move(self.lines, block.first_line, block.last_line, 1, lines)
  end
  self:put(#lines > 1 and table_of(lines) or "<p>" .. inline(block.runs) .. "</p>")
end

function show.code(self, block)
  local code = block.literal:gsub("\n+$", "")
  local is_lua = block.info:match "^%S*" == "lua"
  self:put(string.format('<pre class="code"><code>%s</code></pre>', is_lua and prose.lua(code) or escape(code)))
end

function show.item(self, block)
  local top = self.stack[#self.stack]
  if self.lists == block.depth and top and top.counts == "lists" and top.ordered == (block.number ~= nil) then
    self:put "</li>\n<li>"
  else
    if self.lists == block.depth and top and top.counts == "lists" then self:close() end
    while self.lists < block.depth do self:open(list(block)) end
  end
  self:put((inline(block.runs):gsub("^%[([ xX])%] ", function(mark)
    return string.format('<span class="box">%s</span> ', mark == " " and "☐" or "☑")
  end)))
end

function show.rule(self) self:put "<hr>" end

function show.html(self, block)
  if not block.literal:find "^%s*<!%-%-" then self:put("<p>" .. escape(block.literal) .. "</p>") end
end

--- Markdown as HTML.
function prose.html(text)
  local self = setmetatable({parts = {}, stack = {}, quotes = 0, lists = 0, lines = {}}, Page)
  for line in (text .. "\n"):gmatch "(.-)\n" do self.lines[#self.lines + 1] = line end
  for _, block in ipairs(core.markdown(text)) do
    self:reach(block)
    show[block.kind](self, block)
  end
  while #self.stack > 0 do self:close() end
  return table.concat(self.parts, "\n")
end

return prose
