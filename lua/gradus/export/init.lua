-- Exports: a session, a script or a lesson as Markdown, a web page or a Jupyter notebook. Behind `:export FILE` and
-- `gradus export FILE -o OUT`.

local core = require "gradus.core.session"
local document = require "gradus.export.document"
local files = require "gradus.core.file"
local options = require "gradus.options"
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

local export = {}

local endings = {"md", "html", "ipynb"}

--- The ending of the name, which says what is written; nil and why not.
function export.kind_of(path)
  local ending = path:match "[^/]%.(%w+)$"
  local kind = ending and ending:lower()
  for _, each in ipairs(endings) do
    if kind == each then return kind end
  end
  return nil, string.format('the name of an export ends in .md, .html or .ipynb, not in "%s"%s', path:match "[^/]*$",
    ending and options.did_you_mean(kind, endings) or "")
end

-- Whether a file of that name can be written, before anything that takes long is done for it; nil and why not.
local function check_place(path)
  if files.names(path) then return nil, string.format('cannot write "%s": it is a folder', path) end
  local probe = path .. ".part"
  local file, why = io.open(probe, "ab")
  if not file then return nil, "cannot write " .. why:gsub("%.part: ", ": ") end
  file:close()
  os.remove(probe)
  return true
end

-- ---- writing ----

-- While it exists, a first Ctrl-C waits: what is written is written whole.
local function uninterrupted()
  core.hold(true)
  return setmetatable({}, {__close = function() core.hold(false) end})
end

-- Markdown and its pictures. The new pictures come first, under names of their own, then the text that shows them, then
-- those go that an older text has shown: at no time does a text lack a picture.
local function write_markdown(doc, path)
  local markdown = require "gradus.export.markdown"
  local folder = path:gsub("%.%w+$", "") .. "_files"
  local text, pictures = markdown.write(doc, folder:match "[^/]*$")
  local existing, old = {}, files.names(folder)
  for _, name in ipairs(old or {}) do existing[name] = true end
  local fresh = {}
  local function give_up(why)
    for _, name in ipairs(fresh) do os.remove(folder .. "/" .. name) end
    if not old then os.remove(folder) end
    return nil, why
  end
  if next(pictures) then
    local made, why = files.make_folder(folder)
    if not made then return nil, why end
  end
  for name, bytes in pairs(pictures) do
    if not existing[name] then
      local written, why = files.write(folder .. "/" .. name, bytes)
      if not written then return give_up(why) end
      fresh[#fresh + 1] = name
    end
  end
  local written, why = files.write(path, text)
  if not written then return give_up(why) end
  for name in pairs(existing) do
    if markdown.is_picture(name) and not pictures[name] then os.remove(folder .. "/" .. name) end
  end
  if old and #files.names(folder) == 0 then os.remove(folder) end
  return true
end

local writers = {}

writers.md = write_markdown

function writers.html(doc, path) return files.write(path, require("gradus.export.html").write(doc)) end

function writers.ipynb(doc, path) return files.write(path, require("gradus.export.ipynb").write(doc)) end

--- Writes a document. Returns true, or nil and why not; then what was there before is still there.
function export.write(doc, path)
  local hold <close> = uninterrupted()
  return writers[path:match("%w+$"):lower()](doc, path)
end

-- How pictures are made for a file of that kind; what could not be drawn is counted in the result.
local function drawing_for(kind)
  local given = {dark = kind == "html", problems = {}, count = 0}
  function given.problem(why)
    given.count = given.count + 1
    if not given.problems[why] then
      given.problems[why] = true
      given.problems[#given.problems + 1] = why
    end
  end
  return given
end

local function problem_text(given)
  return string.format("%s left out: %s", given.count == 1 and "one picture is" or given.count .. " pictures are",
    table.concat(given.problems, "; "))
end

-- A line in the terminal that says how far it is: tell(text), and nothing is left of it in the end.
local function teller()
  local out = sinks.standard_output()
  local shows = session.can_redraw(out)
  return setmetatable({}, {
    __call = function(_, text)
      if shows then out:draw("  " .. text:sub(1, (utf8.offset(text, out.width - 3) or #text + 1) - 1)) end
    end,
    __close = function()
      if shows then out:draw "" end
    end,
  })
end

-- ---- the session at the prompt ----

local function counted(n, one, many)
  return string.format("%d %s", n, n == 1 and one or many)
end

--- :export FILE: what the session has been so far.
function export.session(shell, path)
  if path == "" then return shell:say "where? :export FILE.md, FILE.html or FILE.ipynb" end
  local kind, why = export.kind_of(path)
  if not kind then return shell:say(why) end
  local record = shell.session.record
  if #record.cells == 0 then return shell:say "nothing has been entered that could be exported" end
  local can, problem = check_place(path)
  if not can then return shell:say(problem) end
  local given = drawing_for(kind)
  local doc = document.of_session(record, path:match("[^/]*$"):gsub("%.%w+$", ""), given)
  local written, failure = export.write(doc, path)
  if not written then return shell:say(failure) end
  local pictures = 0
  for _, cell in ipairs(doc.cells) do
    for _, output in ipairs(cell.outputs) do pictures = pictures + (output.kind == "picture" and 1 or 0) end
  end
  shell:say(string.format("%s: %s, %s", path, counted(#doc.cells, "entry", "entries"),
    counted(pictures, "picture", "pictures")))
  if given.count > 0 then shell:say(problem_text(given)) end
end

-- ---- the command line ----

export.usage = [[
usage: gradus export FILE -o OUT [OPTION...]
       FILE is a lesson (its number, name or file) or a script, as :save writes them
       OUT ends in .md, .html or .ipynb
       --answers   the answers of a lesson's exercises, in the place of what a learner starts from
       and what options the lesson has
]]

local function complain(text)
  io.stdout:flush()
  io.stderr:write("gradus export: ", text, "\n")
end

local function misuse(message)
  complain(message)
  io.stderr:write(export.usage)
  return 2
end

-- FILE, OUT, whether with answers, and the other words; or nil and what is wrong.
local function read_arguments(args)
  local file, out, answers, rest = nil, nil, false, {}
  local i = 1
  while i <= #args do
    local word = args[i]
    local value = word:match "^%-%-output=(.*)$"
    if word == "-o" or word == "--output" or value then
      if out then return nil, "there is more than one -o" end
      if not value then i = i + 1 end
      out = value or args[i]
      if not out or out == "" then return nil, "-o needs the name of a file" end
    elseif word == "--answers" then
      answers = true
    elseif not file and word:sub(1, 1) ~= "-" then
      file = word
    else
      rest[#rest + 1] = word
    end
    i = i + 1
  end
  if not file then return nil, "which lesson or script?" end
  if not out then return nil, "where to? -o OUT.html, say" end
  return {file = file, out = out, answers = answers, rest = rest}
end

local function same_file(a, b)
  local function plain(path) return (path:gsub("/%.?/", "/"):gsub("^%./", "")) end
  return plain(a) == plain(b)
end

local function of_script(given, path)
  local text, why = require("gradus.session.environment").read_file(path)
  if not text then return nil, why end
  return require("gradus.export.script").document(text, path, given)
end

--- What `gradus export ARG...` does; the exit status.
function export.command(args)
  local asked, why = read_arguments(args)
  if not asked then return misuse(why) end
  local kind, wrong = export.kind_of(asked.out)
  if not kind then return misuse(wrong) end
  local given = drawing_for(kind)
  given.answers = asked.answers
  local is_script = asked.file:find "%.lua$" ~= nil
  local lesson
  if is_script then
    if asked.rest[1] then return misuse(string.format('a script has no option "%s"', asked.rest[1])) end
    if asked.answers then return misuse "--answers is for lessons" end
  else
    local ok, found = pcall(require("gradus.lesson").find, asked.file)
    if not ok then return misuse(tostring(found)) end
    lesson = found
    local lesson_options = require "gradus.lesson.options"
    local values, problem = lesson_options.read(lesson, asked.rest, 1)
    if not values then return misuse(problem) end
    lesson_options.set(values)
  end
  if same_file(lesson and lesson.path or asked.file, asked.out) then
    return misuse(asked.out .. " would take the place of what is exported")
  end
  local can, problem = check_place(asked.out)
  if not can then
    complain(problem)
    return 1
  end
  local tell <close> = teller()
  given.tell = tell
  local doc, failure
  if is_script then
    doc, failure = of_script(given, asked.file)
    if not doc then return misuse(failure) end
  else
    doc, failure = require("gradus.export.lesson").document(lesson, given)
  end
  if failure and failure.interrupted then error("interrupted", 0) end
  local written, reason = export.write(doc, asked.out)
  if not written then
    complain(reason)
    return 1
  end
  if failure then complain(string.format("%s is there, and shows where it failed: %s", asked.out, failure.text)) end
  if given.count > 0 then complain(problem_text(given)) end
  return (failure or given.count > 0) and 1 or 0
end

return export
