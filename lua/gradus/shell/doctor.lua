-- gradus doctor: what this machine offers, and what is missing.

local core = require "gradus.core.session"
local plot = require "gradus.core.plot"

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

local function blas(machine)
  if not machine.blas then return machine.blas_problem end
  return string.format("OpenBLAS, its kernels for %s", machine.blas)
end

-- The version of gnuplot, and those of its terminals that plots can use.
local function gnuplot()
  local said, why = plot.run("set print '-'\nprint GPVAL_VERSION, ' ', GPVAL_PATCHLEVEL\n"
    .. "print GPVAL_TERMINALS\nset print\n", 10)
  if not said then return why end
  local version, patch, list = said:match("(%S+)%s+(%S+)\n(.*)")
  if not version then return "does not say what it is" end
  local useful = {}
  for name in list:gmatch("%S+") do
    if name:find("^png") or name:find("^pdf") or name == "svg" or name == "dumb" or name == "qt" or name == "wxt"
      or name == "x11" or name == "aqua" then
      useful[#useful + 1] = name
    end
  end
  return string.format("%s patchlevel %s, with %s", version, patch, table.concat(useful, ", "))
end

local function terminal()
  local parts = {
    os.getenv("TERM") or "TERM is not set",
    core.is_terminal("stdout") and string.format("%d x %d", core.width(), core.height()) or "the output is no terminal",
  }
  local no_colour = os.getenv("NO_COLOR")
  if no_colour and no_colour ~= "" then parts[#parts + 1] = "no colours (NO_COLOR)" end
  local display = os.getenv("WAYLAND_DISPLAY") or os.getenv("DISPLAY")
  parts[#parts + 1] = display and "windows on " .. display or "no display for windows"
  return table.concat(parts, ", ")
end

--- Prints the facts; returns the exit status.
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
    {"FFT", machine.fftw or machine.fftw_problem},
    {"gnuplot", gnuplot()},
    {"terminal", terminal()},
  }
  for _, fact in ipairs(facts) do io.stdout:write(string.format("%-10s %s\n", fact[1], fact[2])) end
  return 0
end

return doctor
