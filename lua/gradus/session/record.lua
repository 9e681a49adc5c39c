-- What happened in a session, for exporting it: a list of cells, each what was entered and what came of it.
--
--   cell   = {code=, outputs={output...}, ok=}           ok is nil while it runs
--   output = {kind="text", text=}                          what was printed, as one piece
--          | {kind="display", data={MIME type -> string, or a function that makes it; description=, bytes=}}
--          | {kind="error", message=, text=, traceback=}   see gradus.session.failure
--
-- A session that lasts all day must not fill the memory: what is beyond the limits is left out, and the cell says so.

local record = {}

local MOST_TEXT = 256 << 10         -- bytes that one cell keeps
local MOST_OF_ALL = 32 << 20        -- bytes of all cells together
local MOST_DATA = 128 << 20         -- bytes of what pictures are drawn from; the oldest go first

local Record = {}
Record.__index = Record

function record.new()
  return setmetatable({
    cells = {},
    open = {},                      -- cells that run, the innermost last: in a pause of training another one may run
    bytes = 0,
    displays = {}, data_bytes = 0,  -- outputs that hold data, the oldest first
  }, Record)
end

--- A cell begins; what is written from now on is its own.
function Record:begin(code)
  local cell = {code = code, outputs = {}, bytes = 0, left_out = 0}
  self.cells[#self.cells + 1] = cell
  self.open[#self.open + 1] = cell
  return cell
end

-- Joins the pieces of the last text.
local function settle(cell)
  if not cell.pieces then return end
  cell.outputs[#cell.outputs + 1] = {kind = "text", text = table.concat(cell.pieces)}
  cell.pieces = nil
end

--- What has been printed so far is in the outputs, also of cells that still run.
function Record:settle()
  for _, cell in ipairs(self.open) do settle(cell) end
end

--- It ends: `failure` is the error, if it failed.
function Record:finish(cell, failure)
  while #self.open > 0 and table.remove(self.open) ~= cell do end  -- what an interrupt left open in it ends, too
  settle(cell)
  if cell.left_out > 0 then
    cell.outputs[#cell.outputs + 1] = {kind = "text",
      text = string.format("... (%d more bytes were printed and are left out)\n", cell.left_out)}
  end
  if failure then
    cell.outputs[#cell.outputs + 1] = {kind = "error", message = failure.interrupted and "interrupted" or
      failure.message, text = failure.interrupted and "interrupted" or failure.text, traceback = failure.traceback}
  end
  cell.ok = failure == nil
end

--- Nothing runs any more: after an interrupt at an odd moment a cell may still be open.
function Record:rest()
  while #self.open > 0 do self:finish(self.open[#self.open]) end
end

--- Text that was printed.
function Record:text(s)
  local cell = self.open[#self.open]
  if not cell then return end
  if cell.bytes + #s > MOST_TEXT or self.bytes + #s > MOST_OF_ALL then
    cell.left_out = cell.left_out + #s
    return
  end
  cell.pieces = cell.pieces or {}
  cell.pieces[#cell.pieces + 1] = s
  cell.bytes, self.bytes = cell.bytes + #s, self.bytes + #s
end

--- Something was shown that has more forms than text.
function Record:display(data)
  local cell = self.open[#self.open]
  if not cell then return end
  settle(cell)
  local output = {kind = "display", data = data}
  cell.outputs[#cell.outputs + 1] = output
  self.displays[#self.displays + 1] = output
  self.data_bytes = self.data_bytes + (data.bytes or 0)
  while self.data_bytes > MOST_DATA and #self.displays > 1 do
    local oldest = table.remove(self.displays, 1)
    self.data_bytes = self.data_bytes - (oldest.data.bytes or 0)
    oldest.data = {["text/plain"] = oldest.data["text/plain"], description = oldest.data.description}
  end
end

return record
