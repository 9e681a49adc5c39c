-- Rows of cells as a table of text.

local function width_of(cell)
  return utf8.len(cell) or #cell
end

--- `rows` is a list of lists of texts. Each column is as wide as its widest cell, two spaces apart; those with
--- right[j] = true stand at the right. Lines end where their text ends.
return function(rows, right)
  local widths = {}
  for _, row in ipairs(rows) do
    for j, cell in ipairs(row) do widths[j] = math.max(widths[j] or 0, width_of(cell)) end
  end
  local lines = {}
  for i, row in ipairs(rows) do
    local cells = {}
    for j, cell in ipairs(row) do
      local space = (" "):rep(widths[j] - width_of(cell))
      cells[j] = right[j] and space .. cell or cell .. space
    end
    lines[i] = table.concat(cells, "  "):gsub(" +$", "")
  end
  return table.concat(lines, "\n")
end
