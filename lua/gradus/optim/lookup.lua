-- From what a learner gives compile to an optimizer.

local optim = require "gradus.optim"
local options = require "gradus.options"

local by_name = {sgd = optim.SGD, adam = optim.Adam, adamw = optim.AdamW, rmsprop = optim.RMSprop,
  adagrad = optim.Adagrad, adadelta = optim.Adadelta, adamax = optim.Adamax, nadam = optim.Nadam}
local names = {}
for name in pairs(by_name) do names[#names + 1] = name end
table.sort(names)

--- The optimizer of that name with its defaults, or `given` itself when it is one already.
local function find(given)
  if type(given) == "table" and given.apply and given.build then return given end
  if type(given) == "string" then
    return by_name[options.choice("compile", "optimizer", given:lower(), names)] {}
  end
  error('compile: optimizer is a name, as "adam", or one you made, as in optim.Adam{1e-4}; got ' .. type(given), 0)
end

return {find = find, names = names}
