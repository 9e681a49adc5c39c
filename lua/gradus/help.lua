-- The help of every public function, filed under its name. C files theirs with gr_register (src/bind/bind.h),
-- Lua with `doc`, both next to the definition and in one format:
--
--   zeros(d1, d2, ..., {dtype="float64"}) -> tensor        the signature
--
--   A tensor of zeros of the given shape.                   what it does: shapes, units, errors, source
--
--   > zeros(2)                                              examples, as typed, and what they print;
--   [0. 0.]                                                 tests/docs checks each of them

local entries = require "gradus.core.help"

local help = {}

--- Files `text` under `name` for `value` and returns `value`: `M.f = doc("m.f", [[...]], function() ... end)`.
function help.doc(name, text, value)
  entries[name] = {text = text, value = value}
  return value
end

return help
