-- Lessons played unattended, and the author's check, which every shipped lesson passes.
local folder = os.getenv "GRADUS_TESTS"
local test, expect = dofile(folder .. "/lua/tap.lua")

local lessons = require "gradus.lesson"
local parse = require "gradus.lesson.parse"
local player = require "gradus.lesson.player"
local sessions = require "gradus.session"
local sinks = require "gradus.session.sink"
local files = require "gradus.core.file"
local tensor = require "gradus.core.tensor"

local all_kinds = folder .. "/lessons/all-kinds.md"
local front = "---\ntitle: T\nslug: t\n---\n"
local step = "## A {#a}\n"

local contains, lacks = expect.contains, expect.lacks

test("a lesson plays unattended with its answers filled in", function()
  local sink = sinks.capture()
  local ok = lessons.run(all_kinds, {session = sessions.new {sink = sink}})
  expect.equal(ok, true)
  local shown = sink:take()
  contains(shown, "> double = 2 * base\n> double\n20\n")
  contains(shown, "Right: it is 20")
  contains(shown, "→ (4, 3)")
  contains(shown, ">>   return 3 * x")
  contains(shown, "That is all.")
  lacks(shown, "Enter")
end)

local function run_text(body)
  local lesson, errors = parse.text(front .. body, "x.md")
  expect.equal(parse.report(lesson, errors), "")
  return player.new(lesson, sessions.new {sink = sinks.capture()}, {}):run()
end

test("played unattended, a failing cell, answer or expectation is an error with its step", function()
  local ok, failure = run_text(step .. "```lua\nerror 'boom'\n```\n")
  expect.equal(ok, false)
  contains(failure.text, "boom")
  ok, failure = run_text(step .. "```lua exercise\n```\n```lua check\ncheck.that(false, 'never')\n```\n"
    .. "```lua answer\nx = 1\n```\n")
  expect.equal(ok, false)
  contains(failure.text, "never")
  ok, failure = run_text(step .. "```predict\nask: a?\nexpect: 'text'\n```\n```lua\nx = 1\n```\n")
  expect.equal(ok, false)
  contains(failure.text, "must give a number")
end)

local function problems_of(body)
  local lesson, errors = parse.text(front .. body, "x.md")
  expect.equal(parse.report(lesson, errors), "")
  return parse.report(lesson, require "gradus.lesson.test".lesson(lesson))
end

local exercise = step .. "```lua exercise\n%s```\n\n```lua check\n%s\n```\n\n```lua answer\n%s\n```\n"

test("the author's check finds a check that an unsolved exercise passes", function()
  contains(problems_of(exercise:format("", "check.that(true)", "x = 1")), "passes its checks before it is solved")
  contains(problems_of(exercise:format("x = 1\n", "check.equal(x, 1)", "x = 1")), "x.md:7: the exercise passes")
end)

test("the author's check finds an answer that fails", function()
  contains(problems_of(exercise:format("", "check.equal(check.exists 'x', 2)", "x = 1")),
    "x.md:14: the answer does not pass its checks: 1 where 2 is expected")
  contains(problems_of(exercise:format("", "check.exists 'x'", "y = 1\nx = nil + 1")), "x.md:15: the answer fails")
end)

test("the author's check finds a wrong try that passes, or gets another message", function()
  local good = exercise:format("", "check.equal(check.exists 'x', 1)", "x = 1")
  expect.equal(problems_of(good .. "```lua wrong\n-- 2 where 1\nx = 2\n```\n"), "")
  contains(problems_of(good .. "```lua wrong\n-- 2 where 1\nx = 1\n```\n"), "x.md:17: this wrong try passes")
  contains(problems_of(good .. "```lua wrong\n-- 3 where 1\nx = 2\n```\n"), 'gets the message "2 where 1 is expected"')
  expect.equal(problems_of(good .. "```lua wrong\n-- arithmetic takes numbers\nx = nil + 1\n```\n"), "")
end)

test("the author's check finds code that is too long for a line of the terminal", function()
  local long = ("x = %s"):format(("1 + "):rep(20) .. "1")
  contains(problems_of(step .. "```lua\ny = 1\n" .. long .. "\n```\n"),
    "x.md:8: this line has 85 characters; a terminal shows 77 behind its prompt: break it in two")
  contains(problems_of(step .. "```text\n" .. long .. "\n```\n"), "x.md:7: this line has 85 characters")
  contains(problems_of(step .. "```text\n" .. ("x"):rep(77) .. "\n```\n"), "shows 76 behind the indent of such text")
  expect.equal(problems_of(step .. "```text\n" .. ("x"):rep(76) .. "\n```\n"), "")
  expect.equal(problems_of(step .. "```lua setup\n" .. long .. "\n```\n"), "")
end)

test("the author's check finds a cell that fails, with its line", function()
  contains(problems_of(step .. "```lua\nx = 1\n\ny = nil + 1\n```\n"), "x.md:9: this cell fails")
end)

test("the template and the lesson of the tests pass the author's check", function()
  local place = os.tmpname()
  os.remove(place)
  files.make_folder(place)
  local path = place .. "/40-waves.md"
  expect.equal(lessons.new(path), path)
  expect.error(function() lessons.new(path) end, "exists already")
  expect.error(function() lessons.new "waves.md" end, "NN-slug.md")
  expect.error(function() lessons.new "40-Waves.md" end, "small letters")
  local problems, report = lessons.test {path, all_kinds}
  os.remove(path)
  os.remove(place)
  if problems > 0 then error(report, 0) end
end)

-- Lessons train on what data.waste draws. What their cells and checks do holds for fewer pictures, too.
local function with_few_pictures(f)
  local data = require "gradus.data"
  local waste = data.waste
  data.waste = function(given)
    local fewer = {n = 150}
    for name, value in pairs(given) do fewer[name] = value end
    return waste(fewer)
  end
  local ok, message = pcall(f)
  data.waste = waste
  if not ok then error(message, 0) end
end

test("every shipped lesson passes the author's check", function()
  with_few_pictures(function()
    local problems, report = lessons.test()
    if problems > 0 then error(report, 0) end
  end)
end)

test("the cnn lesson takes one class of own pictures against the rest, and says what does not fit", function()
  local function load_step(options)
    local session = sessions.new {sink = sinks.capture()}
    session.env.data = setmetatable({load = function(path)
      if path == "prepared" then
        local x, y = tensor.zeros({8, 20, 20}, {dtype = "uint8"}), tensor.tensor{0, 1, 2, 2, 0, 1, 2, 2}:astype "uint8"
        return {x_train = x, y_train = y, x_val = x, y_val = y, x_test = x, y_test = y, classes = {"bag", "can", "cup"}}
      end
      return {x = tensor.zeros({40, 20, 20}, {dtype = "uint8"}),
        y = tensor.concatenate{tensor.full({30}, 3), tensor.full({10}, 2)}:astype("uint8")}
    end}, {__index = require "gradus.data"})
    local p = lessons.open("cnn " .. options, session)
    p:goto_step "load"
    p:next()
    return rawget(session.env, "d"), p.failure
  end
  local d = load_step "--data own.npz --positive 2"
  expect.equal(table.concat(d.classes, ", "), "the rest, class 2")
  expect.close(tensor.mean(d.y_train), 0.25)
  local _, failure = load_step "--data own.npz --positive 7"
  contains(failure.text, "--positive 7: no picture has that label; the labels go up to 3")
  _, failure = load_step "--data own.npz --positive glass"
  contains(failure.text, "--positive glass: no picture has that label")
  _, failure = load_step "--data own.npz"
  contains(failure.text, "choose one with --positive CLASS")
  d = load_step "--data prepared --positive cup"
  expect.equal(table.concat(d.classes, ", "), "the rest, cup")
  expect.close(tensor.mean(d.y_test), 0.5)
  _, failure = load_step "--data prepared --positive jar"
  contains(failure.text, "--positive jar: no picture has that label; the classes are bag, can, cup")
end)

test.done()
