local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

test("the script of the digits reads at least 98.5 % of the test pictures right", function()
  local session = require "gradus.session"
  plot.terminal "none"
  local s = session.new{sink = require("gradus.session.sink").capture()}
  local file = assert(io.open(os.getenv "GRADUS_TESTS" .. "/../lessons/digits.lua"))
  local result = s:execute(file:read("a"))
  file:close()
  expect.ok(result.ok, result.error and result.error.text)
  expect.ok(s.env.results.accuracy >= 0.985, "accuracy " .. s.env.results.accuracy)
  expect.ok(s.env.results.baseline < 0.15)
end)

test.done()
