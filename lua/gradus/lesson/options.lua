-- What stands behind a lesson's name on the command line: `--data x.npz` is lesson.options.data in its cells.

local suggest = require "gradus.options".suggest

--- `values` by name: always the same table, since cells see it through the learner's globals.
local lesson_options = {values = {}}

--- These values, and no others.
function lesson_options.set(values)
  for key in pairs(lesson_options.values) do lesson_options.values[key] = nil end
  for key, value in pairs(values or {}) do lesson_options.values[key] = value end
end

--- "--data FILE" or "--data=FILE" in args[first], args[first + 1] ..., for the options that the lesson declares.
--- Returns a table, or nil and a message.
function lesson_options.read(lesson, args, first)
  local values, i = {}, first
  while args[i] do
    local name, value = args[i]:match "^%-%-([%w_-]+)=?(.*)$"
    if not name then return nil, string.format('"%s" is not an option; options begin with --', args[i]) end
    local known = false
    for _, option in ipairs(lesson.options) do known = known or option == name end
    if not known then
      if #lesson.options == 0 then return nil, string.format("the lesson %s has no options", lesson.slug) end
      return nil, string.format('the lesson %s has no option "--%s"%s', lesson.slug, name,
        suggest(name, lesson.options))
    end
    if not args[i]:find("=", 1, true) then
      i = i + 1
      value = args[i]
      if not value then return nil, string.format("--%s needs a value", name) end
    end
    values[name] = value
    i = i + 1
  end
  return values
end

return lesson_options
