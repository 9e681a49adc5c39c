-- What to write instead, for mistakes that are habits from mathematics, NumPy or another language. Lua's own message
-- says where it stopped; for someone new to Lua this is the half that helps.

local builtins = require "gradus.builtins"
local compile = require "gradus.session.compile"
local grad = require "gradus.core.grad"
local help = require "gradus.help"
local lexer = require "gradus.session.lexer"
local reach = require "gradus.session.reach"

local advice = {}

local FUNCTION = "a function is written: function f(x) return ... end"
local IMPORT = "nothing needs to be imported: it is all there"
local PART = 'a part of x is x["1:3, :"], from 1 and with both ends, or x[{{1, 3}, {}}]'
local COUNT = "a loop is written: for i = 1, 10 do ... end, with i from 1 to 10"
local IF = "a choice is written: if a then ... elseif b then ... else ... end"
local COMMENT = "a comment begins with --"

-- {what Lua stopped at, or nil for anything; a pattern in the line; the advice}. The first that fits is given.
local habits = {
  {nil, "^%s*#", COMMENT},
  {nil, "^%s*//", COMMENT},
  {"#", "[%w_%)%]}\"']%s+#", COMMENT},
  {nil, "^%s*def%s", FUNCTION},
  {"=", "^%s*[%a_][%w_]*%s*%b()%s*=[^=]", FUNCTION},
  {nil, "%f[%a]lambda%f[%A]", "a function without a name is written: function(x) return ... end"},
  {nil, "^%s*import%s", IMPORT},
  {nil, "^%s*from%s+%S+%s+import%s", IMPORT},
  {nil, "^%s*class%s", "Lua has no classes: a table holds values and functions, as in t = {a = 1}"},
  {nil, "^%s*for%s+.-%s+in%s+range%s*%(", COUNT},
  {nil, "^%s*for%s*%(", COUNT},
  {":", "^%s*for%s+[%a_][%w_]*%s*=", COUNT},
  {nil, "^%s*for%s+[%w_, ]+%s+in%s[^\n]*:", "a table is gone through with: for i, value in ipairs(t) do ... end"},
  {nil, "[%[({]%s*[^%]})]-%f[%a]for%f[%A].-%f[%a]in%f[%A]",
    "there are no comprehensions: a loop fills a table, and arithmetic works on whole tensors"},
  {nil, "^%s*while%s[^\n]*:%s*$", "a loop is written: while x < 1 do ... end"},
  {nil, "^%s*elif%f[%A]", IF},
  {nil, "%f[%a]if%f[%A][^\n]*:", IF},
  {nil, "^%s*else%s*:", IF},
  {"{", "^%s*if%f[%A]", IF},
  {"{", "^%s*while%f[%A]", "a loop is written: while x < 1 do ... end"},
  {nil, "^%s*[^\n=]-=%s*.-%f[%a]if%f[%A].-%f[%a]else%f[%A]", "a choice between values is written: c and a or b"},
  {nil, "^%s*try%s*:", "an error is caught with: ok, message = pcall(function() ... end)"},
  {nil, "^%s*switch%f[%A]", IF},
  {nil, "^%s*del%s", "a variable is forgotten with: x = nil"},
  {nil, "^%s*var%s", "a variable needs no word before it: x = 1"},
  {nil, "^%s*let%s", "a variable needs no word before it: x = 1"},
  {nil, "^%s*const%s", "a variable needs no word before it: x = 1"},
  {nil, "^%s*print%s+[^%s(]", "print takes brackets: print(x)"},
  {"[", "[=,({]%s*%[", "a list is written in braces: {1, 2, 3}"},
  {"[", "^%s*%[", "a list is written in braces: {1, 2, 3}"},
  {":", "{%s*[\"'%w][^}]-:", "a table with names is written {a = 1, [\"b c\"] = 2}"},
  {"!", "!=", '"not equal" is written ~='},
  {"!", "!", '"not" is a word: not x'},
  {"&", "&&", '"and" is a word: x and y'},
  {"|", "||", '"or" is a word: x or y'},
  {"?", "%?", "a choice between values is written: c and a or b"},
  {"==", "===", "to compare, write =="},
  {"=", ":=", "a value is given with =: x = 1"},
  {">", "[-=]>", FUNCTION},
  {"@", "@", "the matrix product is written A:dot(B)"},
  {"=", "%f[%a]if%f[%A]", "to compare, write =="},
  {"*", "%*%*", "a power is written x ^ 2"},
  {"=", "[%+%-%*/%%%^]=", "there is no += and its like: write x = x + 1"},
  {nil, "[%+%-%*/]=", "there is no += and its like: write x = x + 1"},
  {"+", "%+%+", "there is no ++: write x = x + 1"},
  {",", "[=,{]%s*%(%s*%-?%d+%s*,", "a list of numbers, such as a shape, is written in braces: {50, 50, 1}"},
  {",", "%(%(", "double brackets hold one value only: write f(3, 1), not f((3, 1))"},
  {"=", "[%w_]%s*%([^()]*[%a_][%w_]*%s*=[^=]",
    "an argument with a name goes into braces: x:sum{axis=1}, sum(x, {axis=1})"},
  {":", "%[[^%]]*:", PART},
  {",", "%[[^%]]*:", PART},
  {",", "%[[^%]]*,", "an element is x[{1, 2}], a part of x is x[{{1, 2}, {}}]"},
  {"=", "^%s*[%a_][%w_%.]*%s*=%s*[%a_][%w_%.]*%s*=", "each value is given by itself: x = 1, then y = 1"},
  {nil, "^%s*x?%d*%.?%d+[%a_]", "a product needs its sign: write 3 * x"},
  {nil, "[^%w_]%d+%.?%d*[%a_]", "a product needs its sign: write 3 * x"},
}

local finished = {
  ["unfinished string"] = "a string ends on the line where it begins, with the same quote",
  ["<eof> expected near 'end'"] = "there is nothing that this end could close",
  ["<eof> expected near ')'"] = "there is no bracket that this one could close",
}

-- What other languages call what Lua has under another name.
local foreign = {
  True = "Lua writes true", False = "Lua writes false", None = "Lua writes nil", null = "Lua writes nil",
  NULL = "Lua writes nil", undefined = "Lua writes nil",
  len = "the length of x is #x", range = "a loop counts with for i = 1, 10 do ... end, and arange(10) is a tensor",
  shape = "the shape of x is x.shape", size = "the number of elements of x is x.size",
  str = "the text of x is tostring(x)",
  int = "math.floor(x) gives a whole number, x:astype(\"int64\") a tensor of them",
  float = "tonumber(s) reads a number, x:astype(\"float64\") makes a tensor of them",
  list = "a list is written {1, 2, 3}",
  dict = "a table with names is written {a = 1}", array = "a tensor is written tensor{1, 2, 3}",
  enumerate = "for i, value in ipairs(t) do ... end goes through a list",
  printf = "print(string.format(\"%g\", x)) writes a number as you like it", disp = "print(x) shows a value",
  exit = ":quit leaves the shell", quit = ":quit leaves the shell", cls = "Ctrl-L clears the screen",
  to_categorical = "it is one_hot(y, classes)", train_test_split = "it is data.split", layers = "layers are in nn",
  models = "networks are in nn", optimizers = "optimizers are in optim",
  utils = "one_hot(y, classes) makes one-hot rows",
  datasets = "data sets are in data", load_model = "it is nn.load(path)", imread = "it is data.image(path)",
  imshow = "it is plot.image", hist = "it is plot.histogram", F = "activations are functions here: relu(x)",
  clear = "Ctrl-L clears the screen", pi = "it is math.pi", inf = "it is math.huge", nan = "it is 0/0",
  view = "it is reshape", permute = "it is transpose, which counts axes from 1", unsqueeze = "it is expand_dims",
  cat = "it is concatenate", vstack = "it is concatenate({a, b}, 1)", hstack = "it is concatenate({a, b}, 2)",
  copy = "it is x:clone()", asarray = "it is tensor", ravel = "it is flatten", clamp = "it is clip",
  absolute = "it is abs", power = "a power is written x ^ y", multiply = "a product is written x * y",
  add = "a sum is written x + y", subtract = "a difference is written x - y", divide = "a quotient is written x / y",
  identity = "it is eye", empty = "it is zeros", loadtxt = "it is data.csv", genfromtxt = "it is data.csv",
  diff = 'differences of neighbours are x["2:"] - x[":-2"]', gradient = "derivatives come from grad.track, ?grad.track",
  mm = "the matrix product is A:dot(B)", einsum = "products are A:dot(B), and sums of products sum(a * b, {axis=...})",
}
for name in ("np numpy jnp jax"):gmatch "%S+" do
  foreign[name] = "nothing needs a prefix here: zeros(3), not " .. name .. ".zeros(3)"
end
for name in ("torch tf tensorflow keras"):gmatch "%S+" do
  foreign[name] = "nothing needs that prefix here: zeros(3) is a tensor, nn.Dense{3} a layer"
end
for name in ("float64 float32 int64 uint8 bool"):gmatch "%S+" do
  foreign[name] = foreign[name] or string.format('a dtype is a string: "%s"', name)
end
for name in ("plt matplotlib pylab"):gmatch "%S+" do foreign[name] = "curves are drawn with plot: ?plot tells more" end

-- What Keras has in a module where here it is something else, or in another place.
local members = {nn = {
  Convolution2D = "it is nn.Conv2D", MaxPool2D = "it is nn.MaxPooling2D", AvgPool2D = "it is nn.AveragePooling2D",
  GlobalAvgPool2D = "it is nn.GlobalAveragePooling2D", GlobalMaxPool2D = "it is nn.GlobalMaxPooling2D",
  DepthwiseConv2D = "for n channels it is nn.Conv2D{n, 3, groups=n}",
  SeparableConv2D = "for n channels it is nn.Conv2D{n, 3, groups=n} and behind it nn.Conv2D{filters, 1}",
  Conv1D = "n numbers in a row are an image of n rows and one column: nn.Conv2D{filters, {3, 1}}",
  ZeroPadding2D = 'nn.Conv2D and poolings take padding="same"',
  SpatialDropout2D = "nn.Dropout{rate, noise_shape={-1, 1, 1, -1}} drops whole channels",
  InputLayer = "the first layer takes input_shape={...}; branches begin with nn.Input{shape}",
  Lambda = "nn.Activation takes a function of tensors, and nn.layer makes a layer of your own",
  Linear = "it is nn.Dense{units}", Conv2d = "it is nn.Conv2D{filters, kernel_size}",
  MaxPool2d = "it is nn.MaxPooling2D{pool_size}", AvgPool2d = "it is nn.AveragePooling2D{pool_size}",
  AdaptiveAvgPool2d = "it is nn.GlobalAveragePooling2D{}", BatchNorm2d = "it is nn.BatchNormalization{}",
  BatchNorm1d = "it is nn.BatchNormalization{}", LayerNorm = "it is nn.LayerNormalization{}",
  Dropout2d = "nn.Dropout{rate, noise_shape={-1, 1, 1, -1}} drops whole channels",
  MSELoss = 'it is loss="mean_squared_error" in compile', L1Loss = 'it is loss="mean_absolute_error" in compile',
  CrossEntropyLoss = "it is losses.sparse_categorical_crossentropy{from_logits=true}",
  BCELoss = 'it is loss="binary_crossentropy" in compile',
  BCEWithLogitsLoss = "it is losses.binary_crossentropy{from_logits=true}",
  Module = "nn.layer makes a layer of your own",
  ThresholdedReLU = "it is nn.ReLU{threshold=theta}", Identity = 'it is nn.Activation{"linear"}',
}, callbacks = {
  TerminateOnNaN = "training stops by itself at the first number that is not finite, and says where it came from",
  BackupAndRestore = "callbacks.ModelCheckpoint saves, and fit with initial_epoch=model.epoch goes on where it left",
  SwapEMAWeights = "an optimizer with use_ema=true puts the running means into the weights at the end of fit",
  ProgbarLogger = "fit shows how far it is by itself; verbose says how much", History = "fit returns it",
  TensorBoard = "callbacks.CSVLogger writes the numbers, callbacks.LivePlot draws them while training goes on",
  RemoteMonitor = "callbacks.LambdaCallback calls functions of yours",
  Callback = "a table with methods epoch_end(self, epoch, logs, model) and the like is one: ?callbacks.LambdaCallback",
}, losses = {
  bce = "it is losses.binary_crossentropy", cce = "it is losses.categorical_crossentropy",
  kld = "it is losses.kl_divergence", logcosh = "it is losses.log_cosh",
}, metrics = {
  auc = "it is metrics.roc_auc_score(y, scores)", precision = "it is metrics.precision_score(y, predicted)",
  recall = "it is metrics.recall_score(y, predicted)", mse = "it is metrics.mean_squared_error(y, predicted)",
  mae = "it is metrics.mean_absolute_error(y, predicted)", confusion = "it is metrics.confusion_matrix(y, predicted)",
}}
for name in ("LSTM GRU SimpleRNN RNN Bidirectional Embedding"):gmatch "%S+" do
  members.nn[name] = "there are no layers for sequences here"
end

--- The same about a field that a module has not.
function advice.member(module, name)
  return members[module] and members[module][name]
end

local MODE = "fit trains and predict does not: there is no mode to switch"
local PROCESSOR = "everything is computed on the processor"

-- What a network or another object of ours is asked to do elsewhere.
local methods = {
  forward = "the outputs for samples are model:predict(x)", parameters = "they are model:get_weights()",
  state_dict = "they are model:get_weights(), and model:save_weights(path) writes them to a file",
  train = MODE, eval = MODE,
  step = "one step is model:train_on_batch(x, y); of an optimizer alone it is optimizer:apply{w}",
  zero_grad = "train_on_batch begins with gradients of 0; of a tensor it is w:zero_grad()",
  apply_gradients = "it is optimizer:apply({w}, {w.grad})", minimize = "a step is optimizer:apply({w}, {w.grad})",
  predict_proba = "the probabilities are model:predict(x)", score = "it is model:evaluate{x, y}",
  fit_generator = "it is model:fit{x, y, ...}", to_json = "model:save(path) writes layers and weights to a file",
  get_config = "the options of a layer are fields of it, as in layer.units",
  history = "fit returns it, as in h = model:fit{x, y}", plot = "what fit returned is drawn by plot(h)",
  append = "it is model:add(layer)",
  add = "only nn.Sequential grows at its end: y = nn.Dense{2}(x), and nn.Model{inputs, y} is another network",
  cuda = PROCESSOR, to = PROCESSOR,
}

--- The same about a method or field that an object of ours has not.
function advice.method(name)
  return methods[name]
end

-- What NumPy's arrays and PyTorch's tensors have under another name.
local tensors = {
  numpy = "a tensor is what NumPy calls an array", cpu = PROCESSOR, cuda = PROCESSOR, to = "x:astype(dtype) converts",
  data = "x:detach() are the plain numbers", requires_grad = "grad.track(x) is a tensor that keeps derivatives",
  requires_grad_ = "grad.track(x) is a tensor that keeps derivatives",
  grad_fn = "grad.reverse(f, {x}) prints the way back",
  view = "it is x:reshape(...)", view_as = "it is x:reshape(...)", permute = "it is x:transpose(...), from 1",
  unsqueeze = "it is x:expand_dims(axis)", t = "it is x.T", mm = "it is x:dot(y)", copy = "it is x:clone()",
  ravel = "it is x:flatten()", tolist = "it is x:totable()", dim = "it is x.ndim", numel = "it is x.size",
  float = 'it is x:astype("float32")', double = 'it is x:astype("float64")', long = 'it is x:astype("int64")',
  int = 'it is x:astype("int64")', bool = 'it is x:astype("bool")', zero_ = "it is x:fill_(0)",
  clamp = "it is x:clip(...)",
  len = "it is #x", cat = "it is concatenate({x, y}, axis)", concatenate = "it is concatenate({x, y}, axis)",
  contiguous = "nothing hangs on the order in memory", masked_fill = "it is x[mask] = value, or where(mask, value, x)",
  where = "it is where(condition, a, b)", gather = "it is take_along_axis", index_select = "it is x[tensor{1, 3}]",
}

--- The same about a method or property that a tensor has not.
function advice.tensor(name)
  return tensors[name]
end

--- Why there is no gradient in a tensor, which stands as `code` in the source.
function advice.no_gradient(value, code)
  if grad.is_computed(value) then
    return string.format("%s was computed, and gradients are kept in what grad.track made; to go on from its numbers, "
      .. "%s = grad.track(%s:detach())", code, code, code)
  end
  return string.format("there is none before y:backward() of a number y that was computed from %s", code)
end

--- What to say about a name that is not defined but that another language has, or nil.
function advice.name(name)
  return foreign[name]
end

--- Whether `text` begins a block as Python does: more lines could never make Lua of it.
function advice.is_foreign_block(text)
  local first = text:match "^%s*(%a+)"
  local opens = first == "for" or first == "while" or first == "if" or first == "elif" or first == "else"
    or first == "def" or first == "class" or first == "try" or first == "with"
  return opens and text:find ":%s*$" ~= nil or text:find "^%s*for%s+.-%s+in%s+range%s*%b()%s*:" ~= nil
end

-- "what" and "is" of "what is this": two names or numbers with nothing between them, the second where Lua stopped.
local function neighbours(text, near)
  local tokens = lexer.tokens(text)
  for i = 2, #tokens do
    local before, here = tokens[i - 1], tokens[i]
    if (here.text == near or near == "<eof>")
      and (here.kind == "name" or here.kind == "number" or here.kind == "keyword")
      and (before.kind == "name" or before.kind == "number") then
      return before.text, here.text
    end
  end
end

-- f(a, b=1) as it is written here: "f{a, b=1}" for a function that takes one table, "f(a, {b=1})" for others; nil where
-- the function is not known, or where more than that is wrong.
local function with_braces(line)
  local tokens = lexer.tokens(line)
  for i = 4, #tokens do
    local is_named = tokens[i].text == "=" and tokens[i - 1].kind == "name"
      and (tokens[i - 2].text == "(" or tokens[i - 2].text == ",")
    local open = is_named and reach.enclosing(tokens, i - 2)
    if open and tokens[open].text == "(" then
      local first, last = open - 1, reach.closing(tokens, open)
      while first > 2 and (tokens[first - 1].text == "." or tokens[first - 1].text == ":") do first = first - 2 end
      if not last then return nil end
      local function text(from, to) return line:sub(tokens[from].from, tokens[to].to) end
      local entry = help.entry(text(first, open - 1)) or help.entry(tokens[open - 1].text)
      if not entry then return nil end
      local signature, callee = entry.text:match "^%s*([^\n]*)", text(first, open - 1)
      local fix
      if signature:find "^[%w_.:]+{" or open == i - 2 then
        if signature:find "^%l+:" then callee = callee:gsub("%.([%w_]+)$", ":%1") end
        fix = string.format("%s{%s}", callee, text(open + 1, last - 1))
      else
        fix = string.format("%s(%s, {%s})", callee, text(open + 1, i - 3), text(i - 1, last - 1))
      end
      return compile("return " .. fix, "=fix", "t") and fix
    end
  end
end

--- For a message of load() about `line`, the line of the source that it names. A sentence, or nil.
function advice.syntax(message, line)
  for words, text in pairs(finished) do
    if message:find(words, 1, true) then return text end
  end
  local near = message:match "near '(.*)'$" or message:match "near (<eof>)$"
  if not near then return nil end
  local fix = near == "=" and with_braces(line)
  if fix then return "arguments with names go into braces: " .. fix end
  for _, habit in ipairs(habits) do
    if (habit[1] == nil or habit[1] == near) and line:find(habit[2]) then return habit[3] end
  end
  local first, second = neighbours(line, near)
  if first and near ~= "<eof>" then
    if type(builtins.get(first)) == "function" then
      return string.format("a function takes its argument in brackets: %s(%s)", first, second)
    end
    return string.format('between "%s" and "%s" something is missing, or this is no code', first, second)
  end
end

return advice
