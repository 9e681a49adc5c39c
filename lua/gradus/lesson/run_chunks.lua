-- run_chunks(session, code, name, before): runs the code of a cell chunk by chunk, as if it were typed, under that
-- name; `before(chunk)`, if given, comes before each. Returns nil, or the error and the chunk that failed, behind
-- which nothing was run.

local parse = require "gradus.lesson.parse"

return function(session, code, name, before)
  for _, chunk in ipairs(parse.chunks(code) or {{code = code, line = 1}}) do
    if before then before(chunk) end
    local result = session:execute(chunk.code, {name = name})
    if not result.ok then return result.error, chunk end
  end
end
