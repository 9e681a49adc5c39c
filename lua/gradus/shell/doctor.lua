-- gradus doctor: what this machine offers, and what is missing.

local core = require "gradus.core.session"
local files = require "gradus.core.file"
local plot = require "gradus.core.plot"
local shipped = require "gradus.lesson.shipped"
local state = require "gradus.state"

local doctor = {}

local function processor()
  local file = io.open("/proc/cpuinfo")
  local text = file and file:read("a") or ""
  if file then file:close() end
  return text:match("model name%s*: ([^\n]+)") or "unknown"
end

local function memory(bytes)
  if bytes >= 2^63 then return "unknown" end  -- neither /proc nor the control group says
  return string.format("%.1f GiB left", bytes / 2^30)
end

-- A fact, and the packages that would make it better, or nil.
local function blas(machine)
  if not machine.blas then return machine.blas_problem, "libopenblas0-pthread" end
  return string.format("OpenBLAS, its kernels for %s", machine.blas)
end

local function fft(machine)
  if not machine.fftw then return machine.fftw_problem, "libfftw3-double3 libfftw3-single3" end
  return machine.fftw
end

local function has_display()
  return (os.getenv "WAYLAND_DISPLAY" or "") ~= "" or (os.getenv "DISPLAY" or "") ~= ""
end

-- The version of gnuplot, and those of its terminals that plots can use.
local function gnuplot()
  local package = has_display() and "gnuplot-qt" or "gnuplot-nox"
  local said, why = plot.run("set print '-'\nprint GPVAL_VERSION, ' ', GPVAL_PATCHLEVEL\n"
    .. "print GPVAL_TERMINALS\nset print\n", 10)
  if not said then return why, package end
  local version, patch, list = said:match("(%S+)%s+(%S+)\n(.*)")
  if not version then return "does not say what it is", package end
  local useful, opens_windows = {}, false
  for name in list:gmatch("%S+") do
    local window = name == "qt" or name == "wxt" or name == "x11" or name == "aqua"
    opens_windows = opens_windows or window
    if window or name:find("^png") or name:find("^pdf") or name == "svg" or name == "dumb" then
      useful[#useful + 1] = name
    end
  end
  local fact = string.format("%s patchlevel %s, with %s", version, patch, table.concat(useful, ", "))
  if has_display() and not opens_windows then return fact .. "; it opens no windows", package end
  return fact
end

local function curl()
  local pipe = io.popen("curl --version 2>/dev/null")
  local version = pipe and pipe:read "l"
  if pipe then pipe:close() end
  if not version then return "not here: data.get needs it to fetch a set", "curl" end
  return version:match "^curl %S+" or version
end

local function terminal()
  local parts = {
    os.getenv("TERM") or "TERM is not set",
    core.is_terminal("stdout") and string.format("%d x %d", core.width(), core.height()) or "the output is no terminal",
  }
  local no_colour = os.getenv("NO_COLOR")
  if no_colour and no_colour ~= "" then parts[#parts + 1] = "no colours (NO_COLOR)" end
  local display = os.getenv("WAYLAND_DISPLAY") or os.getenv("DISPLAY")
  parts[#parts + 1] = has_display() and "windows on " .. display or "no display for windows"
  return table.concat(parts, ", ")
end

local function lessons()
  local list, why = shipped.list()
  if not list then return why end
  return string.format("%d in %s/lessons", #list, core.root)
end

local function datasets()
  local names, why = files.names(core.root .. "/datasets")
  if not names then return why end
  local sets = 0
  for _, name in ipairs(names) do
    if name:find "%.csv" then sets = sets + 1 end
  end
  return string.format("%d in %s/datasets", sets, core.root)
end

local function startup()
  local path, why = state.startup_file()
  if not path then return "none: " .. why end
  local file = io.open(path)
  if file then file:close() end
  return path .. (file and "" or " (there is none)")
end

-- The history, and beside it the progress in lessons. Looks only: the first prompt makes the folder.
local function kept()
  local folder, why = state.folder()
  if not folder then return "nothing is remembered: " .. why end
  local path = folder .. "/history"
  local file = io.open(path, "r")
  if not file then return path .. " (there is none yet)" end
  file:close()
  file, why = io.open(path, "a")
  if not file then return "cannot be kept: " .. why end
  file:close()
  return path
end

local function fetched()
  local folder, why = state.cache()
  return folder or "nowhere: " .. why
end

--- Prints the facts, and the command that installs what is missing; returns the exit status.
function doctor.command()
  local machine = core.machine()
  local facts = {
    {"gradus", core.version .. " in " .. core.root},
    {"Lua", _VERSION},
    {"processor", processor()},
    {"kernels", machine.kernels},
    {"threads", tostring(core.threads())},
    {"memory", memory(machine.memory)},
    {"BLAS", blas(machine)},
    {"FFT", fft(machine)},
    {"gnuplot", gnuplot()},
    {"curl", curl()},
    {"terminal", terminal()},
    {"lessons", lessons()},
    {"datasets", datasets()},
    {"start-up", startup()},
    {"history", kept()},
    {"fetches", fetched()},
  }
  local missing = {}
  for _, fact in ipairs(facts) do
    io.stdout:write(string.format("%-10s %s\n", fact[1], fact[2]))
    missing[#missing + 1] = fact[3]
  end
  if #missing > 0 then
    io.stdout:write("\nOn Debian and Ubuntu this gives you the rest:\n",
      "  sudo apt install ", table.concat(missing, " "), "\n")
  end
  return 0
end

return doctor
