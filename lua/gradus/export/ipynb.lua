-- A document as a Jupyter notebook: nbformat 4.5, https://nbformat.readthedocs.io/en/latest/format_description.html

local core = require "gradus.core.session"
local html = require "gradus.export.html"
local json = require "gradus.json"
local markdown = require "gradus.export.markdown"
local text_core = require "gradus.core.text"

local ipynb = {}

-- Text as a notebook holds it: its lines, each with its end, so that a change of one is a change of one.
local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]*\n?" do
    if line ~= "" then list[#list + 1] = line end
  end
  return list
end

local convert = {}

function convert.text(output)
  return {output_type = "stream", name = "stdout", text = lines(output.text)}
end

function convert.error(output)
  local traceback = {"error: " .. output.text}
  for line in output.traceback:gmatch "[^\n]+" do traceback[#traceback + 1] = "  " .. line end
  return {output_type = "error", ename = "error", evalue = output.message, traceback = traceback}
end

function convert.picture(output)
  local width, height = html.size(output.png)
  return {
    output_type = "display_data",
    data = {["image/png"] = text_core.base64(output.png), ["text/plain"] = lines(output.description)},
    metadata = {["image/png"] = {width = width, height = height}},
  }
end

local roles = {
  setup = {tags = {"setup"}, jupyter = {source_hidden = true}},
  exercise = {tags = {"exercise"}},
  answer = {tags = {"answer"}},
}

local function code_cell(cell)
  local outputs = {}
  for i, output in ipairs(cell.outputs) do outputs[i] = convert[output.kind](output) end
  return {
    cell_type = "code", execution_count = cell.number or json.null, metadata = roles[cell.role] or json.object(),
    source = lines(cell.code), outputs = outputs,
  }
end

local function markdown_cell(text)
  return {cell_type = "markdown", metadata = json.object(), source = lines((text:gsub("%s+$", "")))}
end

function ipynb.write(doc)
  local cells = {}
  local function add(cell, id)
    cell.id = string.format("%s-%d", (id or "cell"):sub(1, 40), #cells + 1)
    cells[#cells + 1] = cell
  end
  local first = doc.cells[1]
  if not (first and first.kind == "markdown" and first.text:find "^#%s") then
    add(markdown_cell("# " .. doc.title:gsub("[\\`*_<>#]", "\\%0")))
  end
  local section
  for _, cell in ipairs(doc.cells) do
    section = cell.id or section
    if cell.kind == "code" then
      add(code_cell(cell), section)
    else
      add(markdown_cell(cell.kind == "details" and markdown.details(cell) or cell.text), section)
    end
  end
  local version = _VERSION:match "[%d%.]+"
  return json.write({
    nbformat = 4, nbformat_minor = 5, cells = cells,
    metadata = {
      title = doc.title, description = doc.about,
      kernelspec = {name = "gradus", display_name = "gradus (Lua)", language = "lua"},
      language_info = {name = "lua", version = version, file_extension = ".lua", mimetype = "text/x-lua",
        pygments_lexer = "lua", codemirror_mode = "lua"},
      gradus = {version = core.version},
    },
  }, 1) .. "\n"
end

return ipynb
