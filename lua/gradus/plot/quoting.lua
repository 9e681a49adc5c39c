-- The learner's texts, safe for gnuplot and for a terminal.

local valid = require "gradus.plain_text".valid

local string_format = string.format
local tostring = tostring
local utf8_len, utf8_offset = utf8.len, utf8.offset

local M = {}

--- Valid UTF-8 without control characters but newlines, at most `most` characters.
function M.clean(text, most)
  text = tostring(text):gsub("\r\n?", "\n"):gsub("\t", "  "):gsub("[%z\1-\9\11-\31\127]", "")
  text = valid(text)
  if most and utf8_len(text) > most then
    text = text:sub(1, utf8_offset(text, most) - 1) .. "…"
  end
  return text
end

local pieces = {["'"] = "'.\"'\".'", ["\n"] = "'.\"\\n\".'"}

--- The text as an expression of gnuplot's: pieces in single quotes, in which it expands nothing, joined by
--- line breaks and single quotes of their own. (Its doubled '' for a quote is misread at the beginning of a
--- text.)
function M.quote(text, most)
  text = M.clean(text, most or 300)
  return "'" .. text:gsub("['\n]", pieces) .. "'"
end

--- The same for labels of tics, which are formats to gnuplot.
function M.quote_tic(text, most) return M.quote((M.clean(text, most or 40):gsub("%%", "%%%%"))) end

--- A number, with all its digits.
function M.number(x) return string_format("%.17g", x) end

return M
