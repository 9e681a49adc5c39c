-- A document as Markdown, its pictures in a folder beside it.

local markdown = {}

--- Code or output behind a fence that is longer than any in it.
function markdown.fenced(text, info)
  local longest = 2
  for run in text:gmatch "`+" do longest = math.max(longest, #run) end
  local fence = ("`"):rep(longest + 1)
  return fence .. (info or "") .. "\n" .. text:gsub("\n+$", "") .. "\n" .. fence
end

--- What is opened on demand, with the HTML that all who show Markdown understand.
function markdown.details(cell)
  local inside = {}
  if cell.text then inside[#inside + 1] = cell.text:gsub("%s+$", "") end
  if cell.code then inside[#inside + 1] = markdown.fenced(cell.code, "lua") end
  return string.format("<details>\n<summary>%s</summary>\n\n%s\n\n</details>", cell.summary,
    table.concat(inside, "\n\n"))
end

-- A name for a picture that no other picture has, so that an older export of the same name is whole until it is
-- replaced: FNV-1a of its bytes.
local function name_of(bytes)
  local hash = 0xcbf29ce484222325
  for i = 1, #bytes do hash = (hash ~ bytes:byte(i)) * 0x100000001b3 end
  return string.format("plot-%016x.png", hash)
end

-- Whether a file of that name in the folder of an export may be one of ours.
function markdown.is_picture(name)
  return name:find "^plot%-%x+%.png$" ~= nil
end

local function link_text(text)
  return (text:gsub("[\\%[%]`*_<>&]", "\\%0"))
end

local captions = {setup = "*What is set up here:*", exercise = "*Your turn:*", answer = "*An answer:*"}

--- The text, and the pictures {name -> bytes} that it looks for in the folder `folder`.
function markdown.write(doc, folder)
  local parts, pictures = {}, {}
  local function add(text) parts[#parts + 1] = text end
  local first = doc.cells[1]
  if not (first and first.kind == "markdown" and first.text:find "^#%s") then add("# " .. link_text(doc.title)) end
  add(string.format("*%s*", link_text(doc.about)))
  for _, cell in ipairs(doc.cells) do
    if cell.kind == "markdown" then
      add((cell.text:gsub("%s+$", "")))
    elseif cell.kind == "details" then
      add(markdown.details(cell))
    else
      if captions[cell.role] then add(captions[cell.role]) end
      add(markdown.fenced(cell.code, "lua"))
      for _, output in ipairs(cell.outputs) do
        if output.kind == "picture" then
          local name = name_of(output.png)
          pictures[name] = output.png
          add(string.format("![%s](<%s/%s>)", link_text(output.description), folder:gsub("[\\<>]", "\\%0"), name))
        elseif output.kind == "error" then
          add(markdown.fenced("error: " .. output.text, "text"))
        elseif output.text:find "%S" then
          add(markdown.fenced(output.text, "text"))
        end
      end
    end
  end
  return table.concat(parts, "\n\n") .. "\n", pictures
end

return markdown
