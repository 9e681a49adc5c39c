-- Commands about what was typed: :history, :save, :load, :run, :edit, and running a command of the system.

local environment = require "gradus.session.environment"
local files = require "gradus.core.file"
local paint = require "gradus.session.paint"
local quoted = require "gradus.quoted"
local split = require "gradus.session.parts"

local entries = {}

local SHOWN = 20

--- :history, :history N (the last N), :history WORD (those with the word in them).
function entries.history(shell, text)
  local all = shell.session.history
  local n, word = tonumber(text), nil
  if text ~= "" and not n then word, n = text, math.huge end
  local found = {}
  for i = #all, 1, -1 do
    if #found >= (n or SHOWN) then break end
    local fits = not word or all[i]:find(word, 1, true) and not all[i]:find "^:history"
    if fits and not (i == #all and all[i]:find "^:history") then table.insert(found, 1, i) end
  end
  if #found == 0 then return shell:say(word and string.format('no entry has "%s" in it', word) or "nothing yet") end
  for _, i in ipairs(found) do
    shell:say(string.format("%5d  ", i) .. paint.code(all[i], shell.colour):gsub("\n", "\n       "))
  end
end

--- :save FILE.lua: the entries that worked, as a script, with an empty line between them.
function entries.save(shell, path)
  if path == "" then return shell:say "where? :save FILE.lua" end
  if not path:find "%.lua$" then path = path .. ".lua" end
  local worked = shell.session.worked
  if #worked == 0 then return shell:say "nothing has been entered that could be saved" end
  local parts = {}
  for i, entry in ipairs(worked) do parts[i] = shell.session:as_script(entry) end
  local written, why = files.write(path, split.HEAD .. "\n\n" .. table.concat(parts, "\n\n") .. "\n")
  shell:say(written and string.format("%s: %d %s; :load %s enters them again", path, #parts,
    #parts == 1 and "entry" or "entries", path) or why)
end

local function read(shell, path, command)
  if path == "" then
    shell:say(string.format("which one? :%s FILE.lua", command))
    return nil
  end
  local text, why = environment.read_file(path)
  if not text and not path:find "%.lua$" and files.names(path) == nil then
    text = environment.read_file(path .. ".lua")
    if text then path = path .. ".lua" end
  end
  if not text then shell:say(why) end
  return text and text:gsub("^#[^\n]*", ""), path
end

--- Runs code as if it had been typed, and shows it. Returns whether it worked.
function entries.enter(shell, code)
  local prompt, more = paint.text("> ", "2", shell.colour), paint.text(">> ", "2", shell.colour)
  shell:say(prompt .. paint.code(code, shell.colour):gsub("\n", "\n" .. more))
  local result = shell.session:execute(code)
  if not result.ok then shell:show_error(result.error) end
  return result.ok
end

--- :load FILE: enters what the file holds, part by part; stops at the first error.
function entries.load(shell, path)
  local text
  text, path = read(shell, path, "load")
  if not text then return end
  local _, rest = split.saved(text)
  local parts = split.of(shell.session, rest)
  for i, part in ipairs(parts) do
    if not entries.enter(shell, part.text) then
      if i < #parts then shell:say(string.format("(%s: %d of %d parts were entered)", path, i - 1, #parts)) end
      return
    end
  end
end

--- Runs a script among the learner's names; `unrecorded` when it is no part of the session.
function entries.run_file(shell, path, arguments, unrecorded)
  local code
  code, path = read(shell, path, "run")
  if not code then return end
  local result = shell.session:execute(code, {name = "@" .. path, script = true, args = arguments,
    recorded = not unrecorded and string.format("dofile(%q)", path)})
  if not result.ok then shell:show_error(result.error) end
end

--- :run FILE [ARG...]: runs a script among the learner's names.
function entries.run(shell, text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  return entries.run_file(shell, table.remove(words, 1) or "", words)
end

local function set(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

--- :edit: the last entry (or what `:edit FILE` holds) in the editor, and what comes back as an entry.
function entries.edit(shell, path)
  local editor = set "VISUAL" or set "EDITOR" or "vi"
  local own = path == ""
  if own then path = os.tmpname() end
  local file = path .. (own and ".lua" or "")
  local before = own and (shell.last_entry or "") or nil
  if own then
    local written, why = files.write(file, before .. "\n")
    if not written then return shell:say(why) end
  end
  local ok, how, status = os.execute(editor .. " " .. quoted(file))
  local text = environment.read_file(file)
  if own then
    os.remove(path)
    os.remove(file)
  end
  if not ok then
    return shell:say(string.format("%s did not work (%s %s); VISUAL or EDITOR names another", editor, how, status))
  end
  text = text and text:gsub("%s+$", "")
  if not text or text == "" or text == before then return shell:say "nothing was changed" end
  shell:remember(text)
  shell.last_entry = text
  entries.enter(shell, text)
end

--- !COMMAND: by the system's shell.
function entries.system(shell, command)
  if command == "" then return shell:say "which one? !COMMAND, as in !ls" end
  io.stdout:flush()
  local ok, how, status = os.execute(command)
  if not ok then shell:say(string.format("(%s %d)", how == "signal" and "ended by signal" or "status", status)) end
end

return entries
