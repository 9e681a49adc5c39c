-- The command line of gradus prepare.

local augment = require("gradus.data.augment").augment
local options = require "gradus.options"
local photos = require "gradus.data.photos"
local quoted = require "gradus.quoted"
local tensor = require "gradus.core.tensor"

local format = string.format

local arguments = {}

arguments.USAGE = [[
gradus prepare PHOTOS -o OUT [OPTION...]

Makes six .npy files of photographs, x and y for training, validation and test, and a README.md that says how. PHOTOS
has a folder for each class (PHOTOS/bottle/1.jpg), or the folders train, val and test with the classes in them. The
same command goes on where an earlier one was broken off, and makes the same bytes.

  -o, --output OUT     the folder to write to; it is made
  --size 50            height and width of every picture, or HEIGHTxWIDTH (default: 50)
  --gray               grey pictures (n, height, width); without it, RGB (n, height, width, 3)
  --split 80,10,10     percent for training, validation and test, each class alike (default: 80,10,10)
  --seed 1             of the split and of the changes (default: 1)
  --augment LIST       changed copies of the training pictures, as in flip,rotate=15,shift=0.1: the options of
                       data.augment; rotate=0:15 is a range
  --copies 1           how many changed copies of each training picture (default: 1, with --augment)
  --coco FILE          classes from COCO annotations, not from folders; PHOTOS is where their file names start
  --positive NAME      with --coco: the category to be told from the rest
  --by picture|box     with --coco: whole pictures, or each box cut out (default: picture)
  --overwrite          replace what other options made, or other files of these names

  --job pbs|slurm      print the batch script that does exactly this, and do nothing else
  --script FILE        with --job: write the script to FILE
  --queue NAME         with --job: the queue (PBS) or partition (SLURM)
  --walltime HH:MM:SS  with --job: how long it may take (default: 01:00:00)
  --cores 4            with --job: how many cores it gets, and uses (default: 4)
  --memory 4gb         with --job: how much memory it gets
  --account NAME       with --job: the project that pays
]]

-- What takes a value, and what does not.
local VALUES = {"output", "size", "split", "augment", "copies", "coco", "positive", "by", "job", "script", "queue",
  "walltime", "cores", "memory", "account"}
local SWITCHES = {"gray", "overwrite", "help"}
local JOB_ONLY = {"script", "queue", "walltime", "cores", "memory", "account"}

local function usage_error(...) error({usage = "prepare: " .. format(...), command = "prepare "}, 0) end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

local takes_value, is_switch = set_of(VALUES), set_of(SWITCHES)

-- {positional...}, {option = text or true}
local function split_words(args)
  local words, given = {}, {}
  local i = 1
  while i <= #args do
    local word = args[i]
    local name, value = word:match "^%-%-([%a-]+)=(.*)$"
    name = name or word:match "^%-%-([%a-]+)$"
    if word == "-o" then name = "output" end
    if word == "-h" then name = "help" end
    if not name then
      if word:sub(1, 1) == "-" and word ~= "-" then usage_error('there is no option "%s"', word) end
      words[#words + 1] = word
    elseif takes_value[name] then
      if not value then
        i = i + 1
        value = args[i]
      end
      if not value or value == "" then usage_error("%s needs a value", word) end
      if given[name] then usage_error("--%s is given twice", name) end
      given[name] = value
    elseif is_switch[name] and not value then
      given[name] = true
    elseif is_switch[name] then
      usage_error("--%s takes no value", name)
    else
      local names = {"--seed", "--threads"}
      for _, list in ipairs {VALUES, SWITCHES} do
        for _, each in ipairs(list) do names[#names + 1] = "--" .. each end
      end
      usage_error('there is no option "--%s"%s', name, options.did_you_mean("--" .. name, names))
    end
    i = i + 1
  end
  return words, given
end

local function whole(name, text, low, high)
  local n = math.tointeger(tonumber(text))
  if not n or n < low or n > high then
    usage_error('--%s takes a whole number from %d to %d, not "%s"', name, low, high, text)
  end
  return n
end

local function read_size(text)
  local height, width = text:match "^(%d+)[xX](%d+)$"
  local size = height and {tonumber(height), tonumber(width)} or math.tointeger(tonumber(text))
  local ok = size and pcall(photos.size, "prepare", size)
  if not ok then
    usage_error('--size takes pixels from 1 to 10000, as in 50 or 50x80 (height x width), not "%s"', text)
  end
  return photos.size("prepare", size)
end

local function read_split(text)
  local numbers, sum = {}, 0
  for part in (text .. ","):gmatch "([^,]*)," do
    local n = tonumber(part)
    if not n or not (n >= 0) then numbers = {} break end
    numbers[#numbers + 1], sum = n, sum + n
  end
  if #numbers ~= 3 then
    usage_error('--split takes three numbers, for training, validation and test, as in 80,10,10, not "%s"', text)
  end
  local whole_of = math.abs(sum - 1) < 1e-9 and 1 or 100
  if math.abs(sum - whole_of) > 1e-9 * whole_of then
    usage_error("--split %s adds up to %g; it should add up to 100", text, sum)
  end
  if numbers[1] == 0 then usage_error("--split %s leaves nothing to train on", text) end
  return {numbers[1] / whole_of, numbers[2] / whole_of, numbers[3] / whole_of}
end

local function read_value(name, text)
  local low, high = text:match "^([^:]+):([^:]+)$"
  if low and tonumber(low) and tonumber(high) then return {tonumber(low), tonumber(high)} end
  local value = tonumber(text)
  if not value and name ~= "flip" and name ~= "fill" then
    usage_error('--augment %s takes a number, or a range as in 0:15, not "%s"', name, text)
  end
  return value or text
end

-- {flip = true, rotate = 15, ...}, tried on a picture before any work begins.
local function read_augment(text, gray)
  local given = {}
  for item in (text .. ","):gmatch "([^,]*)," do
    local name, value = item:match "^([%a_]+)=(.+)$"
    name = name or item:match "^[%a_]+$"
    if not name then usage_error('--augment takes a list as in flip,rotate=15,shift=0.1, not "%s"', text) end
    if given[name] then usage_error("--augment names %s twice", name) end
    if not value and name ~= "flip" then usage_error("--augment %s needs a number, as in %s=0.1", name, name) end
    given[name] = not value or read_value(name, value)
  end
  for _, name in ipairs {"x", "y", "seed", "copies", "grid", "range"} do
    if given[name] ~= nil then usage_error("--augment %s is not a change to a picture", name) end
  end
  local trial = {tensor.zeros(1, 4, 4, gray and 1 or 3, {dtype = "uint8"})}
  for name, value in pairs(given) do trial[name] = value end
  local ok, problem = pcall(augment, trial)
  if not ok then
    problem = tostring(problem):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", ""):gsub("^data%.augment:? ?", "")
    usage_error("--augment: %s", problem)
  end
  return given
end

local function check_job(given)
  options.choice("prepare", "--job", given.job, {"pbs", "slurm"})
  if given.walltime and not given.walltime:find "^%d+:%d%d:%d%d$" then
    usage_error('--walltime takes HH:MM:SS, as in 01:30:00, not "%s"', given.walltime)
  end
  if given.memory and not given.memory:find "^%d+[kmgtKMGT]?[bB]?$" then
    usage_error('--memory takes an amount as in 4gb, not "%s"', given.memory)
  end
  for _, name in ipairs {"queue", "account"} do
    if given[name] and not given[name]:find "^[%w@._+-]+$" then
      usage_error('--%s takes a name of letters and digits, not "%s"', name, given[name])
    end
  end
  return {kind = given.job, script = given.script, queue = given.queue, walltime = given.walltime or "01:00:00",
    cores = given.cores and whole("cores", given.cores, 1, 1024) or 4, memory = given.memory, account = given.account}
end

--- What the words ask for, or an error that says wrong usage. `seed` is that of the global option, or nil.
function arguments.read(args, seed)
  local words, given = split_words(args)
  if given.help then return {help = true} end
  if #words == 0 then usage_error("which photographs? As in: gradus prepare PHOTOS -o OUT") end
  if #words > 1 then
    usage_error('it takes one folder, but got "%s" and "%s" (a name with blanks stands in quotes)', words[1], words[2])
  end
  if not given.output then usage_error("where to? As in: gradus prepare %s -o OUT", words[1]) end
  local o = {photos = #words[1] > 1 and words[1]:gsub("/+$", "") or words[1],
    out = #given.output > 1 and given.output:gsub("/+$", "") or given.output,
    gray = given.gray or false, overwrite = given.overwrite, seed = seed or 1,
    split = given.split and read_split(given.split) or {0.8, 0.1, 0.1}, split_given = given.split}
  o.height, o.width = read_size(given.size or "50")
  if given.copies and not given.augment then
    usage_error("--copies says how many changed copies; --augment says which")
  end
  if given.augment then
    o.augment, o.augment_text = read_augment(given.augment, o.gray), given.augment
    o.copies = given.copies and whole("copies", given.copies, 1, 1000) or 1
  end
  if given.coco then
    local ok, problem = pcall(options.choice, "prepare", "--by", given.by or "picture", {"picture", "box"})
    if not ok then usage_error("%s", (tostring(problem):gsub("^.*prepare: ", ""))) end
    o.coco, o.positive, o.by = given.coco, given.positive, given.by or "picture"
    if o.by == "picture" and not o.positive then
      usage_error("--coco needs --positive NAME, the category to be told from the rest (or --by box)")
    end
  elseif given.positive or given.by then
    usage_error("--%s goes with --coco FILE", given.positive and "positive" or "by")
  end
  if given.job then
    local ok, job = pcall(check_job, given)
    if not ok then
      if type(job) == "table" then error(job, 0) end
      usage_error("%s", (tostring(job):gsub("^.*prepare: ", "")))
    end
    o.job = job
  else
    for _, name in ipairs(JOB_ONLY) do
      if given[name] then usage_error("--%s goes with --job pbs or --job slurm", name) end
    end
  end
  return o
end

-- One word of a shell's command line, in quotes where it needs them.
local function word(text)
  if text:find "^[%w_@%%+=:,./-]+$" then return text end
  return quoted(text)
end

arguments.shell_word = word

--- The command that asks for `o`, in one form whatever the learner's was, and without --overwrite.
function arguments.command(o)
  local list = {"gradus prepare", word(o.photos), "-o", word(o.out), "--size",
    o.height == o.width and tostring(o.height) or o.height .. "x" .. o.width}
  local function add(option, value)
    list[#list + 1] = option
    if value then list[#list + 1] = word(tostring(value)) end
  end
  if o.gray then add "--gray" end
  local percent = {}
  for i, part in ipairs(o.split) do percent[i] = format("%.10g", part * 100) end
  add("--split", table.concat(percent, ","))
  add("--seed", o.seed)
  if o.augment then
    add("--augment", o.augment_text)
    add("--copies", o.copies)
  end
  if o.coco then
    add("--coco", o.coco)
    if o.positive then add("--positive", o.positive) end
    add("--by", o.by)
  end
  return table.concat(list, " ")
end

return arguments
