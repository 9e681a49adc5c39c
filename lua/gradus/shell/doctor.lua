-- gradus doctor: what this machine offers, and what is missing.

local core = require "gradus.core.session"

local doctor = {}

-- The first line that a program prints, or nil when there is no such program.
local function first_line(command)
  local pipe = io.popen(command .. " 2>/dev/null")
  local line = pipe and pipe:read("l")
  if pipe then pipe:close() end
  return line and line ~= "" and line or nil
end

local function vector_instructions()
  local file = io.open("/proc/cpuinfo")
  if not file then return "unknown" end
  local flags = ""
  for line in file:lines() do
    local found = line:match("^flags%s*:(.*)") or line:match("^Features%s*:(.*)")
    if found then
      flags = found .. " "
      break
    end
  end
  file:close()
  local known = {{" avx512f ", "AVX-512"}, {" avx2 ", "AVX2"}, {" sse4_2 ", "SSE 4.2"}, {" asimd ", "NEON"}}
  for _, each in ipairs(known) do
    if flags:find(each[1], 1, true) then return each[2] end
  end
  return "baseline"
end

local function blas()
  local ok, kernel = pcall(require, "gradus.core.kernel")
  if ok and kernel.blas then return kernel.blas() end
  return "none in this build"
end

local function terminal()
  local parts = {os.getenv("TERM") or "TERM is not set"}
  if core.is_terminal("stdout") then parts[#parts + 1] = core.width() .. " columns" else parts[#parts + 1] = "no terminal" end
  local display = os.getenv("WAYLAND_DISPLAY") or os.getenv("DISPLAY")
  parts[#parts + 1] = display and "windows on " .. display or "no display for windows"
  return table.concat(parts, ", ")
end

--- Prints the facts; returns the exit status.
function doctor.command()
  local path = first_line("command -v gnuplot")
  local facts = {
    {"gradus", core.version .. " in " .. core.root},
    {"Lua", _VERSION},
    {"processor", vector_instructions()},
    {"threads", tostring(core.threads())},
    {"BLAS", blas()},
    {"gnuplot", path and path .. " (" .. (first_line("gnuplot --version") or "no version") .. ")"
      or "not found: apt-get install gnuplot-nox (or gnuplot-qt for windows)"},
    {"terminal", terminal()},
  }
  for _, fact in ipairs(facts) do io.stdout:write(string.format("%-10s %s\n", fact[1], fact[2])) end
  return 0
end

return doctor
