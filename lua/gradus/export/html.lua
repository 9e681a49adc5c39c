-- A document as one HTML file that needs nothing else: its pictures are in it, it runs no scripts (and forbids any), it
-- follows the reader's light or dark, and prints.

local core = require "gradus.core.session"
local prose = require "gradus.export.prose"
local text_core = require "gradus.core.text"

local html = {}

local escape = prose.escape

-- Colours are told apart by more than hue: keywords are bold, comments slanted; all have a contrast of 4.5 or more.
local style = [[
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #22262b; --faint: #6a717b; --line: #e0e2e6; --card: #f4f5f7; --accent: #0b6bb8;
  --bad: #b3261e; --k: #7a3e9d; --s: #1a6b3c; --n: #0b5cad; --c: #68707a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #1c1f24; --ink: #dfe2e6; --faint: #969ea9; --line: #363b43; --card: #262a31; --accent: #6cb6ff;
    --bad: #ff8a80; --k: #d2a8ff; --s: #7ee2a0; --n: #79c0ff; --c: #9aa3ae;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1.05rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
}
main { max-width: 50rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.4rem; margin: 2.8rem 0 .6rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.15rem; margin: 1.8rem 0 .4rem; }
.about { color: var(--faint); margin: 0 0 2rem; font-size: .92rem; }
a { color: var(--accent); }
pre, code { font-family: ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; }
code { font-size: .9em; background: var(--card); border-radius: 4px; padding: .1em .3em; }
pre { font-size: .86rem; line-height: 1.5; margin: 0; overflow-x: auto; }
pre code { font-size: inherit; background: none; padding: 0; }
pre.code, .cell > pre.in {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem;
}
.prose > pre.code { margin: 1rem 0; }
.cell { margin: 1.3rem 0; position: relative; }
.cell > .label { color: var(--faint); font-size: .78rem; margin: 0 0 .25rem .1rem; }
.number { position: absolute; right: 100%; top: .75rem; margin-right: .7rem; color: var(--faint); font-size: .78rem;
  font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
.cell.exercise > pre.in { border-style: dashed; border-color: var(--accent); }
pre.out { padding: .6rem .9rem 0; }
pre.error { margin: .6rem 0 0; padding: .5rem .9rem; border-left: 4px solid var(--bad); color: var(--bad); }
figure { margin: .9rem 0 0; }
figure img { display: block; max-width: 100%; height: auto; border-radius: 8px; border: 1px solid var(--line); }
details { margin: .8rem 0; border: 1px solid var(--line); border-radius: 8px; padding: .45rem .9rem; }
summary { cursor: pointer; color: var(--accent); font-size: .95rem; }
details[open] > summary { margin-bottom: .5rem; }
li:has(> .box) { list-style: none; margin-left: -1.2em; }
details p:last-child { margin-bottom: .3rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .9rem .3rem 0; text-align: left; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 4px solid var(--line); color: var(--faint); }
hr { border: 0; border-top: 1px solid var(--line); margin: 2rem 0; }
.k { color: var(--k); font-weight: 600; } .s { color: var(--s); } .n { color: var(--n); }
.c { color: var(--c); font-style: italic; }
footer {
  color: var(--faint); font-size: .85rem; margin-top: 4rem; border-top: 1px solid var(--line); padding-top: 1rem;
}
@media (max-width: 58rem) {
  .number { position: static; display: block; margin: 0 0 .25rem .1rem; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --card: #fff; --faint: #444; --line: #bbb; color-scheme: light; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  pre { white-space: pre-wrap; overflow: visible; } pre.in, figure, tr { break-inside: avoid; }
  h2, h3, .number, .label { break-after: avoid; }
}
]]

local labels = {exercise = "your turn", answer = "an answer"}

local function data_url(png)
  return "data:image/png;base64," .. text_core.base64(png)
end

-- Width and height stand in the first chunk of a PNG file: with them a page does not jump while it loads.
function html.size(png)
  return (">I4"):unpack(png, 17), (">I4"):unpack(png, 21)
end

local show = {}

function show.text(output)
  if not output.text:find "%S" then return "" end
  return '<pre class="out" tabindex="0">' .. escape(output.text:gsub("\n+$", "")) .. "</pre>"
end

function show.error(output)
  return '<pre class="error" tabindex="0">error: ' .. escape(output.text) .. "</pre>"
end

function show.picture(output)
  local width, height = html.size(output.png)
  local image = string.format('<img src="%s" width="%d" height="%d" alt="%s">', data_url(output.png), width, height,
    escape(output.description))
  if output.dark then
    local source = string.format('<source media="screen and (prefers-color-scheme: dark)" srcset="%s">',
      data_url(output.dark))
    image = "<picture>" .. source .. image .. "</picture>"
  end
  return "<figure>" .. image .. "</figure>"
end

local function folded(summary, inside)
  return string.format("<details>\n<summary>%s</summary>\n%s\n</details>", escape(summary), inside)
end

local function code_cell(cell)
  local parts = {string.format('<div class="cell%s">', cell.role and " " .. cell.role or "")}
  if labels[cell.role] then parts[#parts + 1] = string.format('<p class="label">%s</p>', labels[cell.role]) end
  if cell.number then parts[#parts + 1] = string.format('<span class="number">[%d]</span>', cell.number) end
  parts[#parts + 1] = '<pre class="in" tabindex="0"><code>' .. prose.lua(cell.code) .. "</code></pre>"
  for _, output in ipairs(cell.outputs) do parts[#parts + 1] = show[output.kind](output) end
  parts[#parts + 1] = "</div>"
  local whole = table.concat(parts, "\n")
  return cell.role == "setup" and folded("What is set up here", whole) or whole
end

local function prose_cell(cell)
  local id = cell.id and string.format(' id="%s"', escape(cell.id)) or ""
  return string.format('<div class="prose"%s>\n%s\n</div>', id, prose.html(cell.text))
end

local function details_cell(cell)
  local code = cell.code and '\n<pre class="code"><code>' .. prose.lua(cell.code) .. "</code></pre>" or ""
  return folded(cell.summary, '<div class="prose">' .. (cell.text and prose.html(cell.text) or "") .. code .. "</div>")
end

local page = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="gradus %s">
<title>%s</title>
<style>
%s</style>
</head>
<body>
<main>
%s
<footer>Made with gradus %s.</footer>
</main>
</body>
</html>
]]

function html.write(doc)
  local about = '<p class="about">' .. escape(doc.about) .. "</p>"
  local parts = {}
  for i, cell in ipairs(doc.cells) do
    local shown = (cell.kind == "code" and code_cell or cell.kind == "details" and details_cell or prose_cell)(cell)
    if i == 1 and cell.kind == "markdown" and cell.text:find "^#%s" then
      shown = shown:gsub("</h1>", function() return "</h1>\n" .. about end, 1)
      about = nil
    end
    parts[i] = shown
  end
  if about then table.insert(parts, 1, "<h1>" .. escape(doc.title) .. "</h1>\n" .. about) end
  return string.format(page, core.version, escape(doc.title), style, table.concat(parts, "\n"), core.version)
end

return html
