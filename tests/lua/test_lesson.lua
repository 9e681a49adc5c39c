local folder = os.getenv "GRADUS_TESTS"
local test, expect = dofile(folder .. "/lua/tap.lua")

local check = require "gradus.lesson.check"
local layout = require "gradus.lesson.layout"
local lessons = require "gradus.lesson"
local parse = require "gradus.lesson.parse"
local player = require "gradus.lesson.player"
local predict = require "gradus.lesson.predict"
local progress = require "gradus.lesson.progress"
local sessions = require "gradus.session"
local sinks = require "gradus.session.sink"
local tensor = require "gradus.core.tensor"
local text = require "gradus.core.text"

local all_kinds = folder .. "/lessons/all-kinds.md"
local front = "---\ntitle: T\nslug: t\n---\n"

local contains, lacks = expect.contains, expect.lacks

-- ---- Markdown ----

test("Markdown comes as blocks with their lines, runs and depth", function()
  local blocks = text.markdown "# A *b*\n\n- x\n  1. y\n\n> `q`\n\n```lua check\nz\n```\n"
  local kinds = {}
  for i, block in ipairs(blocks) do kinds[i] = block.kind .. block.first_line end
  expect.equal(table.concat(kinds, " "), "heading1 item3 item4 paragraph6 code8")
  expect.equal(blocks[1].runs[2].emphasis, true)
  expect.equal(blocks[3].depth, 2)
  expect.equal(blocks[3].number, 1)
  expect.equal(blocks[4].quotes, 1)
  expect.equal(blocks[4].runs[1].code, true)
  expect.equal(blocks[5].info, "lua check")
  expect.equal(blocks[5].literal, "z\n")
end)

test("odd Markdown is read: nothing, zero bytes, bad UTF-8, deep nesting", function()
  expect.equal(#text.markdown "", 0)
  expect.equal(text.markdown("a\0b")[1].runs[1].text, "a\u{FFFD}b")
  expect.equal(text.markdown("\xff")[1].runs[1].text, "\u{FFFD}")
  expect.ok(#text.markdown((">"):rep(2000) .. "x") == 1)
  expect.error(function() text.markdown(("x"):rep(5 << 20)) end, "too long")
end)

-- ---- parsing ----

test("a lesson with every kind of cell is read", function()
  local lesson, errors = parse.file(all_kinds)
  expect.equal(parse.report(lesson, errors), "")
  expect.equal(lesson.title, "Every kind of cell")
  expect.equal(lesson.minutes, 3)
  expect.equal(table.concat(lesson.needs, " "), "neuron cnn")
  expect.equal(table.concat(lesson.options, " "), "data positive")
  expect.equal(#lesson.introduction, 1)
  expect.equal(#lesson.steps, 3)
  local first, second, third = lesson.steps[1], lesson.steps[2], lesson.steps[3]
  expect.equal(first.id .. "|" .. first.title, "cells|Cells and text")
  expect.equal(first.setups[1].code, "base = 10")
  expect.equal(first.cells[1].kind, "text")
  expect.equal(first.cells[2].kind, "lua")
  expect.equal(first.cells[2].predictions[1].expect, "double")
  expect.equal(first.cells[3].kind, "notes")
  expect.equal(#second.exercise.hints, 2)
  expect.equal(#second.exercise.wrongs, 2)
  expect.equal(second.exercise.wrongs[1].message, "returns nothing")
  expect.equal(#third.cells[1].choices, 3)
  expect.equal(third.cells[1].choices[2].right, true)
  expect.equal(third.cells[1].choices[2].feedback[1].text, "it is 20")
  expect.equal(third.cells[1].choices[3].feedback, nil)
  expect.equal(#third.cells[2].predictions, 2)
end)

-- The errors of a lesson made of the front matter and `body`, as one text.
local function errors_of(body, head)
  local lesson, errors = parse.text((head or front) .. body, "x.md")
  return parse.report(lesson, errors)
end

local step = "## A {#a}\n"
local mistakes = {
  {"no front matter", "## A {#a}\n", 'x.md:1: a lesson begins with its front matter', ""},
  {"no title", step, 'needs "title: ..."', "---\nslug: t\n---\n"},
  {"an unknown key", step, 'x.md:3: the front matter has no key "minute": did you mean "minutes"?',
    "---\ntitle: T\nminute: 3\nslug: t\n---\n"},
  {"a key given twice", step, '"title" is given twice, first in line 2', "---\ntitle: T\ntitle: U\nslug: t\n---\n"},
  {"a line that is no key", step, 'lines "key: value", not "hello"', "---\ntitle: T\nhello\nslug: t\n---\n"},
  {"minutes that are no number", step, '"minutes: ten" is not a whole number',
    "---\ntitle: T\nslug: t\nminutes: ten\n---\n"},
  {"a bad slug", step, 'the slug "My Lesson"', "---\ntitle: T\nslug: My Lesson\n---\n"},
  {"no step", "text\n", "no step"},
  {"a step without an id", "## Define it\n",
    "x.md:5: the step \"Define it\" has no id; write: ## Define it {#define-it}"},
  {"a bad id", "## A {#A b}\n", 'the id "A b" must be small letters'},
  {"a duplicate id", step .. "\n## B {#a}\n", 'x.md:7: the id "a" is taken by the step in line 5'},
  {"an unknown fence", step .. "```lua exersise\n```\n",
    'x.md:6: "lua exersise" is no kind of cell: did you mean "lua exercise"?'},
  {"a cell before the first step", "```lua\nx = 1\n```\n", "x.md:5: this cell stands before the first step"},
  {"a cell in a list", step .. "- a\n\n  ```lua\n  x = 1\n  ```\n", "x.md:8: a cell inside a list"},
  {"a check without an exercise", step .. "```lua check\ncheck.that(true)\n```\n",
    "no exercise that this check could belong to"},
  {"a hint without an exercise", step .. "```hint\nh\n```\n", "no exercise that this hint"},
  {"two exercises", step .. "```lua exercise\n```\n```lua exercise\n```\n", "has an exercise already, in line 6"},
  {"an exercise without an answer", step .. "```lua exercise\n```\n```lua check\ncheck.that(x)\n```\n",
    "x.md:7: the exercise of the step \"a\" has no answer"},
  {"an exercise without a check", step .. "```lua exercise\n```\n```lua answer\nx = 1\n```\n", "has no check"},
  {"a check that checks nothing", step .. "```lua exercise\n```\n```lua check\nx = 1\n```\n",
    "this check checks nothing"},
  {"a check that does not compile", step .. "```lua exercise\n```\n```lua check\nx = = check.that\n```\n",
    "x.md:9: this check does not compile"},
  {"a cell that does not compile", step .. "```lua\nx = 1\ny = = 2\n```\n",
    "x.md:8: this code does not compile: unexpected symbol near '='"},
  {"a cell that breaks off", step .. "```lua\nfor i = 1, 2 do\n```\n", "does not compile: 'end' expected"},
  {"a local", step .. "```lua\nlocal x = 1\n```\n", 'x.md:7: cells run as if typed'},
  {"an empty cell", step .. "```lua\n```\n", "this cell is empty"},
  {"a wrong try without a message", step .. "```lua exercise\n```\n```lua wrong\nx = 1\n```\n",
    "names the message it must get"},
  {"a prediction without a cell", step .. "```predict\nask: a?\nexpect: 1\n```\n",
    "x.md:7: a prediction is asked before a cell runs"},
  {"a prediction without expect", step .. "```predict\nask: a?\n```\n```lua\nx = 1\n```\n",
    'this prediction needs "expect: ..."'},
  {"a prediction of an unknown kind", step .. "```predict\nask: a?\nexpect: 1\nkind: shap\n```\n```lua\nx = 1\n```\n",
    'cannot be of kind "shap": did you mean "shape"?'},
  {"a prediction with an unknown key", step .. "```predict\nask: a?\nexpects: 1\n```\n```lua\nx = 1\n```\n",
    'x.md:8: a prediction has no "expects": did you mean "expect"?'},
  {"an expectation that does not compile", step .. "```predict\nask: a?\nexpect: 1 +\n```\n```lua\nx = 1\n```\n",
    "is not a Lua expression"},
  {"a quiz without a right choice", step .. "```quiz\nq?\n\n- [ ] a\n- [ ] b\n```\n",
    "no choice of this quiz is right"},
  {"a quiz with one choice", step .. "```quiz\nq?\n\n- [x] a\n```\n", "two choices or more"},
  {"a quiz without a question", step .. "```quiz\n- [x] a\n- [ ] b\n```\n", "no question"},
  {"a choice without its mark", step .. "```quiz\nq?\n\n- [x] a\n- b\n```\n", 'x.md:10: a choice is written'},
  {"HTML", step .. "<div>\n</div>\n", "HTML is not shown"},
}
for _, mistake in ipairs(mistakes) do
  test("an author is told of " .. mistake[1], function() contains(errors_of(mistake[2], mistake[4]), mistake[3]) end)
end

test("a misspelt fence is one mistake, not one for each that needs it", function()
  local report = errors_of(step .. "```lua exersise\n```\n```lua check\ncheck.that(x)\n```\n"
    .. "```lua answer\nx = 1\n```\n")
  lacks(report, "\n")
  expect.equal(errors_of(step .. "```lua Exercise\n```\n```lua Check\ncheck.that(x)\n```\n"
    .. "```Lua answer\nx = 1\n```\n"), "")
end)

test("the feedback of a choice stands behind a dash, or two hyphens", function()
  local lesson = parse.text(front .. step .. "```quiz\nq?\n\n- [x] a -- yes\n- [ ] b-c — no -- really\n```\n", "x.md")
  local first, second = table.unpack(lesson.steps[1].cells[1].choices)
  expect.equal(first.runs[1].text .. "|" .. first.feedback[1].text, "a|yes")
  expect.equal(second.runs[1].text .. "|" .. second.feedback[1].text, "b-c|no -- really")
end)

test("carriage returns and a byte order mark do not disturb", function()
  local with_crlf = (front .. step .. "```lua\nx = 1\ny = 2\n```\n"):gsub("\n", "\r\n")
  local lesson, errors = parse.text("\xEF\xBB\xBF" .. with_crlf, "x.md")
  expect.equal(#errors, 0)
  expect.equal(lesson.steps[1].cells[1].code, "x = 1\ny = 2")
end)

test("a cell is cut into what one would type", function()
  local chunks = parse.chunks "x = 1\n\n-- why\nfor i = 1, 2 do\n  x = x + i\nend\nf{1,\n  2}\nx\n-- end"
  local parts = {}
  for i, chunk in ipairs(chunks) do parts[i] = chunk.line .. ":" .. chunk.code:gsub("\n", "|") end
  expect.equal(table.concat(parts, "  "),
    "1:x = 1  3:-- why|for i = 1, 2 do|  x = x + i|end  7:f{1,|  2}  9:x  10:-- end")
end)

-- ---- layout ----

test("paragraphs are wrapped, and styled only in colour", function()
  local blocks = text.markdown "one *two* `three` four\n\n- five six seven\n  1. eight\n"
  expect.equal(layout.blocks(blocks, 20), "one two `three` four\n\n• five six seven\n  1. eight\n")
  contains(layout.blocks(blocks, 80, true), "\27[3mtwo\27[0m \27[36mthree\27[0m four")
  expect.equal(layout.wrap_text("aaaaaaaaa bbbbbbbbb cc", 20), "aaaaaaaaa bbbbbbbbb\ncc")
  expect.equal(layout.wrap_text("bbbbbbbbb cc", 20, "\27[32mRight\27[0m: "), "\27[32mRight\27[0m: bbbbbbbbb cc")
end)

-- ---- a learner ----

local function learner(path_or_lesson, given)
  local lesson = path_or_lesson or parse.file(all_kinds)
  local sink = sinks.capture()
  local session = sessions.new {sink = sink}
  local p = player.new(lesson, session, {}, given)
  return p, function() return sink:take(true) end, session
end

test("a learner goes through: cell, prediction, wrong try, hint, quiz, end", function()
  local p, out, session = learner()
  p:start()
  contains(out(), "Every kind of cell (about 3 minutes)")
  p:next()
  local shown = out()
  contains(shown, "1/3 · Cells and text")
  contains(shown, "> double = 2 * base\n>> double")
  contains(shown, "? What is twice the base?")
  lacks(shown, "presenter")
  expect.equal(p.state, "predict")
  p:next()
  expect.equal(p.state, "predict")
  p:feed "base"  -- looking around before guessing
  contains(out(), "10")
  p:feed "21"
  shown = out()
  contains(shown, "20\n")
  contains(shown, "You predicted 21, it is 20. Why?")
  expect.equal(p.state, "between")
  p:next()
  expect.equal(p.state, "exercise")
  expect.equal(p:starting_text(), "function triple(x)\nend")
  out()
  p:feed "function triple(x) return 2 * x end"
  contains(out(), "Not yet: called with 2, your function gives 4 where 6 is expected")
  p:feed "triple(2)"
  shown = out()
  contains(shown, "4")
  lacks(shown, "Not yet")
  p:hint()
  contains(out(), "Three times.")
  p:hint()
  contains(out(), "It must `return` something.")
  p:hint()
  contains(out(), "Three times.")
  p:feed "mine = triple"
  expect.equal(rawget(session.env, "mine")(2), 4)  -- after wrong tries nothing is lost
  p:feed "function triple(x) return x + x + x end"
  contains(out(), "Right.")
  p:next()
  expect.equal(p.state, "quiz")
  out()
  p:feed "7"
  contains(out(), "There is no choice 7")
  p:feed "1"
  contains(out(), "No: no, that is 3")
  expect.equal(p.state, "quiz")
  p:feed "2"
  contains(out(), "Right: it is 20")
  expect.equal(p.state, "predict")
  p:feed "up"
  p:feed "3x4"
  shown = out()
  contains(shown, "You predicted up: right.")
  contains(shown, "You predicted (3, 4), it is (4, 3). Why?")
  contains(shown, "That is all.")
  expect.equal(p.state, "finished")
  p:next()
  expect.equal(p.state, "finished")
end)

test("a syntax error or a failing line in an exercise is told, and is no end", function()
  local p, out = learner()
  p:start() p:goto_step "now-you" out()
  p:feed "function triple( return"
  p:feed "error 'mine'"
  contains(out(), "mine")
  expect.equal(p.state, "exercise")
end)

test("what is no answer to a question is followed by how to answer", function()
  local p, out = learner()
  p:start() p:next() out()
  p:feed "hello"
  p:feed "base"
  local shown = out()
  contains(shown, "hello is not defined\n[type a number, or :skip]")
  contains(shown, "10\n[type a number, or :skip]")
end)

test("a front end is offered the code of cells and of an exercise's start", function()
  local lesson = parse.file(all_kinds)
  local offers, sink = {}, sinks.capture()
  local p = player.new(lesson, sessions.new {sink = sink}, {offer = function(_, code) offers[#offers + 1] = code end})
  p:start() p:next() p:feed ":" p:skip() p:next()
  expect.equal(offers[1], "double = 2 * base\ndouble")
  expect.equal(offers[2], "function triple(x)\nend")
  contains(sink:take(), "type your own version; the Up key brings it into your line")
end)

test("an answer can be looked at, and played with Enter", function()
  local p, out, session = learner()
  p:start() p:goto_step "2" out()
  p:answer()
  contains(out(), ">>   return 3 * x")
  expect.equal(rawget(session.env, "triple"), nil)
  p:next()
  expect.equal(session.env.triple(2), 6)
  expect.equal(p.state, "between")
end)

test("a learner can go back, jump with what was left out played, and skip", function()
  local p, out, session = learner()
  p:start()
  p:back()
  contains(out(), "This is the beginning.")
  p:goto_step "question"
  local shown = out()
  contains(shown, "played for you, with the reference answers: cells, now-you")
  lacks(shown, "20\n")
  expect.equal(session.env.double, 20)
  p:back()
  expect.equal(p.step.id, "now-you")
  p:skip()
  contains(out(), "Skipped.")
  p:back()
  expect.equal(p.step.id, "now-you")  -- the step was over: its beginning
  session.env.double = 77
  p:goto_step "3"  -- all before it has run here: nothing is played, and nothing overwritten
  lacks(out(), "Played for you")
  expect.equal(session.env.double, 77)
  p:goto_step "quest"
  contains(out(), 'There is no step "quest"')
  p:goto_step "9"
  contains(out(), "There is no step 9: they go from 1 to 3.")
  p:goto_step "cells"
  p:back()
  contains(out(), "This is the first step.")
  p:skip()
  expect.equal(p.state, "between")
end)

test("of a step left half way only the rest is played", function()
  local p, out, session = learner()
  p:start() p:next()
  p:goto_step "question"
  contains(out(), "played for you, with the reference answers: cells, now-you")
  expect.equal(session.env.double, 20)
  local q, out2, session2 = learner()
  q:start() q:goto_step "now-you"
  q:feed "function triple(x) return x + x + x end"
  session2.env.mine = session2.env.triple
  q:goto_step "question"
  lacks(out2(), "cells, now-you.")
  expect.ok(session2.env.triple == session2.env.mine)
end)

test("in free play the lesson waits, and resume shows the place again", function()
  local p, out = learner()
  p:start() p:goto_step "question" out()
  p:play()
  p:feed "2"  -- no answer to the quiz now
  contains(out(), "2\n")
  p:next()
  contains(out(), ":resume goes back")
  expect.equal(p.state, "quiz")
  p:resume()
  contains(out(), "Which is larger?")
  p:feed "2"
  expect.equal(p.state, "predict")
end)

test("a cell that fails stays until it runs or is skipped", function()
  local lesson = parse.text(front .. step .. "```lua\ny = later + 1\n```\n", "x.md")
  local p, out, session = learner(lesson)
  p:start() p:next() p:next()
  contains(out(), "later")
  expect.equal(p.state, "cell")
  p:feed "later = 1"
  p:next()
  expect.equal(session.env.y, 2)
  expect.equal(p.state, "finished")
end)

test("leaving ends the lesson and code still runs", function()
  local p, out = learner()
  p:start() p:leave()
  expect.equal(p.state, "left")
  p:next() out()
  p:feed "1 + 1"
  contains(out(), "2")
end)

test("a preview passes exercises over", function()
  local p = learner(nil, {checks = false})
  p:start() p:goto_step "now-you"
  p:next()
  expect.equal(p.state, "between")
end)

test("looking at a value gets a verdict only when it passes, or when the check asks for ans", function()
  local lesson = parse.text(front .. step
    .. "```lua exercise\n```\n```lua check\ncheck.equal(ans, 4)\n```\n```lua answer\n2 + 2\n```\n", "x.md")
  local p, out = learner(lesson)
  p:start() p:next() out()
  p:feed "2 + 3"
  contains(out(), "Not yet: 5 where 4 is expected")
  p:feed "2 + 2"
  contains(out(), "Right.")
end)

-- ---- progress ----

local state = os.tmpname()
os.remove(state)

test("progress is kept in a small file, taken up and forgotten", function()
  local real = os.getenv
  os.getenv = function(name) return name == "XDG_STATE_HOME" and state or real(name) end
  local ok, message = pcall(function()
    local p, out = learner(nil, {progress = progress})
    p:start() p:next() p:feed "20"
    expect.equal(progress.load("all-kinds").cells, "done")
    p:goto_step "now-you"
    p:skip()
    expect.equal(progress.load("all-kinds")["now-you"], "skipped")
    p:overview()
    contains(out(), "[x]  1  cells")

    local again, out2, session2 = learner(nil, {progress = progress})
    again:start()
    expect.equal(again.state, "offer")
    contains(out2(), "Enter goes on with “A question”")
    again:next()
    expect.equal(again.step.id, "question")
    expect.equal(session2.env.triple(2), 6)
    again:restart()
    expect.equal(next(progress.load "all-kinds"), nil)
    expect.equal(again.state, "between")
  end)
  os.getenv = real
  os.remove(state .. "/gradus/progress") os.remove(state .. "/gradus") os.remove(state)
  if not ok then error(message, 0) end
end)

-- ---- checks ----

test("checks say what is wrong", function()
  local session = sessions.new {sink = sinks.capture()}
  local function message(code) return check.run({code = code}, session, "check") end
  expect.equal(message "check.exists('qqq', 'define it')", "there is no qqq yet: define it")
  expect.equal(message "check.close(1, 1 + 1e-12)", nil)
  expect.equal(message "check.close(1, 1.1)", "1 where 1.1 is expected")
  expect.equal(message "check.close(1, 1.1, {tolerance=0.2})", nil)
  expect.equal(message "check.close(0/0, 0/0)", "nan where nan is expected")
  expect.equal(message "check.close('a', 1)", 'expected the number 1, got the string "a"')
  expect.equal(message "check.equal('a', 'a')", nil)
  expect.equal(message "check.that(false, 'no')", "no")
  expect.equal(message "check.is_function(3, 'f')", "f should be a function, but it is the number 3")
  expect.equal(message "check.calls(function(x) end, 1, 2)",
    "called with 1, your function returns nothing: is a return missing?")
  contains(message "check.calls(function(x) error 'oops' end, 1, 2)", "your function failed: ")
  contains(message "nothing_here()", "nothing_here")
  expect.equal(message "check.that(select(2, check.call(function(a, b) return a, b end, 1, 2)) == 2)", nil)
  session:execute "function g(f, x)\n  return f * x\nend"
  contains(message "check.call(g, abs, 2)", "with a function, 2, your function failed in line 2: f is a function")
  expect.equal(message "check.shape(zeros(4), {3})", "the shape is (4,) where (3,) is expected")
  expect.equal(message "check.shape({1, 2}, {2}, 'not said of what is no tensor')",
    "expected a tensor of shape (2,), got a plain table: tensor{...} makes a tensor of numbers")
  session:execute "function f(x) return e^x end"
  expect.equal(message "check.calls(f, 1, 2)", "called with 1, your function failed: e is not defined")
end)

test("guesses are read leniently", function()
  local function read(kind, s) return predict.read({kind = kind}, s) end
  expect.equal(read("number", "1/4"), 0.25)
  expect.equal(read("number", "-3"), -3)
  expect.equal(read("number", "x"), nil)
  expect.equal(read("number", "1 +"), nil)
  expect.equal(read("number", "0,25"), 0.25)
  expect.equal(read("number", "320,128"), 320128)
  expect.equal(read("number", "1,2,3"), nil)
  expect.equal(table.concat(read("shape", "(4, 3)"), " "), "4 3")
  expect.equal(table.concat(read("shape", "4x3"), " "), "4 3")
  expect.equal(read("shape", "X"), nil)
  expect.equal(read("direction", "UP"), "up")
  expect.equal(read("direction", "positive"), "up")
  expect.equal(read("direction", "0"), "same")
  expect.equal(read("direction", "sideways"), nil)
end)

-- ---- finding a lesson ----

test("a lesson is found by number, slug or path; a near name is suggested", function()
  expect.equal(lessons.find(10).slug, "neuron")
  expect.equal(lessons.find("neuron").number, 10)
  expect.equal(lessons.find(all_kinds).slug, "all-kinds")
  expect.error(function() lessons.find "neurn" end, 'did you mean "neuron"?')
end)

test("the list has its columns below each other, however long a slug, and says which lesson cannot be read", function()
  local shipped = require "gradus.lesson.shipped"
  local list = shipped.list
  function shipped.list()
    local found = list()
    found[#found + 1] = {number = 80, slug = "gone", path = folder .. "/lessons/gone.md"}
    return found
  end
  local ok, shown = pcall(lessons.list)
  shipped.list = list
  expect.ok(ok, shown)
  local places = {}
  for line in shown:gmatch "[^\n]+" do
    if not line:find "  80 " then places[line:find "%d+ of %d+ steps done"] = line end
  end
  expect.ok(next(places) and not next(places, next(places)), shown)
  contains(shown, "  18  convolution  ")
  expect.ok(shown:find "\n  80  gone  cannot be read: [^\n]*gone%.md", shown)
end)

test("options of a lesson come from its line, and unknown ones are refused", function()
  local session = sessions.new {sink = sinks.capture()}
  local p = lessons.open(all_kinds .. ' --data "a b.npz" --positive=1', session)
  expect.equal(lessons.options.data, "a b.npz")
  expect.equal(lessons.options.positive, "1")
  p:next()
  local _, message = lessons.open(all_kinds .. " --date x", session)
  contains(message, 'has no option "--date": did you mean "data"?')
  _, message = lessons.open("nowhere", session)
  contains(message, "there is no lesson")
end)

test.done()
