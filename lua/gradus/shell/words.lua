-- gradus --complete: what could stand at the end of a command line, for the completion of the learner's own shell
-- (docs/gradus.bash). It goes by the usage that --help prints, and by that of the command (the field `usage` of its
-- module), if it has one:
--
--   gradus lesson run NAME         text   a command: words that stand for themselves, and capitals for others
--     --plots DIR      text             an option, and what its value is
--     -o, --output OUT     text             the same under two names
--     --job pbs|slurm      text             an option and its values

local shipped = require "gradus.lesson.shipped"

local words = {}

-- What may stand where the usage has a word in capitals; "..." and a file's ending come on top of these.
local kinds = {
  ARG = {":files"},
  DIR = {":folders"},
  FILE = {":files"},
  OUT = {":files"},
  PATH = {":files"},
  PHOTOS = {":folders"},
}

-- Commands that take a lesson: by its name where the usage says NAME, or in the place of a FILE.
local takes_lessons = {lesson = true, export = true}

local function lesson_names(typed)
  if not typed:find "^%d" then return shipped.slugs() end
  local numbers = {}
  for i, lesson in ipairs(shipped.list() or {}) do numbers[i] = tostring(lesson.number) end
  return numbers
end

-- What stands for the word `pattern` of the usage: words, and ":files", ":files ENDING" or ":folders".
local function expand(pattern, typed)
  if pattern:find "|" then
    local choices = {}
    for choice in pattern:gmatch "[^|]+" do choices[#choices + 1] = choice end
    return choices
  end
  if not pattern:find "%u" then return {pattern} end
  if pattern == "NAME" then return lesson_names(typed) end
  local kind, ending = pattern:match "^(%u+)(.*)$"
  if ending:find "^%.%l" then return {":files " .. ending} end
  return kinds[kind] or {}
end

-- The options of a usage, with what their values are ("" when they have none), into the table.
local function read_options(usage, options)
  for line in usage:gmatch "[^\n]+" do
    local names, value = {}, ""
    for word in (line:match "^%s+(%-.-)%s%s" or ""):gmatch "[^%s,]+" do
      if word:find "^%-" then names[#names + 1] = word else value = word end
    end
    for _, name in ipairs(names) do options[name] = value end
  end
end

-- The commands of the usage, each a list of words with its options by name; and those of their first words that stand
-- for themselves.
local function read_commands(usage)
  local commands, first_words = {}, {}
  local function new_command()
    commands[#commands + 1] = {options = {}}
    return commands[#commands]
  end
  for line in usage:gmatch "[^\n]+" do
    for text in ("  " .. line .. "  "):gmatch "  gradus (%S.-)  " do
      local command, option = new_command(), nil
      for word in text:gsub("[%[%]]", ""):gmatch "%S+" do
        if word == "|" then  -- "--help | --version": either is a command
          command, option = new_command(), nil
        elseif word:find "^%-" then
          option = word
          command.options[option] = ""
        elseif option and word:find "^%u" then
          command.options[option], option = word, nil
        else
          command[#command + 1] = word
          if #command == 1 and not word:find "%u" then first_words[word] = true end
        end
      end
    end
  end
  return commands, first_words
end

-- Whether the typed words begin this command, and the word of its usage that comes next, or nil at its end.
local function follows(command, typed, first_words)
  if typed[1] and command[1] ~= typed[1] and first_words[typed[1]] then return false end
  local last = command[#command]
  local rest = last and last:find "%.%.%.$" and last or nil
  for i, word in ipairs(typed) do
    local pattern = command[i] or rest
    if not pattern or (not pattern:find "%u" and pattern ~= word) then return false end
  end
  return true, command[#typed + 1] or rest
end

-- Adds the options of a lesson that is named on the line: each takes a value, most often a file.
local function add_lesson_options(line, options)
  for i = 2, math.min(#line - 1, 3) do
    local ok, lesson = pcall(require("gradus.lesson").find, line[i])
    for _, option in ipairs(ok and lesson.options or {}) do options["--" .. option] = "FILE" end
  end
end

-- The options that may stand on the line, besides those of the commands' own lines.
local function all_options(usage, line, first_words)
  local options = {}
  read_options(usage, options)
  for i = 1, #line - 1 do
    local word = line[i]
    if first_words[word] then
      local ok, module = pcall(require, "gradus." .. word)
      if ok and type(module) == "table" and type(module.usage) == "string" then read_options(module.usage, options) end
      if takes_lessons[word] then add_lesson_options(line, options) end
      break
    end
  end
  return options
end

--- The candidates for the last of the words behind "gradus", as expand() gives them, sorted.
function words.candidates(usage, line)
  local commands, first_words = read_commands(usage)
  local last = line[#line] or ""
  local options = all_options(usage, line, first_words)
  -- The words that are no options, and what `last` is the value of.
  local typed, value = {}, nil
  for i = 1, #line - 1 do
    local word = line[i]
    if value then
      value = nil
    elseif word:find "^%-." then
      value = options[word]
      for _, command in ipairs(commands) do value = value or command.options[word] end
      if value == "" then value = nil end
    else
      typed[#typed + 1] = word
    end
  end
  local found = {}
  local function add(word)
    if word:sub(1, 1) == ":" or word:sub(1, #last) == last then found[word] = true end
  end
  local function add_all(list)
    for _, word in ipairs(list) do add(word) end
  end
  if value then
    add_all(expand(value, last))
  elseif last:find "^%-" then
    for option in pairs(options) do add(option) end
  end
  for _, command in ipairs(value and {} or commands) do
    local matches, pattern = follows(command, typed, first_words)
    if matches and last:find "^%-" then
      for option in pairs(command.options) do add(option) end
    elseif matches and pattern then
      add_all(expand(pattern, last))
      if pattern == "FILE" and takes_lessons[typed[1]] then add_all(lesson_names(last)) end
    end
  end
  local list = {}
  for word in pairs(found) do list[#list + 1] = word end
  table.sort(list)
  return list
end

--- gradus --complete WORD...: prints the candidates, one a line; returns the exit status.
function words.command(usage, line)
  for _, word in ipairs(words.candidates(usage, line)) do io.stdout:write(word, "\n") end
  return 0
end

return words
