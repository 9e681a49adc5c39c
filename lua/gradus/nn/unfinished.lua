-- An epoch in the middle of which training stood still: a pause that was ended there, a file that was saved after some
-- batch, an error in a callback. With model.unfinished fit goes on there to the same bits. The order of the samples,
-- what Dropout draws and how augmentation changes a picture hang on the training's key, the epoch and the number of the
-- step, which are kept anyway. So here is only how far the epoch has come, what it has summed up, and by what to know
-- its samples again: half an epoch on some samples and half on others would be none.

local core = require "gradus.core.data"
local expect = require "gradus.nn.expect"
local session = require "gradus.session"
local shapes = require "gradus.shapes"

local M = {}

local Unfinished = {}
Unfinished.__index = Unfinished
Unfinished.__name = "unfinished epoch"

--- That of a run of fit. `run` has the fields
---   model, x, truth, samples, shuffle, batch_size, batches    what is trained, and on what
---   names       of the loss and the hits
---   outputs     room for the outputs of all samples where a metric needs them; nil elsewhere
--- When the result is closed in the middle of an epoch, it lets go of the samples. (An interrupt on its way to the
--- prompt stops that, too: then it keeps them until the next fit, and is as good.)
function M.new(run)
  local self = setmetatable({epoch = 0, batch = 0, sums = {}}, Unfinished)
  for _, name in ipairs {"model", "x", "truth", "samples", "shuffle", "batch_size", "batches", "names", "outputs"} do
    self[name] = run[name]
  end
  return self
end

--- The unfinished epoch of the model that a fit with this initial_epoch (nil: none was given) goes on in, or nil. A fit
--- that begins elsewhere may not be what was meant, and says so.
function M.left_by(model, initial_epoch)
  local left = model.unfinished
  if not left or initial_epoch == left.epoch - 1 then return left end
  if initial_epoch then
    session.warn(string.format("initial_epoch=%d begins epoch %d; training was left in %s: initial_epoch=%d goes on "
      .. "there", initial_epoch, initial_epoch + 1, tostring(left), left.epoch - 1))
  elseif left.loaded then  -- in the session that has stopped it, that was said then
    session.note(string.format("fit begins a new training from these weights; initial_epoch=%d goes on in the one that "
      .. "was saved, in %s", left.epoch - 1, tostring(left)))
  end
end

--- An epoch begins.
function Unfinished:begin(epoch)
  self.epoch, self.batch = epoch, 0
  for i = 1, #self.names do self.sums[i] = 0.0 end
end

--- The epoch goes on where another run has left it.
function Unfinished:continue(other)
  self.epoch, self.batch = other.epoch, other.batch
  for i = 1, #self.names do self.sums[i] = other.sums[i] end
  if self.outputs then
    local seen = {1, other:seen()}
    self.outputs[{seen}] = other.outputs[{seen}]
  end
end

--- How many samples the epoch has seen.
function Unfinished:seen()
  return math.min(self.batch * self.batch_size, self.samples)
end

function Unfinished:__tostring()
  return string.format("epoch %d, after batch %d of %d", self.epoch, self.batch, self.batches)
end

-- ---- the samples, and how to know them again ----

local CHUNK = 1024  -- samples that are looked at together, in the dtype of the network: what it computes with counts

local function checksum(t, dtype)
  local sum = 0
  for first = 1, #t, CHUNK do
    local rows = t[{{first, math.min(first + CHUNK - 1, #t)}}]
    sum = core.checksum(rows.dtype == dtype and rows:clone() or rows:astype(dtype), sum)
  end
  return string.format("%08x", sum)
end

--- {x=, y=}: what differs, all but surely, where the samples, their truths or their weights do. They are read when
--- someone asks, once a run.
function Unfinished:checksums()
  if not self.sums_of_data then
    local dtype = self.model.dtype
    self.sums_of_data = {x = checksum(self.x, dtype), y = checksum(self.truth, dtype)}
  end
  return self.sums_of_data
end

function Unfinished:__close()
  local model = self.model
  if model.unfinished ~= self then return end
  model.unfinished = nil  -- an interrupt may come while the samples are read
  self:checksums()
  if self.outputs then self.outputs = self.outputs[{{1, self:seen()}}]:clone() end
  self.model, self.x, self.truth = nil, nil, nil
  model.unfinished = self
end

local function difference(before, now)
  local function differ(name, what)
    if before[name] ~= now[name] then
      return string.format("%s was %s, and is %s", what or name, tostring(before[name]), tostring(now[name]))
    end
  end
  local settings = differ("samples", "the number of samples to train on") or differ("batch_size") or differ("shuffle")
  if settings then return settings end
  local was, is = before:checksums(), now:checksums()
  if was.x ~= is.x then return string.format("x, of shape %s, holds other numbers", shapes.text(now.x.shape)) end
  if was.y ~= is.y then return "y, or the weights of classes or samples, are others" end
  local shape = now.outputs and now.outputs.shape
  if shape then shape[1] = before:seen() end
  if #before.sums ~= #now.names or shape and not (before.outputs and shapes.equal(before.outputs.shape, shape)) then
    return "the file does not hold what the metrics have counted until then"
  end
end

--- An error where the run `now` has other samples, or takes them in another way.
function Unfinished:expect_same(now)
  local problem = difference(self, now)
  if problem then
    error(string.format("fit: initial_epoch=%d would go on in %s, but %s: only the samples that this epoch has not "
      .. "seen yet are to come, so give x, y, their weights, batch_size and shuffle as they were. Or begin a new "
      .. "training from these weights, without initial_epoch; or epoch %d anew, after model.unfinished = nil",
      self.epoch - 1, tostring(self), problem, self.epoch), 0)
  end
end

-- ---- in a file ----

local OUTPUTS = "training.outputs"

local counts = {"epoch", "batch", "batches", "batch_size", "samples"}

--- As JSON has it; add(name, t) is called for the outputs, if they are kept.
function Unfinished:write(add)
  local text = {shuffle = self.shuffle, sums = {table.unpack(self.sums)}, data = self:checksums()}
  for _, name in ipairs(counts) do text[name] = self[name] end
  if self.outputs then add(OUTPUTS, self.outputs[{{1, self:seen()}}]) end
  return text
end

--- That of such a text, which is a stranger's.
function M.read(text, tensors)
  expect(text, "table", "the unfinished epoch")
  local self = setmetatable({loaded = true, outputs = tensors[OUTPUTS], sums = {}}, Unfinished)
  for _, name in ipairs(counts) do
    self[name] = expect(text[name], "integer", name .. " of the unfinished epoch")
    if self[name] < 1 then error(string.format("%s of the unfinished epoch is %d", name, self[name]), 0) end
  end
  if self.batch > self.batches or (self.samples + self.batch_size - 1) // self.batch_size ~= self.batches then
    error("the numbers of the unfinished epoch do not go together", 0)
  end
  self.shuffle = expect(text.shuffle, "boolean", "shuffle of the unfinished epoch")
  for i, sum in ipairs(expect(text.sums, "table", "sums of the unfinished epoch")) do
    self.sums[i] = expect(sum, "number", "a sum of the unfinished epoch")
  end
  local data = expect(text.data, "table", "data of the unfinished epoch")
  self.sums_of_data = {x = expect(data.x, "string", "the checksum of x"), y = expect(data.y, "string",
    "the checksum of y")}
  return self
end

return M
