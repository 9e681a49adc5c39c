-- The command line of gradus. Exit status: 0 done, 1 the code failed, 2 wrong usage, 130 interrupted.

local core = require "gradus.core.session"

local command_line = {}

local USAGE = [[
gradus                         the shell
gradus FILE.lua [ARG...]       run a script ("-" reads standard input)
gradus -e CODE                 run CODE; the value of an expression is printed as in the shell
gradus lesson                  list the lessons        gradus lesson NAME   take one
gradus lesson run NAME         play every cell of a lesson unattended, answers filled in
gradus lesson test [PATH...]   the author's check: all lessons, or those named
gradus lesson new PATH         start a lesson from the template
gradus lesson preview PATH     see it as a learner does, checks off
gradus export FILE -o OUT      a lesson or a saved session to .md, .html or .ipynb
gradus prepare PHOTOS -o OUT   image folders to .npy files, unattended (gradus prepare --help says more)
gradus doctor                  what this machine offers: BLAS kernel, threads, gnuplot, terminal
gradus --help | --version

Options, everywhere:
  --plots DIR      where plots go as PNG files when there is no terminal (default: plots)
  --seed N         the start of the random stream, as random.seed(N)
  --threads N      how many threads compute (also GRADUS_THREADS)
]]

local COMMANDS = {"lesson", "doctor", "present", "report", "export", "prepare"}
local OPTIONS = {"--plots", "--seed", "--threads", "--help", "--version", "-e"}
local LATER = {present = true, report = true}

local IS_COMMAND = {}  -- ours: the options above are taken from behind them, too
for _, name in ipairs(COMMANDS) do IS_COMMAND[name] = true end

local DONE, FAILED, USAGE_ERROR, INTERRUPTED = 0, 1, 2, 130

-- Wrong usage is a table thrown with error(), so that it can come from anywhere below.
local function usage_error(format, ...)
  error({usage = string.format(format, ...)}, 0)
end

local function complain(text)
  io.stdout:flush()
  io.stderr:write("gradus: ", text, "\n")
end

local function did_you_mean(word, names)
  return require("gradus.options").did_you_mean(word, names)  -- loaded when something is wrong, to start at once
end

local function whole_number(option, text, low, high)
  local n = math.tointeger(tonumber(text))
  if not n or n < low or n > high then
    usage_error("%s takes a whole number from %d to %d, not \"%s\"", option, low, high, text)
  end
  return n
end

local take = {}
local seed  -- of --seed, for what draws from a stream of its own

take["--plots"] = function(value) core.set_environment("GRADUS_PLOTS", value) end

take["--threads"] = function(value) core.threads(whole_number("--threads", value, 1, 1024)) end

take["--seed"] = function(value)
  seed = whole_number("--seed", value, 0, 0xffffffff)
  require("gradus.core.random").seed(seed)
end

-- Removes our options from `args` as far as they are ours: a script's arguments behind its name are its own.
local function take_options(args)
  local rest = {}
  local i = 1
  while i <= #args do
    local word = args[i]
    local option, value = word:match("^(%-%-%a+)=(.*)$")
    option = option or word
    if take[option] then
      if not value then
        i = i + 1
        value = args[i]
      end
      if not value or value == "" then usage_error("%s needs a value", option) end
      take[option](value)
    else
      rest[#rest + 1] = word
      local first = rest[1]
      if #rest == 1 and not IS_COMMAND[first] and first:sub(1, 1) ~= "-" or #rest == 1 and first == "-" then
        return table.move(args, i + 1, #args, #rest + 1, rest)  -- a script: the rest is its own
      end
    end
    i = i + 1
  end
  return rest
end

-- The status for what session:execute returned.
local function status_of(result)
  if result.ok then return DONE end
  local failure = result.error
  complain(failure.text)
  if failure.calls > 0 then io.stderr:write("  ", (failure.traceback:gsub("\n", "\n  ")), "\n") end
  return FAILED
end

local function new_session(args)
  local s = require("gradus.session").new {}
  s.env.arg = args
  return s
end

local function run_script(path, args)
  local text, why = require("gradus.session.environment").read_file(path ~= "-" and path or nil)
  if not text then
    local commands = path:find("[%./]") and "" or did_you_mean(path, COMMANDS)
    complain(why .. commands)
    return USAGE_ERROR
  end
  text = text:gsub("^#[^\n]*", "")  -- #!/usr/bin/env gradus
  args[0] = path
  local name = path == "-" and "=stdin" or "@" .. path
  return status_of(new_session(args):execute(text, {name = name, script = true, args = args}))
end

local function run_code(args)
  local code = table.remove(args, 1)
  if not code then usage_error("-e needs the code to run, as in gradus -e 'print(1)'") end
  return status_of(new_session(args):execute(code, {name = "=-e", args = args}))
end

local function run_module(name, what, ...)
  local ok, module = pcall(require, name)
  if not ok then
    if tostring(module):find("module '" .. name .. "' not found", 1, true) then
      usage_error("%s is not part of this build", what)
    end
    error(module, 0)
  end
  return module.command(...) or DONE
end

local function dispatch(args)
  if args[1] == "--complete" then  -- for docs/gradus.bash
    return require("gradus.shell.words").command(USAGE, table.move(args, 2, #args, 1, {}))
  end
  local from_environment = os.getenv("GRADUS_THREADS")
  if from_environment and from_environment ~= "" then
    core.threads(whole_number("GRADUS_THREADS", from_environment, 1, 1024))
  end
  args = take_options(args)
  local first = table.remove(args, 1)
  if first == nil then
    if core.is_terminal("stdin") then return require("gradus.shell").run() end
    return run_script("-", {})
  elseif first == "--help" or first == "-h" then
    io.stdout:write(USAGE)
    return DONE
  elseif first == "--version" then
    io.stdout:write("gradus ", core.version, "\n")
    return DONE
  elseif first == "-e" then
    return run_code(args)
  elseif first == "doctor" then
    return run_module("gradus.shell.doctor", "gradus doctor", args)
  elseif first == "lesson" then
    return run_module("gradus.lesson", "gradus lesson", args)
  elseif first == "prepare" then
    return run_module("gradus.prepare", "gradus prepare", args, seed)
  elseif first == "export" then
    return run_module("gradus.export", "gradus export", args)
  elseif LATER[first] then
    usage_error("\"gradus %s\" is planned but not built yet", first)
  elseif first ~= "-" and first:sub(1, 1) == "-" then
    usage_error('there is no option "%s"%s', first, did_you_mean(first, OPTIONS))
  end
  return run_script(first, args)
end

--- Runs `args` (args[0] is the program) and returns the exit status.
function command_line.main(args)
  -- The outermost protected call: an interrupt reaches it from any depth.
  local ok, result = core.call(dispatch, args)
  if ok then return result end
  local value = type(result) == "table" and result.value or result
  if type(result) == "table" and result.interrupted then
    complain("interrupted")
    return INTERRUPTED
  elseif type(value) == "table" and value.usage then
    complain(string.format("%s\n(gradus %s--help shows the usage)", value.usage, value.command or ""))
    return USAGE_ERROR
  end
  complain(require("gradus.session.failure").new(result, {short = "gradus", one_line = true}).text)
  return FAILED
end

return command_line
