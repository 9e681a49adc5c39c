-- What an export is made of, whatever it was and whatever it becomes:
--
--   document = {title=, about=, cells={cell...}}             `about` is a line on where it comes from
--   cell     = {kind="markdown", text=, id=}                  `id` names a section
--            | {kind="code", code=, outputs={output...}, number=, role=}
--                  role: nil, "setup" (what runs unseen in a lesson), "exercise" (a start, not run), "answer"
--            | {kind="details", summary=, text= (Markdown), code=}   what a reader opens when they want to
--   output   = {kind="text", text=}
--            | {kind="picture", png=, dark=, description=}    bytes of PNG files; `dark` for dark paper, or nil
--            | {kind="error", text=, message=, traceback=}
--
-- The writers (markdown, html, ipynb) see nothing else. All text in it is valid UTF-8 without control characters.

local plain = require "gradus.plain_text".from_terminal

local document = {}

-- The PNG of a display's data, or nil and why not. An interrupt goes on.
local function draw(data, theme_name)
  local ok, drawn = pcall(data["image/png"], theme_name)
  if ok then return drawn end
  if drawn == "interrupted" then error(drawn, 0) end
  return nil, tostring(drawn)
end

-- What is shown on dark paper, too, unless the learner chose how plots look.
local function draw_dark(data)
  if require("gradus.plot.theme").current ~= "default" then return nil end
  return (draw(data, "dark"))
end

-- What can be drawn without gnuplot.
local function in_characters(data)
  local ok, drawn = pcall(data.in_characters)
  if not ok and drawn == "interrupted" then error(drawn, 0) end
  return ok and drawn or nil
end

local convert = {}

function convert.text(output)
  return {kind = "text", text = plain(output.text)}
end

function convert.error(output)
  return {kind = "error", text = plain(output.text), message = plain(output.message),
    traceback = plain(output.traceback or "")}
end

function convert.display(output, given)
  local data = output.data
  local picture, why = nil, nil
  if data["image/png"] then picture, why = draw(data) end
  if picture then
    return {kind = "picture", png = picture, dark = given.dark and draw_dark(data) or nil,
      description = plain(data.description or "picture"):gsub("\n", " ")}
  end
  local text = data["text/plain"] or why and in_characters(data)
  if not text and why then given.problem(why) end
  return {kind = "text", text = plain(text or data.description or ""):gsub("\n*$", "\n", 1)}
end

--- The outputs of a record's cell (gradus.session.record) as outputs of a document. `given`: dark=true for pictures on
--- dark paper as well; problem(text) is told what could not be drawn.
function document.outputs(outputs, given)
  local converted = {}
  for _, output in ipairs(outputs) do
    local each = convert[output.kind](output, given)
    local last = converted[#converted]
    if each.kind == "text" and each.text == "" then
      -- nothing
    elseif each.kind == "text" and last and last.kind == "text" then
      last.text = last.text .. each.text
    else
      converted[#converted + 1] = each
    end
  end
  return converted
end

--- A cell of code, numbered by `count` = {n=}.
function document.code(code, outputs, count, role)
  if role == nil then count.n = count.n + 1 end
  return {kind = "code", code = plain(code), outputs = outputs, number = role == nil and count.n or nil, role = role}
end

function document.markdown(text, id)
  return {kind = "markdown", text = plain(text), id = id}
end

--- A session that was recorded.
function document.of_session(record, title, given)
  local cells, count = {}, {n = 0}
  record:settle()
  for _, cell in ipairs(record.cells) do
    cells[#cells + 1] = document.code(cell.code, document.outputs(cell.outputs, given), count)
  end
  return {title = plain(title), about = "a session of gradus", cells = cells}
end

return document
