-- What documents are made of: scripts in parts, Markdown as HTML, code in colours, JSON, base64.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local core = require "gradus.core.text"
local json = require "gradus.json"
local markdown = require "gradus.export.markdown"
local parts = require "gradus.session.parts"
local prose = require "gradus.export.prose"
local session = require "gradus.session"

local function texts(list)
  local found = {}
  for i, part in ipairs(list) do found[i] = part.line .. ":" .. part.text end
  return table.concat(found, "|")
end

test("A script falls into parts at empty lines, where what stands above is whole", function()
  local s = session.new {}
  expect.equal(texts(parts.of(s, "a = 1\nb = 2\n\n\nfor i = 1, 2 do\n\n  f(i)\nend\n\nc = [[\n\n]]\n")),
    "1:a = 1\nb = 2|5:for i = 1, 2 do\n\n  f(i)\nend|10:c = [[\n\n]]")
  expect.equal(texts(parts.of(s, "\n\n")), "")
  expect.equal(texts(parts.of(s, "if x then\n\ny = 1")), "1:if x then\n\ny = 1")
end)

test("In a script a local and all that uses it are one part; a name in a string is no use of it", function()
  local s = session.new {}
  expect.equal(texts(parts.of_script(s, "local a = 1\n\nb = 2\n\nc = a\n\nd = 3\n")),
    "1:local a = 1\n\nb = 2\n\nc = a|7:d = 3")
  expect.equal(texts(parts.of_script(s, "local function f() end\n\nlocal g = f\n\nh = g()\n\nk = 1\n")),
    "1:local function f() end\n\nlocal g = f\n\nh = g()|7:k = 1")
  expect.equal(texts(parts.of_script(s, "do local a = 1 end\n\nb = a\n\nlocal c = 1\n\nd = 'c'\n")),
    "1:do local a = 1 end|3:b = a|5:local c = 1|7:d = 'c'")
end)

test("Markdown becomes HTML: lists in lists, quotes, tables, code, emphasis and links", function()
  local function html(text) return (prose.html(text):gsub("\n", "")) end
  expect.equal(html "a *b* **c** `d < e` [f](https://g.h/?a=1&b=2)", '<p>a <em>b</em> <strong>c</strong> '
    .. '<code>d &lt; e</code> <a href="https://g.h/?a=1&amp;b=2" rel="noreferrer">f</a></p>')
  expect.equal(html "- a\n  1. b\n  2. c\n\n     d\n- e\n\nf",
    '<ul><li>a<ol start="1"><li>b</li><li>c<p>d</p></li></ol></li><li>e</li></ul><p>f</p>')
  expect.equal(html "- a\n\n1. b", '<ul><li>a</li></ul><ol start="1"><li>b</li></ol>')
  expect.equal(html "> a\n> > b\n\nc", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>")
  expect.equal(html "- [ ] a\n- [x] b",
    '<ul><li><span class="box">☐</span> a</li><li><span class="box">☑</span> b</li></ul>')
  expect.equal(html "|a|*b*|\n|-|-|\n|1 \\| 2|`c`|", "<table><tr><th>a</th><th><em>b</em></th></tr>"
    .. "<tr><td>1 | 2</td><td><code>c</code></td></tr></table>")
  expect.equal(html "```lua\nx = 1 -- y\n```", '<pre class="code"><code>x = <span class="n">1</span> '
    .. '<span class="c">-- y</span></code></pre>')
  expect.equal(html "# a\n\n---", "<h1>a</h1><hr>")
end)

test("No HTML of Markdown's comes through, and no link that would run or fetch something", function()
  for _, text in ipairs {
    "<script>alert(1)</script>", "a <b onclick=x>b</b>", "[a](javascript:alert(1))", "[a](data:text/html,x)",
    "![a](http://b/c.png)", "`</code><script>`", "```\n</pre><script>\n```", "[a](<x\" onclick=\"y>)",
    "|<i>|\n|-|\n|<b>|",
  } do
    local html = prose.html(text)
    for tag in html:gmatch "<(%a+)" do
      expect.ok(({p = 1, code = 1, pre = 1, a = 1, table = 1, tr = 1, th = 1, td = 1})[tag], html)
    end
    for url in html:gmatch 'href="([^"]*)"' do expect.equal(url, "http://b/c.png") end
  end
end)

test("A fence is longer than any in what it holds", function()
  expect.equal(markdown.fenced("a\n\n", "lua"), "```lua\na\n```")
  expect.equal(markdown.fenced("```\n`````x"), "``````\n```\n`````x\n``````")
end)

test("JSON is written in one line or a line each, with objects and nulls where they are meant", function()
  local value = {b = {1, "x\n\"\\", 2.5}, a = json.object(), c = json.null, d = {}, e = true}
  expect.equal(json.write(value), '{"a":{},"b":[1,"x\\u000a\\"\\\\",2.5],"c":null,"d":[],"e":true}')
  expect.equal(json.write(value, 1), '{\n "a": {},\n "b": [\n  1,\n  "x\\u000a\\"\\\\",\n  2.5\n ],\n "c": null,\n'
    .. ' "d": [],\n "e": true\n}')
  expect.equal(json.read(json.write(value), "test").b[2], "x\n\"\\")
end)

test("base64 is that of RFC 4648", function()
  for text, wanted in pairs {[""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
    foobar = "Zm9vYmFy", ["\0\255\16"] = "AP8Q"} do
    expect.equal(core.base64(text), wanted)
  end
end)

test.done()
