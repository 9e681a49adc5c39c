-- Whether a loss and the last layer fit each other. Frameworks train silently with a softmax over one unit, or with
-- probabilities where scores are expected; here the one is an error and the other a remark.

local core = require "gradus.core.tensor"
local session = require "gradus.session"

local names = {}
for _, name in ipairs {"relu", "sigmoid", "softmax", "softplus", "tanh"} do names[core[name]] = name end

local as_layers = {Softmax = "softmax", ReLU = "relu", LeakyReLU = "leaky_relu", PReLU = "prelu", ELU = "elu"}

local passes = {Dropout = true, Flatten = true, Reshape = true, ActivityRegularization = true}

-- The activation that the output comes out of, by name; "linear" where there is none, nil where it cannot be told.
local function ending(model)
  for i = #model.layers, 1, -1 do
    local layer = model.layers[i]
    if as_layers[layer.class_name] then return as_layers[layer.class_name], layer end
    if not passes[layer.class_name] then
      local activation = layer.activation
      if type(activation) == "function" then return names[activation], layer end
      if activation ~= nil then return activation, layer end
      return layer.activate and "linear" or nil, layer
    end
  end
end

local from_logits = 'take the activation away, or from_logits'

-- From 0 to 1, all of them.
local sigmoids = {sigmoid = true, hard_sigmoid = true, sparse_sigmoid = true}

local never_negative = {softmax = true, relu = true, relu6 = true, softplus = true, squareplus = true,
  sparse_plus = true, exponential = true}

-- The remark on a pair, or nil.
local function remark(loss, activation, layer, outputs)
  local name, where = loss.name, layer.name
  local entropy = name:find "crossentropy$"
  local categorical = entropy and name:find "categorical"
  local probabilities = activation == "softmax" or sigmoids[activation]
  if entropy and loss.from_logits and probabilities then
    return string.format("%s applies the %s itself (from_logits=true), and %s has applied one already: %s",
      name, categorical and "softmax" or "sigmoid", where, from_logits)
  end
  if entropy and not loss.from_logits and activation == "linear" then
    return string.format("%s takes probabilities, and %s ends without an activation: give it activation=\"%s\", or "
      .. "take losses.%s{from_logits=true}", name, where, categorical and "softmax" or "sigmoid", name)
  end
  if entropy and not loss.from_logits and not probabilities then
    return string.format("%s takes probabilities, and %s ends in %s, which gives other numbers too: use \"%s\"", name,
      where, activation, categorical and "softmax" or "sigmoid")
  end
  if categorical and sigmoids[activation] then
    return string.format("%s takes probabilities that sum to 1, and the sigmoids of %s do not: use \"softmax\", or "
      .. "binary_crossentropy if a sample may have several classes", name, where)
  end
  if entropy and not categorical and activation == "softmax" and outputs > 1 then
    return string.format("%s judges each of the %d outputs by itself, and the softmax of %s makes them depend on "
      .. "each other: use categorical_crossentropy (one-hot rows) or sparse_categorical_crossentropy (labels)", name,
      outputs, where)
  end
  if name == "kl_divergence" and activation ~= "softmax" then
    return string.format('kl_divergence compares shares that sum to 1, and those that %s gives do not: use "softmax"',
      where)
  end
  if loss.truth == "signs" and (probabilities or never_negative[activation]) then
    return string.format("%s takes scores on both sides of 0, and the %s of %s gives %s: use no activation, or "
      .. '"tanh"', name, activation, where, probabilities and "0 to 1" or "none below 0")
  end
  if name == "categorical_hinge" and probabilities then
    return string.format("categorical_hinge wants the true class ahead by 1, and the %s of %s gives 0 to 1: use no "
      .. "activation", activation, where)
  end
  if name == "poisson" and (activation == "linear" or activation == "tanh") then
    return string.format("poisson takes means above 0, and %s gives negative numbers too: end it in \"softplus\" or "
      .. '"exponential"', where)
  end
  if (name == "dice" or name == "tversky") and not probabilities then
    return string.format('%s takes probabilities, and %s ends in %s: use "sigmoid"', name, where, activation)
  end
end

--- Raises where the pair can learn nothing, and remarks on one that is likely wrong.
return function(model)
  local outputs = model.output_shape[#model.output_shape]
  local activation, layer = ending(model)
  local name = model.loss.name
  if outputs == 1 and activation == "softmax" then
    error(string.format("%s is a softmax of one unit, which is always 1, so nothing can be learnt: use "
      .. 'activation="sigmoid" with binary_crossentropy, or one unit a class', layer.name), 0)
  end
  if outputs == 1 and name:find "categorical" then
    error(string.format("%s needs one output a class, at least 2, and the network has 1: for yes or no use "
      .. 'activation="sigmoid" with binary_crossentropy', name), 0)
  end
  local text = activation and remark(model.loss, activation, layer, outputs)
  if text then session.warn(text) end
end
