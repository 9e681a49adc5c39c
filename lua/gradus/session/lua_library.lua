-- Lua's own library in a line a function: what lists of completions and ?name say of it. The manual says more:
-- https://www.lua.org/manual/5.4/manual.html#6

local lua_library = {}

local lines = [[
assert(value, message) -> value: the value as it is; an error with the message when it is false or nil
collectgarbage(what) -> number: frees memory that nobody uses; with "count" says how many KiB are in use
dofile(path) -> ...: runs a file of Lua
error(message, level): stops with an error
getmetatable(value) -> table: the metatable of a value, which says how operators and fields work on it
ipairs(list) -> iterator: goes through a list in order: for i, value in ipairs(list) do ... end
load(text, name) -> function: makes a function of the text of a program, or nil and why it cannot
loadfile(path) -> function: makes a function of a file of Lua, or nil and why it cannot
next(table, key) -> key, value: the field behind that of the key; nil when there is none
pairs(table) -> iterator: goes through all fields of a table: for key, value in pairs(t) do ... end
pcall(f, ...) -> boolean, ...: calls f: true and its results, or false and the error
print(...): writes values in a line
rawequal(a, b) -> boolean: whether two values are the same, whatever their metatables say
rawget(table, key) -> value: the value of a field, whatever the metatable says
rawlen(value) -> integer: the length of a table or string, whatever the metatable says
rawset(table, key, value) -> table: sets a field, whatever the metatable says
require(name) -> value: what a module gives, which is loaded the first time
select(n, ...) -> ...: the values from the n-th on; with "#" how many there are
setmetatable(table, meta) -> table: gives a table a metatable, which says how operators and fields work on it
tonumber(text, base) -> number: the number that a text writes, or nil
tostring(value) -> string: a value as text
type(value) -> string: "number", "string", "table", "function", "boolean", "nil", "userdata" or "thread"
warn(...): writes a warning
xpcall(f, handler, ...) -> boolean, ...: pcall, with a function that gets the error where it happens
coroutine.close(thread) -> boolean: ends a coroutine
coroutine.create(f) -> thread: a coroutine, which runs f and can stop in the middle
coroutine.isyieldable() -> boolean: whether the running function may yield
coroutine.resume(thread, ...) -> boolean, ...: runs a coroutine until it yields or ends
coroutine.running() -> thread, boolean: the coroutine that runs, and whether it is the main one
coroutine.status(thread) -> string: "running", "suspended", "normal" or "dead"
coroutine.wrap(f) -> function: a function that runs f until it yields, from there on at each call
coroutine.yield(...) -> ...: stops the coroutine, which hands these values over
debug.gethook() -> function: the function that is called as code runs
debug.getinfo(f, what) -> table: facts about a function or a call: its name, file and line
debug.getlocal(f, n) -> name, value: the n-th local variable of a call, or the name of a parameter
debug.getmetatable(value) -> table: the metatable of any value
debug.getupvalue(f, n) -> name, value: the n-th variable that a function has from outside
debug.setcstacklimit(n) -> integer: of no effect any more
debug.setlocal(level, n, value) -> name: changes a local variable of a call
debug.traceback(message) -> string: the calls that led here
debug.upvalueid(f, n) -> id: tells apart the variables that functions have from outside
io.close(file): closes a file
io.flush(): writes what is still in the buffer
io.input(file) -> file: the file that io.read reads, or another one from now on
io.lines(path) -> iterator: the lines of a file: for line in io.lines(path) do ... end
io.open(path, mode) -> file: opens a file to read ("r"), write ("w") or append ("a"); or nil and why not
io.output(file) -> file: the file that io.write writes, or another one from now on
io.popen(command, mode) -> file: runs a command of the system, whose output can be read
io.read(format) -> value: reads a line, a number ("n"), all ("a") or so many bytes
io.tmpfile() -> file: a file that is gone when the program ends
io.type(value) -> string: "file", "closed file" or nil
io.write(...) -> file: writes strings and numbers, without a line end
math.abs(x) -> number: x without its sign
math.acos(x) -> number: the arc cosine of x, in radians
math.asin(x) -> number: the arc sine of x, in radians
math.atan(y, x) -> number: the arc tangent of y / x, in radians
math.atan2(y, x) -> number: the arc tangent of y / x, in radians
math.ceil(x) -> integer: x rounded up
math.cos(x) -> number: the cosine of x, which is in radians
math.cosh(x) -> number: the hyperbolic cosine of x
math.deg(x) -> number: radians as degrees
math.exp(x) -> number: e to the power of x
math.floor(x) -> integer: x rounded down
math.fmod(x, y) -> number: the remainder of x / y, with the sign of x
math.frexp(x) -> number, integer: m and e with x = m * 2^e and m from 0.5 to 1
math.ldexp(m, e) -> number: m * 2^e
math.log(x, base) -> number: the logarithm of x, the natural one unless a base is given
math.log10(x) -> number: the logarithm of x to the base 10
math.max(x, ...) -> number: the largest of numbers; of a tensor it is max(t)
math.min(x, ...) -> number: the smallest of numbers; of a tensor it is min(t)
math.modf(x) -> number, number: the whole part of x and the rest
math.pow(x, y) -> number: x to the power of y
math.rad(x) -> number: degrees as radians
math.sin(x) -> number: the sine of x, which is in radians
math.sinh(x) -> number: the hyperbolic sine of x
math.sqrt(x) -> number: the square root of x
math.tan(x) -> number: the tangent of x, which is in radians
math.tanh(x) -> number: the hyperbolic tangent of x
math.tointeger(x) -> integer: x as an integer when it is a whole number, otherwise nil
math.type(x) -> string: "integer", "float" or nil
math.ult(a, b) -> boolean: whether a is below b, both without signs
os.clock() -> number: the seconds of the processor that the program has used
os.date(format, time) -> string: the date and time, as in os.date("%Y-%m-%d %H:%M")
os.difftime(a, b) -> number: the seconds from time b to time a
os.execute(command) -> boolean: runs a command of the system
os.exit(status): ends the program
os.getenv(name) -> string: a variable of the environment, or nil
os.remove(path) -> boolean: removes a file
os.rename(from, to) -> boolean: gives a file another name
os.setlocale(locale) -> string: the customs of a language, in which numbers and dates are written
os.time(table) -> integer: the time now, or that of a date, in seconds
os.tmpname() -> string: a name for a file that is needed for a while
string.byte(s, i, j) -> integer, ...: the codes of the bytes at those positions
string.char(...) -> string: the string of bytes with these codes
string.dump(f) -> string: a function as compiled Lua, which gradus does not run
string.find(s, pattern, from, plain) -> integer, integer: where a pattern first occurs: its first and last position
string.format(format, ...) -> string: a text with values in it: %d an integer, %.3f three digits, %s anything
string.gmatch(s, pattern) -> iterator: all occurrences of a pattern: for word in s:gmatch("%a+") do ... end
string.gsub(s, pattern, by) -> string, integer: a copy in which a pattern is replaced, and how often
string.len(s) -> integer: how many bytes a string has, as #s
string.lower(s) -> string: small letters
string.match(s, pattern, from) -> string, ...: the first occurrence of a pattern, or what its brackets hold
string.pack(format, ...) -> string: values as bytes
string.packsize(format) -> integer: how many bytes string.pack gives
string.rep(s, n, separator) -> string: s, n times
string.reverse(s) -> string: the bytes in reverse
string.sub(s, i, j) -> string: the part from position i to j; negative ones count from the end
string.unpack(format, s) -> ...: the values that string.pack has written
string.upper(s) -> string: capital letters
table.concat(list, separator) -> string: the strings and numbers of a list, joined
table.insert(list, position, value): puts a value into a list: at its end, or at the position
table.move(from, first, last, to, into) -> table: copies a part of a list to another place
table.pack(...) -> table: values as a list, with their number as n
table.remove(list, position) -> value: takes the last value out of a list, or that at the position
table.sort(list, before): sorts a list in place, by < or by before(a, b)
table.unpack(list, first, last) -> ...: the values of a list, one by one
utf8.char(...) -> string: the characters with these codes
utf8.codepoint(s, i, j) -> integer, ...: the codes of the characters that begin at bytes i to j
utf8.codes(s) -> iterator: goes through characters: for position, code in utf8.codes(s) do ... end
utf8.len(s) -> integer: how many characters a string has, or nil and where it is not UTF-8
utf8.offset(s, n) -> integer: at which byte the n-th character begins]]

local entries

--- {signature=, sentence=} of a function by its name, or nil.
function lua_library.entry(name)
  if not entries then
    entries = {}
    for line in lines:gmatch "[^\n]+" do
      local full, arguments, sentence = line:match "^([%w_%.]+)(%b()[^:]*): (.*)$"
      entries[full] = {signature = full .. arguments, sentence = sentence}
    end
  end
  return entries[name]
end

local names = setmetatable({}, {__mode = "k"})  -- function -> its name
local unread = {}                               -- tables of globals whose functions are not among them yet

--- Makes the library known that stands in `base`: a session has copies of its tables, and functions of its own in them.
function lua_library.add(base)
  unread[#unread + 1] = base
end

local function read(base)
  for name, value in next, base do
    if type(value) == "function" and lua_library.entry(name) then
      names[value] = name
    elseif type(value) == "table" and type(name) == "string" then
      for field, member in next, value do
        local full = type(field) == "string" and name .. "." .. field
        if full and type(member) == "function" and lua_library.entry(full) then names[member] = full end
      end
    end
  end
end

--- The name and the entry of a function of the library; nil for any other value.
function lua_library.find(f)
  while #unread > 0 do read(table.remove(unread)) end
  local name = names[f]
  if name then return name, entries[name] end
end

return lua_library
